#include "test/fake_host.h"

#include "test/check.h"

namespace netvolley::test {

namespace {

constexpr uint32_t kTransmitBytes = 1 << 20;

}  // namespace

void FakeHost::ThreadBell::ring() {
  const std::lock_guard<std::mutex> lock(mutex);
  rung = true;
  rung_now.notify_one();
}

void FakeHost::ThreadBell::wait() {
  std::unique_lock<std::mutex> lock(mutex);
  rung_now.wait(lock, [this] { return rung; });
  rung = false;
}

FakeHost::FakeHost(const ServerConfig& config) : config_(config) {
  CHECK(poller_.valid());
  const uint64_t slab = config.request_memory_bytes();
  const uint64_t link = link_bytes(config.ring_entries);
  const uint64_t peers = (uint64_t{config.max_connections} + config.udp_peers) * kPeerBytes;
  memory_.reset(new uint8_t[slab + link + peers + kTransmitBytes]());
  counters_.reset(new double[static_cast<size_t>(ServerCounter::kCount)]());
  engine_counters_.reset(new double[static_cast<size_t>(EngineCounter::kCount)]());
  ServerMemory memory;
  memory.slab = memory_.get();
  memory.link = memory.slab + slab;
  memory.peers = memory.link + link;
  memory.transmit = memory.peers + peers;
  memory.transmit_bytes = kTransmitBytes;
  memory.counters = counters_.get();
  const System system{clock_, poller_, streams_, datagrams_};
  reactor_.reset(new Reactor(system, SharedWord(&engine_sleeps_), CounterPage(engine_counters_.get()), 256));
  js_.reset(new FakeJavaScript(memory, config.ring_entries, SharedWord(&engine_sleeps_), [this] { reactor_->wake(); }));
  server_ = std::make_shared<RequestServer>(*reactor_, config_, memory, bell_);

  Address loopback;
  CHECK(Address::parse("127.0.0.1", 0, &loopback));
  const IoResult tcp = streams_.listen(loopback, {}, &tcp_);
  const IoResult udp = datagrams_.open(loopback, {}, &udp_);
  CHECK(tcp.ok() && udp.ok());
  reactor_->post([this, tcp, udp] {
    server_->start(static_cast<int>(tcp.count), static_cast<int>(udp.count));
    CHECK_EQ(get(ServerCounter::kStartErrno), 0.0);
    reactor_->add(server_);
    started_ = true;
    started_.notify_one();
  });
  reactor_thread_ = std::thread([this] { reactor_->run(); });
  js_thread_ = std::thread([this] { run_js(); });
  // A stop before its first turn would drop the command, and with it the descriptors.
  started_.wait(false);
}

void FakeHost::run_js() {
  while (!js_->retired()) {
    bell_->wait();
    js_->drain();
    auto& held = js_->held();
    for (; !held.empty(); held.pop_front()) {
      const FakeRequest& request = held.front();
      CHECK(js_->intact(request));
      if (request.id % 2 == 0) {
        js_->reply_in_place(request, 0, static_cast<uint32_t>(request.frame.size()));
      } else {
        js_->reply(request, request.frame);
      }
    }
    js_->commit();
  }
}

void FakeHost::drain(double grace_ms) {
  reactor_->post([this, grace_ms] { server_->drain(grace_ms); });
}

void FakeHost::wait_for_end() {
  if (js_thread_.joinable()) js_thread_.join();
}

void FakeHost::stop() {
  reactor_->request_stop();
  if (reactor_thread_.joinable()) reactor_thread_.join();
  wait_for_end();
}

}  // namespace netvolley::test
