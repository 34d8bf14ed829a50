#pragma once

#include <functional>
#include <memory>

#include "engine/request_server.h"
#include "test/fake_client.h"
#include "test/fake_clock.h"
#include "test/fake_datagram_io.h"
#include "test/fake_javascript.h"
#include "test/fake_poller.h"
#include "test/fake_stream_io.h"

namespace netvolley::test {

struct FakeServerOptions {
  ServerConfig config = {};
  FakeLimits limits = {};
  bool poll_like = false;
  bool inline_drive = false;  // JavaScript runs within each turn, then the turn is settled
  bool tcp = true;
  bool udp = true;
  int backlog = 4096;
  uint32_t max_events = 64;
  uint32_t transmit_bytes = 256 << 10;
};

// A small server for tests of single facts: u16 prefix, slots of 2 KiB and more.
ServerConfig small_config();
Address address_of(uint32_t host, uint16_t port);
// A body behind its u16 big-endian length.
Bytes frame16(const Bytes& body);
Bytes bytes_of(const char* text);

// A request server on the simulated kernel, with plain memory in place of shared buffers and a model of JavaScript.
// The reactor sleeps as it would in its thread: it turns only when fall_asleep() refused, the poller has an event, it
// was woken, or its timeout is over. So what is forgotten shows as a hang.
class FakeServer {
 public:
  using Handler = std::function<void(FakeJavaScript&, const FakeRequest&)>;

  FakeServer(uint64_t run, const FakeServerOptions& options);
  ~FakeServer();
  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;

  FakeClient connect(uint16_t port = 40000);
  double get(ServerCounter counter) const { return CounterPage(counters_.get()).get(counter); }
  double closed(CloseReason reason) const { return get(closed_counter(reason)); }
  ServerState state() const { return static_cast<ServerState>(get(ServerCounter::kState)); }
  FakeJavaScript& js() { return *js_; }
  RequestServer& server() { return *server_; }
  Reactor& reactor() { return *reactor_; }
  const ServerConfig& config() const { return options_.config; }
  uint64_t turns() const { return turns_; }

  // Answers each request as it comes to held(); without one they stay there.
  Handler handler;

  // One turn, if the reactor may run now; checks the invariants. False = it sleeps.
  bool step();
  // Lets JavaScript run, if it was rung or has planned to. False = it sleeps.
  bool step_js();
  // Both until they sleep, while no time passes. More than `most_turns` would be a busy loop.
  void settle(uint32_t most_turns = 4000);
  // Time passes, from event to event.
  void run_for(double ms);
  // In the reactor's next turn.
  void post(std::function<void()> command) { reactor_->post(std::move(command)); }
  void drain(double grace_ms);
  void destroy();
  double wake_at_ms() const { return wake_at_ms_; }
  // Finished, nothing open, no timer armed.
  void check_finished();
  void check();

  static void echo(FakeJavaScript& js, const FakeRequest& request);

  FakeKernel kernel;

 private:
  void start();
  void handle();

  FakeServerOptions options_;
  FakeClock clock_;
  FakePoller poller_;
  FakeStreamIo streams_;
  FakeDatagramIo datagrams_;
  std::unique_ptr<uint8_t[]> slab_;
  std::unique_ptr<uint8_t[]> link_;
  std::unique_ptr<uint8_t[]> transmit_;
  std::unique_ptr<uint8_t[]> peers_;
  std::unique_ptr<double[]> counters_;
  std::unique_ptr<double[]> engine_counters_;
  alignas(kWordBytes) uint32_t engine_sleeps_ = 0;
  std::unique_ptr<Reactor> reactor_;
  std::shared_ptr<FakeJavaScript> js_;
  std::shared_ptr<RequestServer> server_;
  bool asleep_ = false;
  double wake_at_ms_ = 0;
  uint64_t turns_ = 0;
};

}  // namespace netvolley::test
