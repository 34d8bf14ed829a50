#pragma once

#include <cstdint>

#include "memory/batch_layout.h"
#include "memory/hand_over.h"
#include "memory/ring_memory.h"

namespace netvolley {

// Typed access to the shared memory of one link of a request server, as batch_layout.h lays it out.
class LinkMemory {
 public:
  // `memory` is aligned to kWordBytes and holds link_bytes(entries); entries is a power of two.
  LinkMemory(uint8_t* memory, uint32_t entries)
      : memory_(memory),
        requests_(memory + kLinkWordsBytes, kRequestColumns, entries),
        replies_(memory + kLinkWordsBytes + columns_bytes(kRequestColumns, entries), kReplyColumns, entries) {}

  uint32_t entries() const { return requests_.entries(); }
  uint32_t at(uint32_t index) const { return requests_.at(index); }
  SharedWord word(LinkWord word) const {
    return SharedWord(reinterpret_cast<uint32_t*>(memory_ + kWordBytes * static_cast<uint32_t>(word)));
  }

  template <class T>
  T* request(RequestColumn column) const {
    return requests_.column<T>(column);
  }
  template <class T>
  T* reply(ReplyColumn column) const {
    return replies_.column<T>(column);
  }

 private:
  uint8_t* memory_;
  RingMemory<RequestColumn, kRequestColumns.size()> requests_;
  RingMemory<ReplyColumn, kReplyColumns.size()> replies_;
};

}  // namespace netvolley
