#pragma once

#include <deque>
#include <functional>

#include "engine/bell.h"
#include "engine/server_config.h"
#include "memory/link_memory.h"
#include "test/fake_stream.h"

namespace netvolley::test {

// A request as JavaScript has it: its descriptor, and what its slot held when it came.
struct FakeRequest {
  uint32_t id = 0;
  uint32_t offset = 0;
  uint32_t header_bytes = 0;
  uint32_t body_bytes = 0;
  uint32_t connection = 0;
  uint32_t generation = 0;
  uint32_t peer = 0;
  uint8_t flags = 0;
  double received_at_ms = 0;
  Bytes frame;

  const uint8_t* body() const { return frame.data() + header_bytes; }
  bool udp() const { return (flags & kRequestUdp) != 0; }
};

// What lib/native does with a link, in C++: sleeps and is rung, reads the request ring, writes reply bytes one after
// the other into the transmit area and takes room back as the reactor passes over the entries.
class FakeJavaScript final : public Bell {
 public:
  FakeJavaScript(const ServerMemory& memory, uint32_t entries, SharedWord engine_sleeps, std::function<void()> wake);

  void ring() override { rung_ = true; }
  // Whether it would run by itself: it was rung, or has planned to go on.
  bool awake() const { return rung_ || planned_; }
  bool retired() const;

  // Takes at most `most` requests into held(), then sleeps or plans to go on.
  void drain(uint32_t most = ~uint32_t{0});
  std::deque<FakeRequest>& held() { return held_; }

  // Answers; `part_bytes` cuts a long reply into several entries. What has no room yet waits here.
  void reply(const FakeRequest& request, Bytes bytes, uint8_t flags = 0, uint32_t part_bytes = ~uint32_t{0});
  void reply_in_place(const FakeRequest& request, uint32_t offset, uint32_t bytes, uint8_t flags = 0);
  void no_reply(const FakeRequest& request) { push(request.id, 0, 0, kReplyNone); }
  void fail(const FakeRequest& request) { push(request.id, 0, 0, kReplyFailed); }
  // Writes what has room into the ring and makes it visible; wakes the reactor where it sleeps.
  void commit();
  bool has_unsent() const { return !outgoing_.empty(); }
  // Takes turns between the replies that come in parts, instead of finishing one first.
  void rotate();

  // Whether the slot still holds what it held when the request came.
  bool intact(const FakeRequest& request) const;
  uint16_t peer_port(const FakeRequest& request) const;

 private:
  struct Outgoing {
    uint32_t id = 0;
    uint8_t flags = 0;
    uint32_t offset = 0;  // in place
    uint32_t length = 0;
    Bytes bytes;
    uint32_t position = 0;
    uint32_t part_bytes = 0;
  };
  struct Mark {
    uint32_t entry = 0;     // once the reactor has passed it
    uint64_t transmit = 0;  // everything before this is free
  };

  void push(uint32_t id, uint32_t offset, uint32_t length, uint8_t flags);
  bool put_next();
  void put_entry(uint32_t id, uint32_t offset, uint32_t bytes, uint8_t flags);
  bool has_entry();
  // Where `bytes` in one piece may lie, or false.
  bool place(uint32_t bytes, uint32_t* offset);
  void take_back();

  ServerMemory memory_;
  LinkMemory link_;
  SharedWord engine_sleeps_;
  std::function<void()> wake_;
  bool rung_ = false;
  bool planned_ = false;
  uint32_t request_head_ = 0;
  uint32_t reply_tail_ = 0;
  uint32_t reply_head_ = 0;
  uint64_t transmit_tail_ = 0;
  uint64_t transmit_head_ = 0;
  std::deque<Mark> marks_;
  std::deque<FakeRequest> held_;
  std::deque<Outgoing> outgoing_;
};

}  // namespace netvolley::test
