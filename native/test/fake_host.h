#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "engine/request_server.h"
#include "io/epoll_poller.h"
#include "io/mmsg_datagram_io.h"
#include "io/posix_stream_io.h"
#include "test/fake_javascript.h"

namespace netvolley::test {

// What Node.js is to the engine, for tests on real sockets: a thread that runs the reactor, and one that runs the model
// of JavaScript and sleeps until its bell rings.
class FakeHost {
 public:
  explicit FakeHost(const ServerConfig& config);
  ~FakeHost() { stop(); }
  FakeHost(const FakeHost&) = delete;
  FakeHost& operator=(const FakeHost&) = delete;

  Reactor& reactor() { return *reactor_; }
  const Address& tcp() const { return tcp_; }
  const Address& udp() const { return udp_; }
  double get(ServerCounter counter) const { return CounterPage(counters_.get()).get(counter); }
  void drain(double grace_ms);
  // Until the server has retired its link.
  void wait_for_end();
  void stop();

 private:
  struct ThreadBell final : Bell {
    void ring() override;
    void wait();
    std::mutex mutex;
    std::condition_variable rung_now;
    bool rung = false;
  };

  void run_js();

  ServerConfig config_;
  MonotonicClock clock_;
  EpollPoller poller_{256};
  PosixStreamIo streams_;
  MmsgDatagramIo datagrams_{64};
  std::unique_ptr<uint8_t[]> memory_;
  std::unique_ptr<double[]> counters_;
  std::unique_ptr<double[]> engine_counters_;
  uint32_t engine_sleeps_ = 0;
  std::unique_ptr<Reactor> reactor_;
  std::shared_ptr<ThreadBell> bell_ = std::make_shared<ThreadBell>();
  std::unique_ptr<FakeJavaScript> js_;
  std::shared_ptr<RequestServer> server_;
  Address tcp_;
  Address udp_;
  std::atomic<bool> started_{false};
  std::thread reactor_thread_;
  std::thread js_thread_;
};

}  // namespace netvolley::test
