#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/udp_socket.h"
#include "io/posix_stream_io.h"

namespace netvolley::test {

// A UdpSocket on a reactor without threads, over a scripted system and with JavaScript's side of its links done by
// hand: for tests of one rule at a time. fake_udp.h is the other one, which does everything at random.

// Memory as JavaScript gives it: zeros, aligned to a line pair.
class AlignedBytes {
 public:
  explicit AlignedBytes(uint64_t bytes = 0) : bytes_(bytes + kWordBytes) {}
  uint8_t* data() {
    const auto at = reinterpret_cast<uintptr_t>(bytes_.data());
    return bytes_.data() + (kWordBytes - at % kWordBytes) % kWordBytes;
  }
  uint64_t size() const { return bytes_.size() - kWordBytes; }

 private:
  std::vector<uint8_t> bytes_;
};

class HandClock final : public Clock {
 public:
  double now_ms() override { return ms; }
  double ms = 1000;
};

class HandPoller final : public Poller {
 public:
  int error() const override { return 0; }
  int add(int, uint64_t token, uint8_t) override;
  void remove(int) override { watched = false; }
  void rearm(int, uint64_t, Direction direction) override { rearmed |= direction; }
  IoResult wait(PollEvent* events, uint32_t capacity, double) override;
  bool set_alarm(double at_ms) override;
  void wake() override { ++wakes; }
  int descriptor() const override { return -1; }

  uint64_t token = 0;
  bool watched = false;
  uint8_t ready = 0;  // is reported by the next wait()
  bool hangup = false;
  uint8_t rearmed = 0;
  uint32_t wakes = 0;
  std::vector<double> alarms;
};

struct Arrival {
  Address from;
  std::string bytes;
  uint16_t segment_bytes = 0;
  DatagramInfo info;
};

class ScriptedDatagrams final : public DatagramIo {
 public:
  uint32_t max_batch() const override { return most; }
  IoResult open(const Address&, const DatagramSocketOptions&, Address*) override { return IoResult::success(7); }
  IoResult receive(int fd, ReceiveVector* vectors, uint32_t count, bool with_info) override;
  IoResult send(int fd, const SendVector* vectors, uint32_t count) override;
  IoResult read_error(int, QueuedError*) override { return IoResult::failure(EAGAIN); }
  uint32_t kernel_drops(int) override { return 0; }
  uint32_t path_mtu(int) override { return 0; }
  void close(int) override { closed = true; }

  uint32_t most = 1024;
  std::deque<Arrival> arrivals;
  std::deque<int> receive_errors;  // each is given once, before what has arrived
  std::vector<uint32_t> asked;     // vectors of each call of receive()
  int send_error = 0;              // while it is set nothing is taken
  std::vector<std::string> sent;   // in order; GSO messages are cut
  std::vector<Address> sent_to;
  std::vector<DatagramInfo> sent_info;
  bool closed = false;
};

// JavaScript's side of one link.
class RigLink final : public Bell {
 public:
  RigLink(const DatagramLinkSizes& sizes, const uint8_t* slab);
  DatagramLink::Parts parts();
  void ring() override {
    ++rings;
    if (on_ring) on_ring();
  }
  std::function<void()> on_ring;

  SharedWord word(DatagramWord id) const { return memory.word(id); }
  uint32_t destination(const Address& to);

  struct Send {
    std::string bytes;
    uint32_t to = 0;
    uint32_t send_class = 1;
    uint16_t segment_bytes = 0;
    uint32_t token = 0;
    double expires_ms = 0;
    int traffic_class = -1;
  };
  // Becomes visible with publish().
  void send(const Send& send);
  void send_in_place(uint32_t slot, uint32_t offset, uint32_t bytes, uint32_t to);
  void send_raw(uint32_t offset, uint32_t bytes, uint32_t to, uint8_t flags, uint32_t slot, uint32_t token);
  void publish();

  // Entries that are there and not taken.
  uint32_t waiting() const { return word(DatagramWord::kReceiveTail).load() - head; }
  std::string text(uint32_t index) const;  // of the entry head + index
  template <class T>
  T column(ReceiveColumn id, uint32_t index) const {
    return memory.receive().column<T>(id)[memory.receive().at(head + index)];
  }
  // Takes entries; `keep` = their slots stay.
  void take(uint32_t count, bool keep = false);
  void give_back(uint32_t slot);

  struct Outcome {
    uint32_t token;
    int error;
    bool operator==(const Outcome&) const = default;
  };
  std::vector<Outcome> outcomes();
  uint32_t events() const { return word(DatagramWord::kEventTail).load(); }
  double counter(LinkCounter id) const { return memory.counters()[static_cast<uint32_t>(id)]; }

  uint32_t rings = 0;
  uint32_t head = 0;
  AlignedBytes bytes;
  DatagramMemory memory;
  std::shared_ptr<SendAreas> areas = std::make_shared<SendAreas>();

 private:
  DatagramLinkSizes sizes_;
  const uint8_t* slab_;
  std::vector<Address> destinations_;
  uint32_t destination_count_ = 1;
  std::vector<uint8_t> transmit_;
  uint32_t transmit_used_ = 0;
  uint32_t tails_[kSendClasses] = {};
  uint32_t return_tail_ = 0;
  uint32_t completion_head_ = 0;
};

DatagramConfig rig_config();
Address rig_address(uint16_t port, uint8_t last = 1);

class Rig {
 public:
  explicit Rig(const DatagramConfig& config = rig_config());
  ~Rig();

  RigLink& add_link(uint32_t receive_entries, uint32_t send_entries = 64);
  // Starts the socket and lets it read.
  void start();
  void arrive(std::string bytes, const Address& from, uint16_t segment_bytes = 0);
  // One turn, in which the socket is readable where something has arrived.
  void turn();
  // Turns until nothing is left to do without the outside; gives how many.
  uint32_t settle();
  double counter(SocketCounter id);

  DatagramConfig config;
  HandClock clock;
  HandPoller poller;
  ScriptedDatagrams io;
  PosixStreamIo streams;
  AlignedBytes engine_page, slab, peers, page;
  std::unique_ptr<Reactor> reactor;
  std::shared_ptr<UdpSocket> socket;
  std::vector<std::shared_ptr<RigLink>> links;
};

}  // namespace netvolley::test
