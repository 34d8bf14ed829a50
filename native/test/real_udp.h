#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "engine/udp_socket.h"
#include "io/back_end.h"
#include "io/posix_stream_io.h"
#include "test/fake_datagram_link.h"

namespace netvolley::test {

// A bell for a thread that sleeps: calls that come before anybody waits are kept, as one.
class ThreadBell final : public Bell {
 public:
  void ring() override;
  // Nobody comes any more only where a wake-up was lost.
  void wait();

 private:
  std::mutex mutex_;
  std::condition_variable rung_now_;
  bool rung_ = false;
};

// A UdpSocket on real sockets, with its reactor and with plain memory in place of shared buffers. Whoever makes it
// runs the reactor: turn by turn, or in a thread.
class RealUdp {
 public:
  RealUdp(BackEnd back_end, const DatagramConfig& config, const DatagramLinkSizes& sizes);
  ~RealUdp();
  RealUdp(const RealUdp&) = delete;
  RealUdp& operator=(const RealUdp&) = delete;

  // Links are made before the reactor runs; added() may come later, by post().
  std::shared_ptr<FakeDatagramLink> make_link(bool receives);
  void add(const DatagramLink::Parts& parts) { socket_->add_link(parts); }
  // Opens on loopback, starts and reads.
  void open();

  // Turns, and lets the links drain and publish, until `done`. For tests without threads.
  template <class Done>
  void run_until(const std::vector<std::shared_ptr<FakeDatagramLink>>& links, Done done) {
    for (int turns = 0; !done(); ++turns) {
      expect_patience(turns);
      reactor_->turn(reactor_->fall_asleep() ? 5 : 0);
      for (const auto& link : links) {
        link->drain();
        link->commit();
      }
    }
  }

  const Address& at() const { return at_; }
  Reactor& reactor() { return *reactor_; }
  UdpSocket& socket() { return *socket_; }
  DatagramIo& io() { return *datagrams_; }
  // Under the epoch.
  double get(SocketCounter counter) const;

 private:
  static void expect_patience(int turns);

  DatagramConfig config_;
  DatagramLinkSizes sizes_;
  MonotonicClock clock_;
  std::unique_ptr<Poller> poller_;
  PosixStreamIo streams_;
  std::unique_ptr<DatagramIo> datagrams_;
  std::unique_ptr<uint8_t[]> slab_;
  std::unique_ptr<uint8_t[]> peers_;
  std::unique_ptr<uint8_t[]> page_;
  std::unique_ptr<double[]> engine_counters_;
  alignas(kWordBytes) uint32_t engine_sleeps_ = 0;
  std::unique_ptr<Reactor> reactor_;
  std::shared_ptr<UdpSocket> socket_;
  Address at_;
};

// Small slots, and more peers than slots.
DatagramConfig real_datagram_config();

}  // namespace netvolley::test
