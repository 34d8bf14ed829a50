#pragma once

#include <array>
#include <cstdint>

#include "memory/batch_layout.h"
#include "memory/hand_over.h"

namespace netvolley {

// Typed access to one link's shared memory, as batch_layout.h lays it out. Where a column begins is worked out once.
class LinkMemory {
 public:
  // `memory` is aligned to kWordBytes and holds link_bytes(entries); entries is a power of two.
  LinkMemory(uint8_t* memory, uint32_t entries) : memory_(memory), mask_(entries - 1) {
    uint8_t* requests = memory + kLinkWordsBytes;
    uint8_t* replies = requests + columns_bytes(kRequestColumns, entries);
    for (uint32_t i = 0; i < requests_.size(); ++i)
      requests_[i] = requests + column_offset(kRequestColumns, entries, i);
    for (uint32_t i = 0; i < replies_.size(); ++i) replies_[i] = replies + column_offset(kReplyColumns, entries, i);
  }

  uint32_t entries() const { return mask_ + 1; }
  uint32_t at(uint32_t index) const { return index & mask_; }
  SharedWord word(LinkWord word) const {
    return SharedWord(reinterpret_cast<uint32_t*>(memory_ + kWordBytes * static_cast<uint32_t>(word)));
  }

  template <class T>
  T* request(RequestColumn column) const {
    return reinterpret_cast<T*>(requests_[static_cast<uint32_t>(column)]);
  }
  template <class T>
  T* reply(ReplyColumn column) const {
    return reinterpret_cast<T*>(replies_[static_cast<uint32_t>(column)]);
  }

 private:
  uint8_t* memory_;
  uint32_t mask_;
  std::array<uint8_t*, kRequestColumns.size()> requests_;
  std::array<uint8_t*, kReplyColumns.size()> replies_;
};

}  // namespace netvolley
