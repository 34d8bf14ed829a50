#include "test/real_udp.h"

#include <chrono>
#include <cstring>
#include <thread>

#include "test/check.h"

namespace netvolley::test {

namespace {

constexpr std::chrono::seconds kLost{30};
constexpr int kMostTurns = 20000;

std::unique_ptr<uint8_t[]> zeroed(uint64_t bytes) { return std::unique_ptr<uint8_t[]>(new uint8_t[bytes]()); }

}  // namespace

void ThreadBell::ring() {
  const std::lock_guard<std::mutex> lock(mutex_);
  rung_ = true;
  rung_now_.notify_one();
}

void ThreadBell::wait() {
  std::unique_lock<std::mutex> lock(mutex_);
  CHECK(rung_now_.wait_for(lock, kLost, [this] { return rung_; }));
  rung_ = false;
}

DatagramConfig real_datagram_config() {
  DatagramConfig config;
  config.slab = {{512, 2048}, {32, 65536}};
  config.max_peers = 2048;
  config.socket.receive_buffer_bytes = 4 << 20;
  config.socket.send_buffer_bytes = 4 << 20;
  return config;
}

RealUdp::RealUdp(BackEnd back_end, const DatagramConfig& config, const DatagramLinkSizes& sizes)
    : config_(config),
      sizes_(sizes),
      poller_(make_poller(back_end, 64)),
      datagrams_(make_datagram_io(back_end, 1024)),
      slab_(zeroed(Slab::size_bytes(config.slab) + 64)),
      peers_(zeroed(uint64_t{config.max_peers} * kPeerBytes)),
      engine_counters_(new double[static_cast<size_t>(EngineCounter::kCount)]()) {
  CHECK_EQ(poller_->error(), 0);
  uint32_t slots = 0;
  for (const SlabClass& one : config.slab) slots += one.slots;
  page_ = zeroed(socket_page_bytes(slots));
  reactor_.reset(new Reactor({clock_, *poller_, streams_, *datagrams_}, SharedWord(&engine_sleeps_),
                             CounterPage(engine_counters_.get()), 64));
  socket_ =
      std::make_shared<UdpSocket>(*reactor_, config_, DatagramSocketMemory{slab_.get(), peers_.get(), page_.get()});
}

RealUdp::~RealUdp() { reactor_->stop(); }

std::shared_ptr<FakeDatagramLink> RealUdp::make_link(bool receives) {
  DatagramLinkSizes sizes = sizes_;
  if (!receives) sizes.receive_entries = sizes.return_entries = 0;
  return std::make_shared<FakeDatagramLink>(
      sizes, SharedWord(&engine_sleeps_), [this] { reactor_->wake(); }, slab_.get(), peers_.get(), 1 << 20);
}

void RealUdp::open() {
  Address loopback;
  CHECK(Address::parse("127.0.0.1", 0, &loopback));
  const IoResult opened = datagrams_->open(loopback, config_.socket, &at_);
  CHECK_EQ(opened.error, 0);
  socket_->fd().adopt(static_cast<int>(opened.count));
  reactor_->post([this] {
    reactor_->add(socket_);
    CHECK_EQ(socket_->start(), 0);
    socket_->set_reading(true);
  });
}

void RealUdp::expect_patience(int turns) {
  CHECK(turns < kMostTurns);  // else something was forgotten
}

double RealUdp::get(SocketCounter counter) const {
  const SharedWord epoch(reinterpret_cast<uint32_t*>(page_.get()));
  double* cells = reinterpret_cast<double*>(page_.get() + kWordBytes);
  for (;;) {
    const uint32_t before = epoch.load();
    const double value = std::atomic_ref<double>(cells[static_cast<size_t>(counter)]).load(std::memory_order_acquire);
    if (before % 2 == 0 && epoch.load() == before) return value;
    std::this_thread::yield();
  }
}

}  // namespace netvolley::test
