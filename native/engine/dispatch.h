#pragma once

#include <cstdint>
#include <memory>

#include "engine/bell.h"
#include "engine/counters.h"
#include "memory/link_memory.h"

namespace netvolley {

// A request that JavaScript has and has not given back.
struct InFlight {
  uint32_t generation = 0;
  uint32_t place = kNowhere;  // a slot of the slab or a part of a read block; kNowhere = nobody's request
  uint32_t offset = 0;        // in the request memory
  uint32_t frame_bytes = 0;
  uint32_t connection = 0;  // Dispatch::kDatagram for a datagram
  uint32_t connection_generation = 0;
  uint32_t sequence = 0;  // in its connection
  uint32_t peer = 0;

  static constexpr uint32_t kNowhere = ~uint32_t{0};
};

struct NewRequest {
  InFlight origin;
  uint32_t header_bytes = 0;
  uint32_t peer_id = 0;  // in the peer page
  uint8_t flags = 0;
};

struct Reply {
  uint32_t request_id = 0;
  uint32_t offset = 0;
  uint32_t bytes = 0;
  uint8_t flags = 0;
};

// The reactor's end of a link: gives requests to JavaScript and takes replies back. There are never more requests in
// flight than entries in the rings, so neither ring can overflow by requests that are answered once. An entry is not
// written again before it was read: JavaScript publishes no reply while it reads a run of entries.
class Dispatch {
 public:
  static constexpr uint32_t kNone = ~uint32_t{0};
  static constexpr uint32_t kDatagram = ~uint32_t{0};

  Dispatch(LinkMemory memory, Bell& bell, CounterPage counters, CounterPage engine_counters, double clock_offset_ms);
  Dispatch(const Dispatch&) = delete;
  Dispatch& operator=(const Dispatch&) = delete;

  uint32_t room() const { return memory_.entries() - in_flight_; }
  uint32_t in_flight() const { return in_flight_; }
  // Puts a request into the ring; it becomes visible with publish(). Needs room().
  void open(const NewRequest& request, double now_ms);
  // The owner of a live request id, or null: then the id is stale or was never given.
  InFlight* find(uint32_t request_id);
  void settle(uint32_t request_id);
  // Calls `visit` for every request in flight, then forgets them all.
  template <class Visit>
  void abandon(Visit visit) {
    for (uint32_t i = 0; i < memory_.entries(); ++i) {
      if (requests_[i].place == InFlight::kNowhere) continue;
      visit(requests_[i]);
      settle(requests_[i].generation << index_bits_ | i);
    }
  }

  bool has_replies() const { return memory_.word(LinkWord::kReplyTail).load() != reply_head_; }
  // The next reply, in the order in which JavaScript gave them; false = none.
  bool next_reply(Reply* reply);
  // Makes the requests visible, gives the room of the taken replies back, and rings where JavaScript waits for either.
  void publish();
  // Nothing of the shared memory is touched after this. JavaScript is rung to see it.
  void retire();

 private:
  void ring();

  LinkMemory memory_;
  Bell& bell_;
  CounterPage counters_;
  CounterPage engine_counters_;
  double clock_offset_ms_;
  uint32_t index_bits_;
  std::unique_ptr<InFlight[]> requests_;
  std::unique_ptr<uint32_t[]> free_;
  uint32_t in_flight_ = 0;
  uint32_t request_tail_ = 0;
  uint32_t published_tail_ = 0;
  uint32_t reply_head_ = 0;
  uint32_t reply_tail_ = 0;  // as last seen
  uint32_t returned_head_ = 0;
  uint32_t opened_datagrams_ = 0;  // since the last publish()
};

}  // namespace netvolley
