#pragma once

#include "memory/datagram_layout.h"
#include "memory/hand_over.h"
#include "memory/ring_memory.h"

namespace netvolley {

// Typed access to one datagram link's shared memory, as datagram_layout.h lays it out. Where a column begins is worked
// out once.
class DatagramMemory {
 public:
  using ReceiveRing = RingMemory<ReceiveColumn, kReceiveColumns.size()>;
  using ReturnRing = RingMemory<ReturnColumn, kReturnColumns.size()>;
  using SendRing = RingMemory<SendColumn, kSendColumns.size()>;
  using CompletionRing = RingMemory<CompletionColumn, kCompletionColumns.size()>;
  using EventRing = RingMemory<EventColumn, kEventColumns.size()>;

  // `memory` is aligned to kWordBytes and holds datagram_link_bytes(sizes).
  DatagramMemory(uint8_t* memory, const DatagramLinkSizes& sizes) : memory_(memory) {
    uint8_t* at = memory + kDatagramRingsAt;
    receive_ = ReceiveRing(at, kReceiveColumns, sizes.receive_entries);
    at += columns_bytes(kReceiveColumns, sizes.receive_entries);
    returns_ = ReturnRing(at, kReturnColumns, sizes.return_entries);
    at += columns_bytes(kReturnColumns, sizes.return_entries);
    for (SendRing& ring : send_) {
      ring = SendRing(at, kSendColumns, sizes.send_entries);
      at += columns_bytes(kSendColumns, sizes.send_entries);
    }
    completions_ = CompletionRing(at, kCompletionColumns, sizes.completion_entries);
    at += columns_bytes(kCompletionColumns, sizes.completion_entries);
    events_ = EventRing(at, kEventColumns, kEventEntries);
  }

  SharedWord word(DatagramWord word) const { return word_at(static_cast<uint32_t>(word)); }
  // Of three in a row, one for each class.
  SharedWord word(DatagramWord first, uint32_t send_class) const {
    return word_at(static_cast<uint32_t>(first) + send_class);
  }
  double* counters() const { return reinterpret_cast<double*>(memory_ + kDatagramWordsBytes); }
  const ReceiveRing& receive() const { return receive_; }
  const ReturnRing& returns() const { return returns_; }
  const SendRing& send(uint32_t send_class) const { return send_[send_class]; }
  const CompletionRing& completions() const { return completions_; }
  const EventRing& events() const { return events_; }

 private:
  SharedWord word_at(uint32_t index) const {
    return SharedWord(reinterpret_cast<uint32_t*>(memory_ + uint64_t{kWordBytes} * index));
  }

  uint8_t* memory_;
  ReceiveRing receive_;
  ReturnRing returns_;
  std::array<SendRing, kSendClasses> send_;
  CompletionRing completions_;
  EventRing events_;
};

}  // namespace netvolley
