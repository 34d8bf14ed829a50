#include "engine/dispatch.h"

#include <bit>

namespace netvolley {

Dispatch::Dispatch(LinkMemory memory, Bell& bell, CounterPage counters, CounterPage engine_counters,
                   double clock_offset_ms)
    : memory_(memory),
      bell_(bell),
      counters_(counters),
      engine_counters_(engine_counters),
      clock_offset_ms_(clock_offset_ms),
      index_bits_(static_cast<uint32_t>(std::countr_zero(memory.entries()))),
      requests_(new InFlight[memory.entries()]),
      free_(new uint32_t[memory.entries()]) {
  for (uint32_t i = 0; i < memory.entries(); ++i) free_[i] = memory.entries() - 1 - i;
}

void Dispatch::open(const NewRequest& request, double now_ms) {
  const uint32_t index = free_[memory_.entries() - ++in_flight_];
  InFlight& entry = requests_[index];
  const uint32_t generation = entry.generation;
  entry = request.origin;
  entry.generation = generation;
  const uint32_t at = memory_.at(request_tail_++);
  memory_.request<uint32_t>(RequestColumn::kOffset)[at] = request.origin.offset;
  memory_.request<uint32_t>(RequestColumn::kHeaderBytes)[at] = request.header_bytes;
  memory_.request<uint32_t>(RequestColumn::kBodyBytes)[at] = request.origin.frame_bytes - request.header_bytes;
  memory_.request<uint32_t>(RequestColumn::kRequestId)[at] = generation << index_bits_ | index;
  memory_.request<uint32_t>(RequestColumn::kConnectionId)[at] = request.origin.connection;
  memory_.request<uint32_t>(RequestColumn::kConnectionGeneration)[at] = request.origin.connection_generation;
  memory_.request<uint32_t>(RequestColumn::kPeerId)[at] = request.peer_id;
  memory_.request<uint8_t>(RequestColumn::kFlags)[at] = request.flags;
  memory_.request<double>(RequestColumn::kReceivedAtMs)[at] = now_ms + clock_offset_ms_;
  opened_datagrams_ += request.flags & kRequestUdp;
}

InFlight* Dispatch::find(uint32_t request_id) {
  InFlight& entry = requests_[request_id & (memory_.entries() - 1)];
  // The upper bits of the generation do not fit the id.
  const bool same = (entry.generation << index_bits_) == (request_id & ~(memory_.entries() - 1));
  return entry.place != InFlight::kNowhere && same ? &entry : nullptr;
}

void Dispatch::settle(uint32_t request_id) {
  const uint32_t index = request_id & (memory_.entries() - 1);
  requests_[index].place = InFlight::kNowhere;
  ++requests_[index].generation;
  free_[memory_.entries() - in_flight_--] = index;
}

bool Dispatch::next_reply(Reply* reply) {
  if (reply_head_ == reply_tail_) {
    reply_tail_ = memory_.word(LinkWord::kReplyTail).load();
    if (reply_head_ == reply_tail_) return false;
  }
  const uint32_t at = memory_.at(reply_head_++);
  reply->request_id = memory_.reply<uint32_t>(ReplyColumn::kRequestId)[at];
  reply->offset = memory_.reply<uint32_t>(ReplyColumn::kOffset)[at];
  reply->bytes = memory_.reply<uint32_t>(ReplyColumn::kBytes)[at];
  reply->flags = memory_.reply<uint8_t>(ReplyColumn::kFlags)[at];
  return true;
}

void Dispatch::ring() {
  engine_counters_.add(EngineCounter::kBellCalls);
  bell_.ring();
}

void Dispatch::publish() {
  counters_.set(ServerCounter::kInFlight, in_flight_);
  counters_.raise(ServerCounter::kInFlightPeak, in_flight_);
  if (returned_head_ != reply_head_) {
    returned_head_ = reply_head_;
    SharedWord head = memory_.word(LinkWord::kReplyHead);
    SharedWord waits = memory_.word(LinkWord::kJsWaits);
    if (netvolley::publish(head, reply_head_, waits)) ring();
  }
  if (published_tail_ != request_tail_) {
    const uint32_t opened = request_tail_ - published_tail_;
    counters_.add(ServerCounter::kRequestsUdp, opened_datagrams_);
    counters_.add(ServerCounter::kRequestsTcp, opened - opened_datagrams_);
    opened_datagrams_ = 0;
    published_tail_ = request_tail_;
    SharedWord tail = memory_.word(LinkWord::kRequestTail);
    SharedWord sleeps = memory_.word(LinkWord::kJsSleeps);
    if (netvolley::publish(tail, request_tail_, sleeps)) ring();
  }
}

void Dispatch::retire() {
  memory_.word(LinkWord::kLife).store(static_cast<uint32_t>(LinkLife::kRetired));
  ring();
}

}  // namespace netvolley
