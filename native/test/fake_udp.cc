#include "test/fake_udp.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "test/check.h"

namespace netvolley::test {

namespace {

std::unique_ptr<uint8_t[]> zeroed(uint64_t bytes) { return std::unique_ptr<uint8_t[]>(new uint8_t[bytes]()); }

uint32_t slots_of(const DatagramConfig& config) {
  uint32_t slots = 0;
  for (const SlabClass& one : config.slab) slots += one.slots;
  return slots;
}

}  // namespace

DatagramConfig small_datagram_config() {
  DatagramConfig config;
  config.slab = {{32, 256}, {8, 65536}};
  config.max_peers = 128;
  return config;
}

Bytes payload_of(uint32_t id, uint32_t count) {
  Bytes bytes(count);
  uint32_t state = id * 2654435761u;
  for (uint32_t i = 0; i < count; ++i) bytes[i] = static_cast<uint8_t>((state += 97) >> 5);
  if (count >= sizeof id) std::memcpy(bytes.data(), &id, sizeof id);
  return bytes;
}

FakeUdp::FakeUdp(uint64_t run, const FakeUdpOptions& options)
    : kernel(random_of(run, 1), options.poll_like, options.limits),
      options_(options),
      clock_(kernel),
      poller_(kernel),
      streams_(kernel),
      datagrams_(kernel, options.max_batch) {
  const DatagramConfig& config = options_.config;
  slab_ = zeroed(Slab::size_bytes(config.slab) + 64);
  peers_ = zeroed(uint64_t{config.max_peers} * kPeerBytes);
  page_ = zeroed(socket_page_bytes(slots_of(config)));
  engine_counters_.reset(new double[static_cast<size_t>(EngineCounter::kCount)]());
  reactor_.reset(new Reactor({clock_, poller_, streams_, datagrams_}, SharedWord(&engine_sleeps_),
                             CounterPage(engine_counters_.get()), 64));
  socket_ =
      std::make_shared<UdpSocket>(*reactor_, config, DatagramSocketMemory{slab_.get(), peers_.get(), page_.get()});
  for (uint32_t i = 0; i < options_.links; ++i) add_link(i < options_.receiving_links);
  Address bound;
  const IoResult opened = datagrams_.open(address_of(1, 53), config.socket, &bound);
  CHECK(opened.ok());
  socket_->fd().adopt(static_cast<int>(opened.count));
  post([this] {
    reactor_->add(socket_);
    CHECK_EQ(socket_->start(), 0);
    socket_->set_reading(true);
  });
  settle();
}

FakeUdp::~FakeUdp() { reactor_->stop(); }

void FakeUdp::add_link(bool receives) {
  DatagramLinkSizes sizes = options_.sizes;
  if (!receives) sizes.receive_entries = sizes.return_entries = 0;
  auto link = std::make_shared<FakeDatagramLink>(
      sizes, SharedWord(&engine_sleeps_), [this] { reactor_->wake(); }, slab_.get(), peers_.get(), options_.send_bytes);
  links_.push_back(link);
  const DatagramLink::Parts parts = link->parts(link);
  if (turns_ == 0) return socket_->add_link(parts);
  post([this, parts] { socket_->add_link(parts); });
}

double FakeUdp::get(SocketCounter counter, uint32_t offset) const {
  double value = 0;
  std::memcpy(&value, page_.get() + kWordBytes + (static_cast<size_t>(counter) + offset) * sizeof value, sizeof value);
  return value;
}

bool FakeUdp::step() {
  if (asleep_ && !kernel.woken() && !kernel.has_events() && kernel.now_ms() < wake_at_ms_) return false;
  asleep_ = false;
  reactor_->turn(0);
  if (options_.inline_drive) {
    for (const auto& link : links_) {
      if (link->retired()) continue;
      link->drain();
      link->commit();
    }
    reactor_->settle();
  }
  ++turns_;
  check();
  if (reactor_->fall_asleep()) {
    asleep_ = true;
    // As poll() waits: whole milliseconds, where there is no finer alarm.
    wake_at_ms_ = kernel.now_ms() + std::ceil(reactor_->next_timeout_ms());
  }
  return true;
}

bool FakeUdp::step_js() {
  bool ran = false;
  for (const auto& link : links_) {
    if (!link->awake() || link->retired()) continue;
    link->drain();
    link->commit();
    ran = true;
  }
  return ran;
}

void FakeUdp::settle(uint32_t most_turns) {
  uint32_t turns = 0;
  for (bool going = true; going;) {
    going = step_js();
    if (!step()) continue;
    going = true;
    CHECK(++turns < most_turns);  // else the reactor spins
  }
}

void FakeUdp::run_for(double ms) {
  const double end_ms = kernel.now_ms() + ms;
  for (settle(); kernel.now_ms() < end_ms; settle()) {
    const double event_ms = kernel.next_event_ms();
    double next_ms = std::min(end_ms, std::max(wake_at_ms_, kernel.now_ms()));
    if (event_ms >= 0) next_ms = std::min(next_ms, event_ms);
    kernel.advance_to(next_ms);
  }
}

void FakeUdp::close() {
  post([this] { socket_->close(); });
}

void FakeUdp::check() {
  for (const std::string& what : kernel.violations()) {
    const Note note(what);
    CHECK_EQ(kernel.violations().size(), 0u);
  }
  double published = 0;
  for (uint32_t i = 0; i < links(); ++i) {
    using Id = LinkCounter;
    const Note note("link " + std::to_string(i));
    const double settled = get(Id::kSent, i) + get(Id::kFailed, i) + get(Id::kExpired, i) + get(Id::kEvicted, i) +
                           get(Id::kAborted, i) + get(Id::kClosed, i);
    CHECK_EQ(get(Id::kQueued, i), settled + get(Id::kPending, i));
    CHECK_EQ(get(Id::kPending, i), get(Id::kPendingLow, i) + get(Id::kPendingNormal, i) + get(Id::kPendingHigh, i));
    CHECK(get(Id::kPending, i) >= 0);
    CHECK(get(Id::kQueued, i) <= static_cast<double>(links_[i]->queued()));
    CHECK_EQ(get(Id::kOldestQueuedMs, i) != 0, get(Id::kPending, i) != 0);
    published += get(Id::kPublished, i);
    if (!links_[i]->retired()) links_[i]->check_kept();  // the end of a link ends its leases
  }
  using Id = SocketCounter;
  CHECK_EQ(get(Id::kPacketsReceived),
           published + get(Id::kDroppedNoSlot) + get(Id::kDroppedOversize) + get(Id::kDroppedClosed));
  CHECK_EQ(get(Id::kSlots), get(Id::kSlotsFree) + get(Id::kSlotsReading) + get(Id::kSlotsHeld));
  double calls = 0;
  for (uint32_t i = 0; i < 8; ++i) calls += get(Id::kSendBatch0, i);
  CHECK_EQ(calls, get(Id::kBatchesSent));
  CHECK(get(Id::kBatchesSent) <= get(Id::kSendCalls));
}

void FakeUdp::check_finished() {
  settle();
  CHECK_EQ(state(), SocketState::kClosed);
  CHECK(reactor_->idle());
  CHECK_EQ(kernel.open_descriptors(), 0u);
  CHECK(reactor_->alarms().next_ms() < 0);
  for (uint32_t i = 0; i < links(); ++i) {
    CHECK(links_[i]->retired());
    CHECK_EQ(get(LinkCounter::kPending, i), 0.0);
  }
}

std::vector<FakeDatagram> FakeUdp::take_wire() {
  std::vector<FakeDatagram> taken;
  FakeDatagram datagram;
  while (kernel.take_sent(&datagram)) taken.push_back(std::move(datagram));
  return taken;
}

std::vector<Bytes> FakeUdp::wire_bytes() {
  std::vector<Bytes> bytes;
  for (FakeDatagram& datagram : take_wire()) bytes.push_back(std::move(datagram.bytes));
  return bytes;
}

}  // namespace netvolley::test
