#pragma once

#include <cstdint>

#include "memory/batch_layout.h"
#include "memory/hand_over.h"

namespace netvolley {

// Typed access to one link's shared memory, as batch_layout.h lays it out.
class LinkMemory {
 public:
  // `memory` is aligned to kWordBytes and holds link_bytes(entries); entries is a power of two.
  LinkMemory(uint8_t* memory, uint32_t entries)
      : memory_(memory),
        mask_(entries - 1),
        requests_(memory + kLinkWordsBytes),
        replies_(requests_ + columns_bytes(kRequestColumns, entries)) {}

  uint32_t entries() const { return mask_ + 1; }
  SharedWord word(LinkWord word) const {
    return SharedWord(reinterpret_cast<uint32_t*>(memory_ + kWordBytes * static_cast<uint32_t>(word)));
  }

  template <class T>
  T* request(RequestColumn column) const {
    return reinterpret_cast<T*>(requests_ + column_offset(kRequestColumns, entries(), static_cast<uint32_t>(column)));
  }
  template <class T>
  T* reply(ReplyColumn column) const {
    return reinterpret_cast<T*>(replies_ + column_offset(kReplyColumns, entries(), static_cast<uint32_t>(column)));
  }
  uint32_t at(uint32_t index) const { return index & mask_; }

 private:
  uint8_t* memory_;
  uint32_t mask_;
  uint8_t* requests_;
  uint8_t* replies_;
};

}  // namespace netvolley
