#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "engine/counters.h"
#include "engine/timer_wheel.h"
#include "memory/byte_queue.h"
#include "wire/frame_decoder.h"

namespace netvolley {

// A reply that finished before its turn.
struct EarlyReply {
  std::vector<uint8_t> bytes;
  bool done = false;
  bool close_after = false;
  bool failed = false;
};

// One accepted connection: state, no behaviour that reaches beyond it. Objects stay at their place for the server's
// life; `generation` tells the connections that used it one after the other apart.
struct TcpConnection {
  static constexpr uint32_t kNone = ~uint32_t{0};

  int fd = -1;
  uint32_t generation = 0;
  uint32_t registration = kNone;
  uint32_t in_flight = 0;
  uint32_t next_sequence = 0;  // of the next request
  uint32_t next_reply = 0;     // whose turn it is to be sent

  bool open = false;
  bool may_read = false;
  bool may_write = false;
  bool to_end = false;     // a hang-up was reported: a short read does not mean that nothing is left
  bool finished = false;   // the peer's FIN was read
  bool closing = false;    // nothing more is read as requests; closes when all is sent
  bool muted = false;      // the last reply was sent; later ones are thrown away
  bool lingering = false;  // our FIN is out; what comes is thrown away
  bool listed = false;     // in the ready list
  bool starved = false;    // in the list of those that wait for room
  bool dirty = false;      // has gathered replies in this turn
  bool throttled = false;  // `output` rose above the high-water mark and is not yet below the low one
  bool partial = false;    // `input` is an incomplete frame
  bool fresh = true;       // no frame yet: the header deadline counts from accept
  CloseReason close_reason = CloseReason::kEof;

  FrameDecoder decoder;
  ByteQueue input;                                 // received and not yet cut
  ByteQueue output;                                // what the kernel did not take
  std::unique_ptr<std::vector<EarlyReply>> early;  // by sequence - next_reply; only while replies are out of order
  uint64_t early_bytes = 0;

  uint64_t unsent_bytes() const { return output.size() + early_bytes; }

  uint32_t gather_head = kNone;  // this turn's replies, in TcpService's segment list
  uint32_t gather_tail = kNone;

  TimerNode timer;
  double active_ms = 0;         // last request or reply
  double frame_started_ms = 0;  // accept, or the first byte of a frame that is not complete
  double body_started_ms = 0;   // when its header was complete
  double blocked_ms = 0;        // the first would-block of what is in `output`
  uint64_t written_since_blocked = 0;
  double linger_until_ms = 0;
  uint64_t lingered_bytes = 0;
  uint32_t older_partial = kNone;  // list of connections with an incomplete frame, oldest first
  uint32_t newer_partial = kNone;
};

}  // namespace netvolley
