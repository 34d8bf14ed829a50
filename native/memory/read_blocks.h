#pragma once

#include <cstdint>
#include <vector>

namespace netvolley {

// Blocks that streams are read into, one behind the other, and in which whole frames stay where they came. A block is
// free again when nobody keeps a part of it: one slow request holds a whole block, so the caller needs another place
// for frames when room() gives none. One thread uses it; the memory is somebody else's.
class ReadBlocks {
 public:
  // Told apart from the slots of a slab by this bit.
  static constexpr uint32_t kPlace = 0x80000000;

  struct Room {
    uint8_t* data = nullptr;  // null = every block is held
    uint32_t bytes = 0;
  };

  // `memory` holds blocks * block_bytes.
  ReadBlocks(uint8_t* memory, uint32_t blocks, uint32_t block_bytes);
  ReadBlocks(const ReadBlocks&) = delete;
  ReadBlocks& operator=(const ReadBlocks&) = delete;

  static bool is_place(uint32_t place) { return (place & kPlace) != 0; }

  // Where the next read may go: at least a quarter of a block. The same until something in it is kept.
  [[nodiscard]] Room room();
  // Keeps bytes that were read into room(), in rising order; gives their place.
  [[nodiscard]] uint32_t keep(const uint8_t* data, uint32_t bytes) {
    const uint32_t end = static_cast<uint32_t>(data + bytes - start());
    if (end > used_) used_ = end;
    ++holders_[current_];
    return kPlace | current_;
  }
  void release(uint32_t place, uint32_t holders = 1);

  uint32_t blocks() const { return static_cast<uint32_t>(holders_.size()); }
  // Without the one that is being filled, unless it is empty.
  uint32_t free_blocks() const {
    return static_cast<uint32_t>(free_.size()) + (current_ != kNoBlock && holders_[current_] == 0 ? 1 : 0);
  }

 private:
  static constexpr uint32_t kNoBlock = ~kPlace;

  uint8_t* start() const { return memory_ + uint64_t{current_} * block_bytes_; }

  uint8_t* memory_;
  uint32_t block_bytes_;
  uint32_t current_ = kNoBlock;
  uint32_t used_ = 0;              // of the current block
  std::vector<uint32_t> holders_;  // by block
  std::vector<uint32_t> free_;     // a stack: the block used last is the one still in the cache
};

}  // namespace netvolley
