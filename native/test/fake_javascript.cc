#include "test/fake_javascript.h"

#include <algorithm>
#include <cstring>

#include "memory/hand_over.h"

namespace netvolley::test {

FakeJavaScript::FakeJavaScript(const ServerMemory& memory, uint32_t entries, SharedWord engine_sleeps,
                               std::function<void()> wake)
    : memory_(memory), link_(memory.link, entries), engine_sleeps_(engine_sleeps), wake_(std::move(wake)) {
  link_.word(LinkWord::kJsSleeps).store(1);
}

bool FakeJavaScript::retired() const {
  return link_.word(LinkWord::kLife).load() == static_cast<uint32_t>(LinkLife::kRetired);
}

void FakeJavaScript::drain(uint32_t most) {
  rung_ = planned_ = false;
  SharedWord sleeps = link_.word(LinkWord::kJsSleeps);
  const SharedWord tail = link_.word(LinkWord::kRequestTail);
  sleeps.store(0);
  for (;;) {
    const uint32_t end = tail.load();
    for (; request_head_ != end && most > 0; ++request_head_, --most) {
      const uint32_t at = link_.at(request_head_);
      FakeRequest request;
      request.id = link_.request<uint32_t>(RequestColumn::kRequestId)[at];
      request.offset = link_.request<uint32_t>(RequestColumn::kOffset)[at];
      request.header_bytes = link_.request<uint32_t>(RequestColumn::kHeaderBytes)[at];
      request.body_bytes = link_.request<uint32_t>(RequestColumn::kBodyBytes)[at];
      request.connection = link_.request<uint32_t>(RequestColumn::kConnectionId)[at];
      request.generation = link_.request<uint32_t>(RequestColumn::kConnectionGeneration)[at];
      request.peer = link_.request<uint32_t>(RequestColumn::kPeerId)[at];
      request.flags = link_.request<uint8_t>(RequestColumn::kFlags)[at];
      request.received_at_ms = link_.request<double>(RequestColumn::kReceivedAtMs)[at];
      const uint8_t* from = memory_.slab + request.offset;
      request.frame.resize(request.header_bytes + request.body_bytes);
      if (!request.frame.empty()) std::memcpy(request.frame.data(), from, request.frame.size());
      held_.push_back(std::move(request));
    }
    link_.word(LinkWord::kRequestHead).store(request_head_);
    if (request_head_ != end) {
      planned_ = true;  // it stays awake
      return;
    }
    if (fall_asleep(sleeps, [&] { return tail.load() != request_head_; })) return;
  }
}

void FakeJavaScript::reply(const FakeRequest& request, Bytes bytes, uint8_t flags, uint32_t part_bytes) {
  Outgoing outgoing;
  outgoing.id = request.id;
  outgoing.flags = flags;
  outgoing.length = static_cast<uint32_t>(bytes.size());
  outgoing.bytes = std::move(bytes);
  outgoing.part_bytes = part_bytes;
  outgoing_.push_back(std::move(outgoing));
}

void FakeJavaScript::reply_in_place(const FakeRequest& request, uint32_t offset, uint32_t bytes, uint8_t flags) {
  push(request.id, offset, bytes, static_cast<uint8_t>(flags | kReplyInPlace));
}

void FakeJavaScript::push(uint32_t id, uint32_t offset, uint32_t length, uint8_t flags) {
  Outgoing outgoing;
  outgoing.id = id;
  outgoing.offset = offset;
  outgoing.length = length;
  outgoing.flags = flags;
  outgoing_.push_back(std::move(outgoing));
}

void FakeJavaScript::rotate() {
  if (outgoing_.size() < 2) return;
  outgoing_.push_back(std::move(outgoing_.front()));
  outgoing_.pop_front();
}

void FakeJavaScript::commit() {
  const uint32_t before = reply_tail_;
  SharedWord waits = link_.word(LinkWord::kJsWaits);
  const SharedWord head = link_.word(LinkWord::kReplyHead);
  while (!outgoing_.empty()) {
    if (put_next()) continue;
    // What is there has to be visible before waiting: the room comes from it.
    if (fall_asleep(waits, [&] { return head.load() != reply_head_; })) break;
  }
  if (reply_tail_ == before) return;
  SharedWord tail = link_.word(LinkWord::kReplyTail);
  if (publish(tail, reply_tail_, engine_sleeps_)) wake_();
}

bool FakeJavaScript::put_next() {
  Outgoing& next = outgoing_.front();
  if (!has_entry()) return false;
  const bool carries = (next.flags & (kReplyInPlace | kReplyNone | kReplyFailed)) == 0;
  if (!carries) {
    put_entry(next.id, next.offset, next.length, next.flags);
    outgoing_.pop_front();
    return true;
  }
  const uint32_t most = std::min(next.part_bytes, memory_.transmit_bytes);
  const uint32_t count = std::min(next.length - next.position, most);
  uint32_t offset = 0;
  if (!place(count, &offset)) return false;
  std::copy_n(next.bytes.data() + next.position, count, memory_.transmit + offset);
  next.position += count;
  const bool last = next.position == next.length;
  put_entry(next.id, offset, count, last ? next.flags : uint8_t{kReplyMore});
  if (last) outgoing_.pop_front();
  return true;
}

void FakeJavaScript::put_entry(uint32_t id, uint32_t offset, uint32_t bytes, uint8_t flags) {
  const uint32_t at = link_.at(reply_tail_++);
  link_.reply<uint32_t>(ReplyColumn::kRequestId)[at] = id;
  link_.reply<uint32_t>(ReplyColumn::kOffset)[at] = offset;
  link_.reply<uint32_t>(ReplyColumn::kBytes)[at] = bytes;
  link_.reply<uint8_t>(ReplyColumn::kFlags)[at] = flags;
  marks_.push_back({reply_tail_, transmit_tail_});
}

bool FakeJavaScript::has_entry() {
  if (reply_tail_ - reply_head_ == link_.entries()) take_back();
  return reply_tail_ - reply_head_ < link_.entries();
}

bool FakeJavaScript::place(uint32_t bytes, uint32_t* offset) {
  const uint32_t size = memory_.transmit_bytes;
  for (int attempt = 0; attempt < 2; ++attempt) {
    const uint32_t at = static_cast<uint32_t>(transmit_tail_ % size);
    const uint64_t start = at + bytes > size ? transmit_tail_ + (size - at) : transmit_tail_;
    // An empty area begins anew, or a piece as large as all of it would never fit.
    if (transmit_tail_ == transmit_head_ && start != transmit_tail_) transmit_tail_ = transmit_head_ = start;
    if (start + bytes - transmit_head_ <= size) {
      *offset = static_cast<uint32_t>(start % size);
      transmit_tail_ = start + bytes;
      return true;
    }
    if (attempt == 0) take_back();
  }
  return false;
}

// The room of what the reactor has passed. It is overwritten, so that whoever still sends from it is found out.
void FakeJavaScript::take_back() {
  reply_head_ = link_.word(LinkWord::kReplyHead).load();
  uint64_t end = transmit_head_;
  while (!marks_.empty() && static_cast<int32_t>(reply_head_ - marks_.front().entry) >= 0) {
    end = std::max(end, marks_.front().transmit);
    marks_.pop_front();
  }
  while (transmit_head_ < end) {
    const uint64_t at = transmit_head_ % memory_.transmit_bytes;
    const uint64_t count = std::min(end - transmit_head_, memory_.transmit_bytes - at);
    std::memset(memory_.transmit + at, 0xdb, count);
    transmit_head_ += count;
  }
}

bool FakeJavaScript::intact(const FakeRequest& request) const {
  return request.frame.empty() ||
         std::memcmp(request.frame.data(), memory_.slab + request.offset, request.frame.size()) == 0;
}

uint16_t FakeJavaScript::peer_port(const FakeRequest& request) const {
  uint16_t port = 0;
  std::memcpy(&port, memory_.peers + uint64_t{request.peer} * kPeerBytes + kPeerPort, sizeof port);
  return port;
}

}  // namespace netvolley::test
