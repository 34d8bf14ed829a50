#include "memory/read_blocks.h"

#include <cassert>

namespace netvolley {

ReadBlocks::ReadBlocks(uint8_t* memory, uint32_t blocks, uint32_t block_bytes)
    : memory_(memory), block_bytes_(block_bytes), holders_(blocks) {
  free_.reserve(blocks);
  for (uint32_t i = 0; i < blocks; ++i) free_.push_back(blocks - 1 - i);
}

ReadBlocks::Room ReadBlocks::room() {
  if (current_ == kNoBlock || block_bytes_ - used_ < block_bytes_ / 4) {
    if (free_.empty()) return {};
    current_ = free_.back();
    free_.pop_back();
    used_ = 0;
  }
  return {start() + used_, block_bytes_ - used_};
}

void ReadBlocks::release(uint32_t place, uint32_t holders) {
  const uint32_t block = place & ~kPlace;
  // A part released twice would be read over while a request still lies there.
  assert(is_place(place) && block < holders_.size() && holders_[block] >= holders);
  holders_[block] -= holders;
  if (holders_[block] != 0) return;
  if (block == current_) {
    used_ = 0;
  } else {
    free_.push_back(block);
  }
}

}  // namespace netvolley
