#include "test/fake_server.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace netvolley::test {

namespace {

constexpr uint32_t kMaxPrepared = 64;      // slots that the datagram side holds for the kernel to fill
constexpr uint32_t kReadBytes = 64 << 10;  // of one read call

std::unique_ptr<uint8_t[]> zeroed(uint64_t bytes) { return std::unique_ptr<uint8_t[]>(new uint8_t[bytes]()); }

// operator new gives 16 bytes of alignment; the words only need 4 of it here, where no thread shares a line.
static_assert(__STDCPP_DEFAULT_NEW_ALIGNMENT__ >= 8);

}  // namespace

ServerConfig small_config() {
  ServerConfig config;
  config.framing.max_body_bytes = 8192;
  config.max_connections = 256;
  config.max_in_flight_per_connection = 16;
  config.max_tcp_in_flight = 128;
  config.max_udp_in_flight = 128;
  config.ring_entries = 256;
  config.udp_peers = 256;
  config.slab = {{256, 2048}, {32, 16384}, {8, 70000}};
  config.read_blocks = 0;
  return config;
}

Address address_of(uint32_t host, uint16_t port) {
  Address address;
  const bool parsed =
      Address::parse("10.0." + std::to_string(host / 256) + "." + std::to_string(host % 256), port, &address);
  CHECK(parsed);
  return address;
}

Bytes frame16(const Bytes& body) {
  Bytes frame{static_cast<uint8_t>(body.size() >> 8), static_cast<uint8_t>(body.size())};
  frame.insert(frame.end(), body.begin(), body.end());
  return frame;
}

Bytes bytes_of(const char* text) { return Bytes(text, text + std::strlen(text)); }

FakeServer::FakeServer(uint64_t run, const FakeServerOptions& options)
    : kernel(random_of(run, 1), options.poll_like, options.limits),
      options_(options),
      clock_(kernel),
      poller_(kernel),
      streams_(kernel),
      datagrams_(kernel) {
  const ServerConfig& config = options_.config;
  slab_ = zeroed(config.request_memory_bytes());
  link_ = zeroed(link_bytes(config.ring_entries));
  transmit_ = zeroed(options_.transmit_bytes);
  peers_ = zeroed((uint64_t{config.max_connections} + config.udp_peers) * kPeerBytes);
  counters_.reset(new double[static_cast<size_t>(ServerCounter::kCount)]());
  engine_counters_.reset(new double[static_cast<size_t>(EngineCounter::kCount)]());
  reactor_.reset(new Reactor({clock_, poller_, streams_, datagrams_}, SharedWord(&engine_sleeps_),
                             CounterPage(engine_counters_.get()), options_.max_events));
  ServerMemory memory;
  memory.slab = slab_.get();
  memory.link = link_.get();
  memory.transmit = transmit_.get();
  memory.transmit_bytes = options_.transmit_bytes;
  memory.peers = peers_.get();
  memory.counters = counters_.get();
  js_ = std::make_shared<FakeJavaScript>(memory, config.ring_entries, SharedWord(&engine_sleeps_),
                                         [this] { reactor_->wake(); });
  server_ = std::make_shared<RequestServer>(*reactor_, config, memory, js_);
  start();
}

FakeServer::~FakeServer() { reactor_->stop(); }

void FakeServer::start() {
  Address bound;
  int tcp = -1;
  int udp = -1;
  ListenOptions listen;
  listen.backlog = options_.backlog;
  if (options_.tcp) tcp = static_cast<int>(streams_.listen(address_of(1, 53), listen, &bound).count);
  if (options_.udp) udp = static_cast<int>(datagrams_.open(address_of(1, 53), {}, &bound).count);
  post([this, tcp, udp] {
    server_->start(tcp, udp);
    CHECK_EQ(get(ServerCounter::kStartErrno), 0.0);
    reactor_->add(server_);
  });
  settle();
}

FakeClient FakeServer::connect(uint16_t port) {
  const std::shared_ptr<FakeStream> stream = kernel.connect(address_of(2, port));
  CHECK(stream != nullptr);
  return FakeClient(kernel, stream);
}

bool FakeServer::step() {
  if (asleep_ && !kernel.woken() && !kernel.has_events() && kernel.now_ms() < wake_at_ms_) return false;
  asleep_ = false;
  reactor_->turn(0);
  if (options_.inline_drive) {
    js_->drain();
    handle();
    reactor_->settle();
  }
  ++turns_;
  check();
  if (reactor_->fall_asleep()) {
    asleep_ = true;
    wake_at_ms_ = kernel.now_ms() + std::ceil(reactor_->next_timeout_ms());
  }
  return true;
}

