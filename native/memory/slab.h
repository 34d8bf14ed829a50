#pragma once

#include <cstdint>
#include <memory>
#include <vector>

namespace netvolley {

struct SlabClass {
  uint32_t slots = 0;
  uint32_t slot_bytes = 0;
};

// Fixed slots of a few sizes in one block of memory that somebody else owns. It never grows: kNone is a value that the
// caller handles. One thread uses it.
class Slab {
 public:
  static constexpr uint32_t kNone = ~uint32_t{0};

  // Classes in rising order of slot size. `memory` holds size_bytes(classes) bytes, aligned to 64.
  Slab(uint8_t* memory, std::vector<SlabClass> classes);
  Slab(const Slab&) = delete;
  Slab& operator=(const Slab&) = delete;

  static uint64_t size_bytes(const std::vector<SlabClass>& classes);

  // The smallest class that fits; a class that is used up is not replaced by a larger one, so that small requests
  // cannot take the places of large ones.
  [[nodiscard]] uint32_t allocate(uint32_t bytes);
  void release(uint32_t slot);

  bool fits(uint32_t bytes) const { return !classes_.empty() && bytes <= classes_.back().slot_bytes; }
  uint8_t* data(uint32_t slot) const { return memory_ + offset(slot); }
  uint32_t offset(uint32_t slot) const { return offsets_[slot]; }
  uint32_t capacity(uint32_t slot) const;
  uint32_t slots() const { return total_; }
  uint32_t free_slots() const { return free_total_; }
  uint32_t smallest_slot_bytes() const { return classes_.front().slot_bytes; }

 private:
  struct Class {
    uint32_t first = 0;
    uint32_t slots = 0;
    uint32_t slot_bytes = 0;
    uint32_t free_count = 0;
    std::unique_ptr<uint32_t[]> free;  // a stack: the slot used last is the one still in the cache
  };

  uint32_t class_of(uint32_t slot) const;

  uint8_t* memory_;
  uint32_t total_ = 0;
  uint32_t free_total_ = 0;
  std::vector<Class> classes_;
  std::unique_ptr<uint32_t[]> offsets_;
  std::unique_ptr<bool[]> used_;
};

}  // namespace netvolley
