#pragma once

#include <array>
#include <deque>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "engine/datagram_link.h"
#include "test/fake_stream.h"

namespace netvolley::test {

// An entry of the receive ring as JavaScript has it.
struct FakeReceived {
  Address from;
  Bytes bytes;
  uint32_t slot = 0;
  uint32_t offset = 0;  // in the slab
  uint32_t peer = 0;
  uint32_t full_bytes = 0;
  uint16_t segment_bytes = 0;
  uint16_t segments = 1;
  uint8_t flags = 0;
  uint32_t generation = 0;
};

// What lib/native does with a datagram link, in C++: sleeps and is rung, reads the receive ring, writes payloads into a
// byte ring for each class and takes room back as the reactor passes over the entries. What it has taken back, or given
// back, it overwrites: whoever still reads there is found out.
class FakeDatagramLink final : public Bell {
 public:
  struct Outcome {
    uint32_t token = 0;
    int error = 0;
  };
  struct Event {
    EventKind kind = kEventSendFailed;
    int error = 0;
    uint32_t bytes = 0;
    uint32_t mtu_bytes = 0;
    uint16_t port = 0;  // whom it was for
  };

  // `slab` may be null where the link only sends. `send_bytes` of each class.
  FakeDatagramLink(const DatagramLinkSizes& sizes, SharedWord engine_sleeps, std::function<void()> wake,
                   const uint8_t* slab, const uint8_t* peers, uint32_t send_bytes = 64 << 10);

  // Memory, areas and destinations of its own; the bell is the caller's to give.
  DatagramLink::Parts parts(std::shared_ptr<Bell> bell) const;
  void ring() override { rung_ = true; }
  // Whether it would run by itself: it was rung, or has planned to go on.
  bool awake() const { return rung_ || planned_; }
  bool retired() const;

  uint32_t destination(const Address& to);
  // False = there is no room in the rings. token 0 = none. Visible with commit().
  bool send(const Bytes& bytes, uint32_t to, uint32_t send_class = 1, uint16_t segment_bytes = 0, uint32_t token = 0,
            double expires_ms = 0);
  // The slot itself; only within on_received, or of one that is kept.
  bool send_in_place(const FakeReceived& received, uint32_t bytes, uint32_t send_class = 1, uint32_t token = 0);
  void flush() { ++flushes_; }
  // Makes room for a newcomer of `send_class` by a packet of a lower one.
  void evict(uint32_t send_class) { ++evictions_[send_class - 1]; }
  void set_traffic_class(uint8_t value) { traffic_class_ = value; }  // of the sends that follow; 0 = none
  // Publishes, and wakes the reactor where it sleeps.
  void commit();
  // Whether room came back that somebody waits for.
  bool has_room(uint32_t bytes, uint32_t send_class);

  // Takes at most `most` entries into received(), and all completions and events; then sleeps or plans to go on.
  void drain(uint32_t most = ~uint32_t{0});
  // Called for each entry before its slot can be freed.
  std::function<void(const FakeReceived&)> on_received;
  std::deque<FakeReceived>& received() { return received_; }
  // Entries taken from now on keep their slots, until give_back().
  void keep_next(bool keep) { keep_ = keep; }
  const std::deque<FakeReceived>& kept() const { return kept_; }
  // The first or another one of kept(), after a look at its bytes. Visible with commit().
  void give_back(size_t index = 0);
  void check_kept() const;

  std::vector<Outcome> take_outcomes() { return std::exchange(outcomes_, {}); }
  std::vector<Event> take_events() { return std::exchange(events_, {}); }
  uint64_t queued() const { return queued_; }        // datagrams published
  uint64_t delivered() const { return delivered_; }  // datagrams taken from the receive ring
  uint32_t tokens_out() const { return tokens_out_; }
  // Under the epoch.
  double counter(LinkCounter counter) const;
  const uint8_t* memory() const { return memory_at(); }
  uint64_t memory_bytes() const { return datagram_link_bytes(sizes_); }

 private:
  struct Ring {
    uint32_t tail = 0;
    uint32_t published = 0;
    uint32_t head = 0;        // as it was seen
    uint64_t bytes_tail = 0;  // free-running
    uint64_t bytes_head = 0;
    std::deque<uint64_t> ends;  // of each entry that is not settled
  };

  uint8_t* memory_at() const { return memory_.get() + pad_; }
  bool has_entry(uint32_t send_class);
  bool place(uint32_t bytes, uint32_t send_class, uint32_t* offset);
  void take_back(uint32_t send_class);
  uint32_t put_entry(uint32_t send_class, uint32_t offset, uint32_t bytes, uint32_t to, uint32_t token, uint8_t flags);
  bool publish_sends();
  void take_entry(uint32_t index);
  void take_completions();
  void take_news();
  bool has_news() const;

  DatagramLinkSizes sizes_;
  std::unique_ptr<uint8_t[]> memory_;
  size_t pad_;
  DatagramMemory link_;
  SharedWord engine_sleeps_;
  std::function<void()> wake_;
  const uint8_t* slab_;
  const uint8_t* peers_;
  uint32_t send_bytes_;
  std::shared_ptr<SendAreas> areas_ = std::make_shared<SendAreas>();
  std::unique_ptr<uint8_t[]> transmit_;
  std::vector<Address> destinations_;

  bool rung_ = false;
  bool planned_ = false;
  bool keep_ = false;
  uint8_t traffic_class_ = 0;
  std::array<Ring, kSendClasses> rings_;
  uint32_t flushes_ = 0;
  uint32_t flushes_told_ = 0;
  std::array<uint32_t, 2> evictions_{};
  std::array<uint32_t, 2> evictions_told_{};
  uint32_t receive_head_ = 0;
  uint32_t return_tail_ = 0;
  uint32_t return_told_ = 0;
  uint32_t completion_head_ = 0;
  uint32_t event_head_ = 0;
  uint32_t notices_ = 0;
  uint32_t ordinal_ = 0;
  uint32_t tokens_out_ = 0;
  uint64_t unpublished_ = 0;  // datagrams
  uint64_t queued_ = 0;
  uint64_t delivered_ = 0;
  std::deque<FakeReceived> received_;
  std::deque<FakeReceived> kept_;
  std::vector<Outcome> outcomes_;
  std::vector<Event> events_;
};

}  // namespace netvolley::test
