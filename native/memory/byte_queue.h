#pragma once

#include <cstdint>
#include <cstring>
#include <memory>

namespace netvolley {

// Bytes in one run, appended at the end and taken from the front. Grows by doubling with what is really there, starts
// at 512 B, and holds no memory while it is empty.
class ByteQueue {
 public:
  const uint8_t* data() const { return bytes_.get() + begin_; }
  uint32_t size() const { return end_ - begin_; }
  bool empty() const { return begin_ == end_; }

  void append(const uint8_t* from, uint32_t count) {
    if (count == 0) return;
    if (count > capacity_ - end_) make_room(count);
    std::memcpy(bytes_.get() + end_, from, count);
    end_ += count;
  }

  void consume(uint32_t count) {
    begin_ += count;
    if (begin_ == end_) clear();
  }

  void clear() {
    bytes_.reset();
    begin_ = end_ = capacity_ = 0;
  }

 private:
  static constexpr uint32_t kFirstBytes = 512;

  void make_room(uint32_t count) {
    const uint32_t used = size();
    uint32_t capacity = capacity_ == 0 ? kFirstBytes : capacity_;
    while (capacity < used + count) capacity *= 2;
    // At the present size only when at least half of it comes free, so that bytes are moved once on average.
    if (capacity == capacity_ && begin_ < capacity / 2) capacity *= 2;
    std::unique_ptr<uint8_t[]> grown(new uint8_t[capacity]);
    if (used != 0) std::memcpy(grown.get(), data(), used);
    bytes_ = std::move(grown);
    capacity_ = capacity;
    begin_ = 0;
    end_ = used;
  }

  std::unique_ptr<uint8_t[]> bytes_;
  uint32_t begin_ = 0;
  uint32_t end_ = 0;
  uint32_t capacity_ = 0;
};

}  // namespace netvolley