void FakeServer::handle() {
  if (handler) {
    while (!js_->held().empty()) {
      const FakeRequest request = std::move(js_->held().front());
      js_->held().pop_front();
      handler(*js_, request);
    }
  }
  js_->commit();
}

bool FakeServer::step_js() {
  if (!js_->awake() || js_->retired()) return false;
  js_->drain();
  handle();
  return true;
}

void FakeServer::settle(uint32_t most_turns) {
  uint32_t turns = 0;
  for (bool going = true; going;) {
    going = step_js();
    if (step()) {
      going = true;
      CHECK(++turns < most_turns);  // else the reactor spins
    }
  }
}

void FakeServer::run_for(double ms) {
  const double end_ms = kernel.now_ms() + ms;
  for (settle(); kernel.now_ms() < end_ms; settle()) {
    const double event_ms = kernel.next_event_ms();
    double next_ms = std::min(end_ms, std::max(wake_at_ms_, kernel.now_ms()));
    if (event_ms >= 0) next_ms = std::min(next_ms, event_ms);
    kernel.advance_to(next_ms);
  }
}

void FakeServer::drain(double grace_ms) {
  post([this, grace_ms] { server_->drain(grace_ms); });
}

void FakeServer::destroy() {
  post([this] { server_->destroy(); });
}

void FakeServer::check() {
  for (const std::string& what : kernel.violations()) {
    const Note note(what);
    CHECK_EQ(kernel.violations().size(), 0u);
  }
  double closed_sum = 0;
  for (uint32_t i = 0; i < static_cast<uint32_t>(CloseReason::kCount); ++i)
    closed_sum += closed(static_cast<CloseReason>(i));
  CHECK_EQ(get(ServerCounter::kAccepted), get(ServerCounter::kConnectionsActive) + closed_sum);
  const double opened = get(ServerCounter::kRequestsTcp) + get(ServerCounter::kRequestsUdp);
  const double settled = get(ServerCounter::kReplied) + get(ServerCounter::kNoReply) + get(ServerCounter::kFailed) +
                         get(ServerCounter::kAborted);
  CHECK_EQ(opened, settled + get(ServerCounter::kInFlight));
  CHECK(get(ServerCounter::kUnsentBytes) >= 0);
  const ServerConfig& config = options_.config;
  const double active = get(ServerCounter::kConnectionsActive);
  CHECK(get(ServerCounter::kUnsentBytes) <= active * static_cast<double>(config.write_limit_bytes));
  const double most = static_cast<double>(config.max_buffered_bytes) + kReadBytes;
  CHECK(get(ServerCounter::kBufferedBytes) >= 0 && get(ServerCounter::kBufferedBytes) <= most);
  CHECK(active <= config.max_connections);
  if (state() == ServerState::kClosed) return CHECK_EQ(active, 0.0);
  const double used = get(ServerCounter::kSlabSlots) - get(ServerCounter::kSlabFree);
  // Requests in read blocks need no slots.
  const double prepared = used - (config.read_blocks == 0 ? get(ServerCounter::kInFlight) : 0);
  CHECK(prepared >= 0 && used - get(ServerCounter::kInFlight) <= kMaxPrepared);
  if (get(ServerCounter::kInFlight) == 0)
    CHECK_EQ(get(ServerCounter::kReadBlocksFree), get(ServerCounter::kReadBlocks));
  CHECK(get(ServerCounter::kInFlight) <= config.max_tcp_in_flight + config.max_udp_in_flight);
}

void FakeServer::check_finished() {
  settle();
  CHECK_EQ(state(), ServerState::kClosed);
  CHECK(reactor_->idle());
  CHECK(js_->retired());
  CHECK_EQ(kernel.open_descriptors(), 0u);
  CHECK_EQ(get(ServerCounter::kBufferedBytes), 0.0);
  CHECK_EQ(get(ServerCounter::kUnsentBytes), 0.0);
  // Slots of the wheel are emptied as it comes round.
  for (int i = 0; i < 2; ++i) {
    kernel.advance_to(kernel.now_ms() + 5000);
    reactor_->turn(0);
  }
  CHECK(reactor_->timers().next_ms(kernel.now_ms()) < 0);
}

void FakeServer::echo(FakeJavaScript& js, const FakeRequest& request) { js.reply(request, request.frame); }

}  // namespace netvolley::test
