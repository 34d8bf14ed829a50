#pragma once

#include <cstdint>
#include <vector>

#include "engine/gso_state.h"
#include "engine/queued_send.h"
#include "io/datagram_io.h"

namespace netvolley {

// What one vector sends.
struct SendMessage {
  uint32_t first = 0;  // pick
  uint32_t picks = 0;
  uint32_t datagrams = 0;
  uint32_t bytes = 0;
  uint16_t segment_bytes = 0;  // not 0: GSO
};

// A place among the picks: the pick, and how many of its bytes lie before.
struct SendCursor {
  uint32_t pick = 0;
  uint32_t done = 0;
  bool operator<(const SendCursor& other) const { return pick != other.pick ? pick < other.pick : done < other.done; }
};

// Turns picks, in order, into what one kernel call sends: runs of equal size to one destination become one GSO message,
// each other datagram its own. Pure.
class SendFormer {
 public:
  static constexpr uint32_t kMaxBatch = 1024;     // the kernel looks at no more messages in one call
  static constexpr uint32_t kMaxMessage = 65507;  // bytes of a GSO message, as of any datagram over IPv4

  SendFormer();
  SendFormer(const SendFormer&) = delete;
  SendFormer& operator=(const SendFormer&) = delete;

  // One call sends at most `batch` datagrams; fewer than `min_segments` equal ones are not worth a GSO message.
  void set_rules(uint32_t batch, uint16_t min_segments, bool gather);
  uint32_t batch() const { return batch_; }
  bool gathers() const { return gather_; }

  // With gather: brings the picks of one destination together, in their order. At most kMaxBatch picks.
  void arrange(QueuedSend* picks, uint32_t count);
  // Forms from `from` on, without GSO before `plain_until`. Gives the number of messages; at most batch() datagrams.
  uint32_t form(const QueuedSend* picks, uint32_t count, SendCursor from, SendCursor plain_until, const GsoState& gso,
                double now_ms);
  const SendVector* vectors() const { return vectors_.data(); }
  const SendMessage* messages() const { return messages_.data(); }
  // Of all messages.
  uint32_t datagrams() const { return datagrams_; }

 private:
  void put(const QueuedSend& pick, const SendMessage& message);
  void form_run(const QueuedSend& pick, SendCursor at, SendCursor plain_until, const GsoState& gso, double now_ms);
  // How many picks from `at` on may be one GSO message.
  uint32_t equal_picks(const QueuedSend* picks, uint32_t count, uint32_t at, const GsoState& gso, double now_ms) const;
  void gather_slices(const QueuedSend* picks, const SendMessage& message, SendVector* vector);

  uint32_t batch_ = kMaxBatch;
  uint32_t min_segments_ = 4;
  bool gather_ = false;
  uint32_t count_ = 0;
  uint32_t datagrams_ = 0;
  uint32_t slices_used_ = 0;
  std::vector<SendVector> vectors_;
  std::vector<SendMessage> messages_;
  std::vector<IoSlice> slices_;
  // arrange(): groups by destination, made when it is first needed
  std::vector<QueuedSend> scratch_;
  std::vector<uint32_t> next_;
  std::vector<uint32_t> groups_;
};

}  // namespace netvolley
