#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "engine/bell.h"
#include "engine/datagram_context.h"
#include "engine/queued_send.h"
#include "memory/datagram_memory.h"

namespace netvolley {

// One message for JavaScript: a datagram, or several of one size that the kernel joined (GRO).
struct NewDatagram {
  uint32_t slot = 0;
  uint32_t offset = 0;  // in the slab
  uint32_t bytes = 0;
  uint32_t full_bytes = 0;
  uint16_t segment_bytes = 0;
  uint16_t segment_count = 1;
  uint32_t peer = 0;  // place in the PeerTable
  uint32_t generation = 0;
  uint8_t flags = 0;  // ReceiveFlag: what cannot be seen from the rest
  const Address* from = nullptr;
  const DatagramInfo* info = nullptr;  // null = none was asked for
};

struct DatagramEvent {
  EventKind kind = kEventSendFailed;
  int error = 0;
  uint8_t origin = 0, type = 0, code = 0;
  uint32_t bytes = 0, mtu_bytes = 0;
  const Address* to = nullptr;
  const Address* offender = nullptr;
};

// Memory that sends may lie in. JavaScript's thread sets a place before it publishes an entry that names it, and never
// changes it.
struct SendAreas {
  struct Area {
    const uint8_t* data = nullptr;
    uint64_t bytes = 0;
  };
  std::array<Area, kMaxSendAreas> areas;
};

// The reactor's end of the link with one JavaScript thread. Reactor's thread; the memory stays valid until retire().
class DatagramLink {
 public:
  struct Parts {
    uint8_t* memory = nullptr;
    DatagramLinkSizes sizes;
    std::shared_ptr<SendAreas> areas;
    const Address* destinations = nullptr;
    uint32_t destination_count = 0;
    std::shared_ptr<Bell> bell;
  };

  DatagramLink(uint32_t index, const Parts& parts, DatagramContext& context);
  DatagramLink(const DatagramLink&) = delete;
  DatagramLink& operator=(const DatagramLink&) = delete;

  uint32_t index() const { return index_; }

  // Receiving.
  bool receives() const { return memory_.receive().entries() != 0; }
  // Free entries of the receive ring.
  uint32_t room() const { return memory_.receive().entries() - (receive_tail_ - released_); }
  // Needs room(); visible with publish().
  void put(const NewDatagram& datagram);
  // Entries or slots came back.
  bool has_released() const;
  // Whether JavaScript has to ring when it gives something back.
  void set_stalled(bool stalled);
  bool stalled() const { return stalled_; }

  // Sending. Tails, flushes or evictions moved.
  bool has_sends() const;
  // The steps of collecting: begin_collect() looks at what JavaScript has given back and then at what it has published,
  // in this order: a slot that is sent in place is held before it is let go. take() gives the next entry; a bad one is
  // settled as failed (EINVAL) and skipped. finish_collect() frees what begin_collect() saw; true = there was
  // something.
  void begin_collect();
  bool take(double now_ms, QueuedSend* send);
  uint32_t take_flushes();
  uint32_t take_evictions(uint32_t below_class);
  bool finish_collect();
  // Of the connected peer, whose address no entry carries.
  void set_connected_family(Family family) { connected_family_ = family; }

  // The verdict on `datagrams` with `bytes` of an entry.
  void count(const QueuedSend& send, Verdict verdict, uint32_t datagrams, uint32_t bytes);
  // The entry is over: its place and bytes are freed in ring order, its token is answered with `send.error`, its slot
  // and its peer are let go.
  void settle(const QueuedSend& send);
  void report(const DatagramEvent& event);
  // A level of a page has changed: JavaScript looks after the next publish().
  void notify() { ++notices_; }
  // In datagrams.
  uint32_t pending() const { return pending_[0] + pending_[1] + pending_[2]; }
  // Before the heads, the tails and whatever else shows what they count.
  void publish_counters();
  // Counters, heads, completions, events, receive tail; rings once.
  void publish();
  // The other side has gone for good: the slots that it has are free.
  void release_all();
  // Tells JavaScript that the link has ended. Nothing of the memory is touched afterwards.
  void retire();
  CounterBook<LinkCounter>& counters() { return counters_; }

 private:
  // The reactor's side of one class' ring.
  struct SendState {
    uint32_t published = 0;  // tail as begin_collect() saw it
    uint32_t taken = 0;
    uint32_t head = 0;  // entries before it are settled
    uint32_t told = 0;  // head, as JavaScript knows it
    std::unique_ptr<double[]> queued_ms;
    std::unique_ptr<uint32_t[]> settled;    // datagrams of an entry that is over, else 0
    std::unique_ptr<DatagramInfo[]> infos;  // made with the first entry that has one
  };

  uint8_t put_info(uint32_t at, const DatagramInfo& info);
  static LinkCounter pending_counter(uint32_t send_class) {
    return static_cast<LinkCounter>(static_cast<uint32_t>(LinkCounter::kPendingLow) + send_class);
  }
  bool read_entry(uint32_t send_class, uint32_t entry, double now_ms, QueuedSend* send);
  bool find_bytes(uint32_t area, uint32_t offset, QueuedSend* send) const;
  bool find_slot(uint32_t slot, uint32_t offset, QueuedSend* send) const;
  bool find_destination(uint32_t to, QueuedSend* send) const;
  void read_info(uint32_t send_class, uint32_t at, QueuedSend* send);
  void reject(QueuedSend* send);
  void release_slot(uint32_t slot);
  bool publish_heads();
  bool publish_news();
  void ring();
  double oldest_ms() const;

  const uint32_t index_;
  DatagramContext& context_;
  DatagramMemory memory_;
  std::shared_ptr<SendAreas> areas_;
  const Address* destinations_;
  uint32_t destination_count_;
  std::shared_ptr<Bell> bell_;
  CounterBook<LinkCounter> counters_;
  Family connected_family_ = Family::kNone;

  uint32_t receive_tail_ = 0;
  uint32_t receive_told_ = 0;
  uint32_t receive_head_ = 0;  // as begin_collect() saw it
  uint32_t released_ = 0;      // entries before it have been let go
  uint32_t return_tail_ = 0;   // as begin_collect() saw it
  uint32_t return_head_ = 0;
  uint32_t ordinal_ = 0;
  bool stalled_ = false;

  std::array<SendState, kSendClasses> sends_;
  std::array<uint32_t, kSendClasses> pending_{};  // datagrams
  uint32_t settled_behind_ = 0;                   // datagrams of entries behind the heads
  uint32_t settled_told_ = 0;
  uint32_t flushes_ = 0;
  std::array<uint32_t, 2> evictions_{};  // of newcomers of class 1, of class 2

  uint32_t completion_tail_ = 0;
  uint32_t completion_told_ = 0;
  uint32_t event_tail_ = 0;
  uint32_t event_told_ = 0;
  uint32_t notices_ = 0;
  uint32_t notices_told_ = 0;
};

}  // namespace netvolley
