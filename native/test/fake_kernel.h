#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <queue>
#include <string>
#include <vector>

#include "io/datagram_io.h"
#include "io/poller.h"
#include "test/check.h"
#include "test/fake_stream.h"

namespace netvolley::test {

// The numbers of a run of their own: the same as those of a program started with NETVOLLEY_SEED=`run`.
inline Random random_of(uint64_t run, uint64_t stream = 0) {
  return Random((run - seed()) * 0x9e3779b97f4a7c15ULL + stream);
}

// Probabilities, 0 to 1: per call, but per message where datagrams are sent and refused one by one.
struct FakeFaults {
  double short_count = 0;   // fewer bytes or datagrams than there are; the rest comes with a later edge
  double would_block = 0;   // although it is ready; a later edge follows
  double interrupted = 0;   // EINTR, on every call
  double no_buffers = 0;    // ENOBUFS: sending datagrams, accepting
  double refused = 0;       // ECONNREFUSED: receiving and sending datagrams
  double reset = 0;         // ECONNRESET while reading, EPIPE while writing
  double no_files = 0;      // EMFILE or ENFILE while accepting
  double aborted = 0;       // ECONNABORTED while accepting
  double max_delay_ms = 0;  // of segments, datagrams and late edges
  // Sending datagrams, one message each:
  double offload_io = 0;       // EIO on a GSO message
  double offload_invalid = 0;  // EINVAL on a GSO message
  double too_large = 0;        // EMSGSIZE
  double denied = 0;           // EPERM, EACCES, ENETUNREACH, EHOSTUNREACH
  double fatal = 0;            // EBADF
};

struct FakeLimits {
  uint32_t descriptors = 1 << 16;
  uint32_t receive_bytes = 16 << 10;
  uint32_t send_bytes = 16 << 10;
  uint32_t datagrams = 256;  // in the receive buffer of a datagram socket
  uint32_t mtu = 1500;       // of every path: a GSO message may not have larger segments
  bool gro = false;          // equal neighbours from one sender arrive as one message
};

struct FakeDatagram {
  Address address;  // where it came from, or goes to
  Bytes bytes;
};

enum class FakeKind : uint8_t { kFree, kReserve, kListener, kStream, kDatagram };

struct FakeDescriptor {
  FakeKind kind = FakeKind::kFree;
  uint64_t use = 0;  // of this number: tells late edges apart
  Address bound;
  std::shared_ptr<FakeStream> stream;
  std::deque<std::shared_ptr<FakeStream>> backlog;
  size_t max_backlog = 0;
  std::deque<FakeDatagram> datagrams;
  int pending_error = 0;
  // Datagram sockets: what the next send fails with, as the kernel keeps the errno behind a short count; whom it is
  // connected to; ICMP errors, kept where the error queue is on.
  int send_error = 0;
  Address connected;
  bool error_queue = false;
  std::deque<QueuedError> errors;
  std::deque<QueuedError> errors_after_send;  // come into the queue with the next send
  double read_hidden_until_ms = 0;
  double write_hidden_until_ms = 0;

  bool watched = false;
  uint64_t token = 0;
  bool edge = false;  // in the list of edges
  // Directions that may be reported. Poll-like: a report takes them away, rearm() gives them back.
  uint8_t armed = 0;
};

struct Readiness {
  uint8_t ready = 0;
  bool hangup = false;
};

// A seeded simulated kernel in memory. Time moves only by advance_to(). Readiness is told as epoll does,
// edge-triggered: an event only after a transition or new data, and a direction that was not watched from the start is
// silent until rearm(). In the poll-like mode a direction that was reported is silent until then, too. Misuse by the
// code under test is a violation, kept until somebody looks.
class FakeKernel {
 public:
  FakeKernel(Random random, bool poll_like, const FakeLimits& limits);
  FakeKernel(const FakeKernel&) = delete;
  FakeKernel& operator=(const FakeKernel&) = delete;

  FakeFaults faults;
  FakeLimits limits;

  // time
  double now_ms() const { return now_ms_; }
  void advance_to(double at_ms);
  // When the kernel does something by itself next; < 0 = never.
  double next_event_ms() const { return events_.empty() ? -1 : events_.top().at_ms; }
  void at(double at_ms, std::function<void()> action);
  void after(double delay_ms, std::function<void()> action) { at(now_ms_ + delay_ms, std::move(action)); }
  // No more faults, and everything that was hidden shows again.
  void heal();

  // descriptors: the implementations of the io interfaces
  FakeDescriptor* descriptor(int fd, FakeKind kind, const char* call);  // null, and a violation, where it is not one
  FakeKind kind_of(int fd) const;
  int allocate(FakeKind kind);  // -1 = EMFILE
  void release(int fd);
  bool full() const { return open_ >= limits.descriptors; }
  uint32_t open_descriptors() const { return open_; }
  void hide(int fd, Direction direction);
  void violation(const std::string& what) { violations_.push_back(what); }
  const std::vector<std::string>& violations() const { return violations_; }
  bool chance(double probability) { return probability > 0 && random_.unit() < probability; }
  double delay() { return faults.max_delay_ms > 0 ? random_.unit() * faults.max_delay_ms : 0; }
  Random& random() { return random_; }

  // readiness: the poller
  bool poll_like() const { return poll_like_; }
  int watch(int fd, uint64_t token, uint8_t directions);
  void unwatch(int fd);
  void rearm(int fd, uint64_t token, Direction direction);
  uint32_t take_events(PollEvent* events, uint32_t capacity);
  // Whether the next wait() would return at once.
  bool has_events();
  void wake() { woken_ = true; }
  bool woken() const { return woken_; }
  void clear_wake() { woken_ = false; }
  void edge(int fd);

  // the peers' side
  std::shared_ptr<FakeStream> connect(const Address& from);  // null = refused
  void pump(const std::shared_ptr<FakeStream>& stream);
  void send_datagram(const Address& from, Bytes bytes);
  bool take_sent(FakeDatagram* datagram);
  void put_sent(FakeDatagram datagram);
  // Of the datagram socket. An empty address = not connected.
  void connect_datagram(const Address& to, bool error_queue);
  uint32_t datagrams_dropped() const { return dropped_; }
  uint32_t datagrams_waiting();
  int listener() const { return find(FakeKind::kListener); }
  int datagram_socket() const { return find(FakeKind::kDatagram); }

 private:
  struct Event {
    double at_ms;
    uint64_t order;
    std::function<void()> action;
    bool operator<(const Event& other) const {
      return at_ms != other.at_ms ? at_ms > other.at_ms : order > other.order;
    }
  };

  int find(FakeKind kind) const;
  Readiness readiness(const FakeDescriptor& descriptor) const;
  uint32_t take_edges(PollEvent* events, uint32_t capacity);
  uint32_t take_levels(PollEvent* events, uint32_t capacity);

  Random random_;
  bool poll_like_;
  double now_ms_ = 1000;
  uint64_t order_ = 0;
  std::priority_queue<Event> events_;
  std::vector<FakeDescriptor> table_;
  uint32_t open_ = 0;
  std::vector<int> edges_;
  bool woken_ = false;
  std::deque<FakeDatagram> sent_;
  uint32_t dropped_ = 0;
  std::vector<std::string> violations_;
};

}  // namespace netvolley::test
