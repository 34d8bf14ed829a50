#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "memory/hand_over.h"

namespace netvolley {

// Counters that one thread keeps to itself and copies to a page now and then, so that a reader never sees half of a
// change: it reads the epoch, the cells, and the epoch again, and begins anew where that was odd or has changed.
template <class Id>
class CounterBook {
 public:
  static constexpr uint32_t kCells = static_cast<uint32_t>(Id::kCount);

  // `page` holds kCells doubles.
  CounterBook(SharedWord epoch, double* page) : epoch_(epoch), page_(page) {}
  CounterBook(const CounterBook&) = delete;
  CounterBook& operator=(const CounterBook&) = delete;

  void add(Id id, double amount = 1) { add_at(id, 0, amount); }
  // Of several in a row.
  void add_at(Id first, uint32_t offset, double amount = 1) {
    cells_[index(first) + offset] += amount;
    changed_ = true;
  }
  void set(Id id, double value) {
    if (cells_[index(id)] == value) return;
    cells_[index(id)] = value;
    changed_ = true;
  }
  double get(Id id) const { return cells_[index(id)]; }
  double get_at(Id first, uint32_t offset) const { return cells_[index(first) + offset]; }

  void publish() {
    begin();
    end();
  }
  // Pages of other books that are written between the two are of the same moment. Nothing at all where nothing changed.
  void begin() {
    if (!changed_) return;
    changed_ = false;
    writing_ = true;
    epoch_.store(epoch_.load() + 1);
    // In release order, so that none is seen before the odd epoch.
    for (uint32_t i = 0; i < kCells; ++i) std::atomic_ref<double>(page_[i]).store(cells_[i], std::memory_order_release);
  }
  void end() {
    if (!writing_) return;
    writing_ = false;
    epoch_.store(epoch_.load() + 1);
  }

 private:
  static uint32_t index(Id id) { return static_cast<uint32_t>(id); }

  SharedWord epoch_;
  double* page_;
  std::array<double, kCells> cells_{};
  bool changed_ = true;
  bool writing_ = false;
};

}  // namespace netvolley
