#pragma once

#include <map>
#include <unordered_map>
#include <vector>

#include "test/fake_udp.h"

namespace netvolley::test {

// Threads that send, receive, answer in place, keep, cancel and leave at random, and peers that send to the socket. It
// knows what it has queued, and checks all that comes out: on the wire each datagram at most once, with its bytes and
// in its order; in the rings what was injected, in order; each token answered once.
class UdpWorkload {
 public:
  UdpWorkload(FakeUdp& udp, uint64_t run, bool connected);
  UdpWorkload(const UdpWorkload&) = delete;
  UdpWorkload& operator=(const UdpWorkload&) = delete;

  // One thing at random.
  void act();
  // What the kernel and the links have, checked. After every turn, or after several.
  void look();
  // Without faults everything queued goes out, everything injected comes in, every slot comes back.
  void recover();
  // Queues a little more, without waiting for it.
  void send_a_little();
  // The socket has finished: every token was answered, every datagram has its verdict.
  void expect_finished();
  bool finished() const { return udp_.state() == SocketState::kClosed; }

  uint64_t wire() const { return wire_; }
  uint64_t received() const { return received_; }
  uint64_t injected() const { return injected_; }

 private:
  struct Record {
    uint32_t link = 0;
    uint32_t send_class = 0;
    uint16_t port = 0;
    uint32_t bytes = 0;
  };
  struct Waiting {
    uint32_t link = 0;
    uint32_t id = 0;  // of a single datagram, 0 = a run
  };
  struct LinkView {
    uint64_t wire = 0;
    uint64_t failed_events = 0;
    bool leaves = false;
    bool gone = false;
    Bytes after;                                 // its memory when it was retired
    std::map<uint32_t, uint32_t> last_received;  // by port
  };

  void add_views();
  FakeDatagramLink* random_link(uint32_t* index);
  uint32_t random_bytes();
  void send_some();
  bool send_one(uint32_t link, uint32_t to, uint32_t send_class, uint32_t bytes, bool with_token);
  void send_run(uint32_t link, uint32_t to, uint32_t send_class);
  void inject();
  void act_link();
  void change_something();
  void end_link();
  void receive(uint32_t link, const FakeReceived& entry);
  void check_datagram(uint32_t link, const FakeReceived& entry, uint32_t at, uint32_t bytes);
  void reply(uint32_t link, const FakeReceived& entry);
  void take_wire();
  void take_outcomes(uint32_t link);
  void look_at(uint32_t link);
  uint32_t new_token(uint32_t link, uint32_t id);
  uint16_t port_of(uint32_t link, uint32_t to) const { return links_to_[link].at(to); }

  FakeUdp& udp_;
  Random random_;
  bool connected_;
  uint32_t next_id_ = 0;
  uint32_t next_injected_ = 0x80000000;
  uint32_t next_token_ = 0;
  uint64_t wire_ = 0;
  uint64_t received_ = 0;
  uint64_t injected_ = 0;
  std::vector<LinkView> views_;
  std::vector<std::map<uint32_t, uint16_t>> links_to_;  // port by id of a destination
  std::unordered_map<uint32_t, Record> records_;        // queued, and not on the wire so far
  std::unordered_map<uint32_t, Waiting> tokens_;
  std::unordered_map<uint32_t, std::pair<uint16_t, uint32_t>> sent_in_;  // injected: port, bytes
  std::map<uint64_t, uint32_t> last_sent_;  // by link, class and port: the highest id on the wire
};

}  // namespace netvolley::test
