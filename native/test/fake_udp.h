#pragma once

#include <memory>
#include <vector>

#include "engine/udp_socket.h"
#include "test/fake_clock.h"
#include "test/fake_datagram_io.h"
#include "test/fake_datagram_link.h"
#include "test/fake_poller.h"
#include "test/fake_stream_io.h"

namespace netvolley::test {

struct FakeUdpOptions {
  DatagramConfig config = {};
  FakeLimits limits = {};
  bool poll_like = false;
  bool inline_drive = false;  // JavaScript runs within each turn, then the turn is settled
  uint32_t links = 1;
  uint32_t receiving_links = 1;  // the first ones
  DatagramLinkSizes sizes{64, 64, 64, 256};
  uint32_t send_bytes = 64 << 10;  // of each link and class
  uint32_t max_batch = 64;         // of the kernel
};

// A small socket for tests of single facts: no GSO, no window, slots of 256 bytes and 64 KiB.
DatagramConfig small_datagram_config();
Address address_of(uint32_t host, uint16_t port);
// `count` bytes that begin with `id`, where there is room for it, and are no other datagram's.
Bytes payload_of(uint32_t id, uint32_t count);

// A UdpSocket on the simulated kernel, with plain memory in place of shared buffers and a model of JavaScript for each
// link. As FakeServer it turns only when it may: what is forgotten shows as a hang.
class FakeUdp {
 public:
  explicit FakeUdp(uint64_t run, const FakeUdpOptions& options);
  ~FakeUdp();
  FakeUdp(const FakeUdp&) = delete;
  FakeUdp& operator=(const FakeUdp&) = delete;

  // One turn, if the reactor may run now. False = it sleeps.
  bool step();
  // Lets JavaScript run where it was rung or has planned to. False = all links sleep.
  bool step_js();
  // Both until they sleep, while no time passes. More than `most_turns` would be a busy loop.
  void settle(uint32_t most_turns = 4000);
  // Time passes, from event to event.
  void run_for(double ms);
  // In the reactor's next turn.
  void post(std::function<void()> command) { reactor_->post(std::move(command)); }
  void close();
  // The socket is closed, nothing is open, no alarm is armed, every link retired.
  void check_finished();
  // The counters' identities, of each link and of the socket.
  void check();

  FakeDatagramLink& link(uint32_t index = 0) { return *links_[index]; }
  uint32_t links() const { return static_cast<uint32_t>(links_.size()); }
  void add_link(bool receives);
  UdpSocket& socket() { return *socket_; }
  Reactor& reactor() { return *reactor_; }
  FakeDatagramIo& io() { return datagrams_; }
  const FakeUdpOptions& options() const { return options_; }
  double get(SocketCounter counter, uint32_t offset = 0) const;
  double get(LinkCounter counter, uint32_t link = 0) const { return links_[link]->counter(counter); }
  SocketState state() const { return static_cast<SocketState>(get(SocketCounter::kState)); }
  double wake_at_ms() const { return wake_at_ms_; }
  uint64_t turns() const { return turns_; }
  // What the kernel has taken since the last call.
  std::vector<FakeDatagram> take_wire();
  std::vector<Bytes> wire_bytes();

  FakeKernel kernel;

 private:
  FakeUdpOptions options_;
  FakeClock clock_;
  FakePoller poller_;
  FakeStreamIo streams_;
  FakeDatagramIo datagrams_;
  std::unique_ptr<uint8_t[]> slab_;
  std::unique_ptr<uint8_t[]> peers_;
  std::unique_ptr<uint8_t[]> page_;
  std::unique_ptr<double[]> engine_counters_;
  alignas(kWordBytes) uint32_t engine_sleeps_ = 0;
  std::unique_ptr<Reactor> reactor_;
  std::vector<std::shared_ptr<FakeDatagramLink>> links_;
  std::shared_ptr<UdpSocket> socket_;
  bool asleep_ = false;
  double wake_at_ms_ = 0;
  uint64_t turns_ = 0;
};

}  // namespace netvolley::test
