#include <algorithm>
#include <array>
#include <cstdio>

#include "test/fake_workload.h"
#include "test/fault_plan.h"

// Runs of a whole server on the simulated kernel under random faults. NETVOLLEY_SEED: the first seed, NETVOLLEY_SEEDS:
// how many, NETVOLLEY_STEPS: reactor turns of each. What a seed does depends on nothing else.
namespace netvolley::test {

namespace {

constexpr uint64_t kTurnsPerServer = 12000;
constexpr uint64_t kFullRun = 1000000;

#ifdef __SANITIZE_THREAD__
constexpr uint64_t kUsualSteps = 30000;  // there is one thread, and it takes five times as long
#else
constexpr uint64_t kUsualSteps = 334000;
#endif

FakeFaults random_faults(Random& random) {
  FakeFaults faults = usual_faults(random);
  faults.reset = fault_level(random, 0.01);
  faults.no_files = fault_level(random, 0.5);
  faults.aborted = fault_level(random, 0.2);
  faults.max_delay_ms = fault_level(random, 30);
  return faults;
}

Framing random_framing(Random& random) {
  Framing framing;
  framing.prefix.bytes = random.one_in(2) ? 2 : 4;
  framing.prefix.little_endian = random.one_in(2);
  framing.prefix.includes_header = random.one_in(2);
  framing.prefix.offset = random.one_in(2) ? 0 : random.below(30);
  framing.max_body_bytes = random.one_in(2) ? 4096 : 700;
  return framing;
}

FakeServerOptions random_options(Random& random) {
  FakeServerOptions options;
  ServerConfig& config = options.config;
  config.framing = random_framing(random);
  config.datagram_framed = random.one_in(2);
  config.max_connections = random.one_in(3) ? 6 : 64;
  config.max_in_flight_per_connection = 1 + random.below(16);
  config.max_tcp_in_flight = 4 + random.below(60);
  config.max_udp_in_flight = 4 + random.below(60);
  config.ring_entries = 128;
  config.udp_peers = 64;
  config.udp_payload_bytes = random.one_in(2) ? 65507 : 2000;
  config.max_buffered_bytes = random.one_in(3) ? 3000 : 1 << 20;
  config.write_high_water_bytes = 1000 + random.below(20000);
  config.write_low_water_bytes = config.write_high_water_bytes / 4;
  config.write_limit_bytes = random.one_in(3) ? config.write_high_water_bytes + 12000 : 1 << 20;
  config.header_timeout_ms = config.body_timeout_ms = 50 + random.below(2000);
  config.write_timeout_ms = 50 + random.below(2000);
  config.idle_timeout_ms = random.one_in(3) ? 0 : 100 + random.below(5000);
  config.linger_timeout_ms = 20 + random.below(500);
  config.linger_bytes = random.one_in(2) ? 65536 : 500;
  // The datagram side may hold 64 of the smallest; the rest is less than what may be in flight.
  config.slab = {{72 + random.below(100), 256}, {2 + random.below(30), 1024}, {1 + random.below(12), 9000}};
  config.read_blocks = random.one_in(3) ? 0 : 1 + random.below(4);
  config.read_block_bytes = 256 << random.below(8);
  options.limits.receive_bytes = random.one_in(2) ? 16 << 10 : 300;
  options.limits.send_bytes = random.one_in(2) ? 16 << 10 : 2000;
  options.limits.descriptors = random.one_in(4) ? 8 + random.below(8) : 1 << 16;
  options.limits.datagrams = 8 + random.below(200);
  options.poll_like = random.one_in(2);
  options.inline_drive = random.one_in(2);
  options.max_events = random.one_in(3) ? 2 : 64;
  options.transmit_bytes = random.one_in(2) ? 70000 : 12000;
  return options;
}

struct Totals {
  uint64_t turns = 0;
  uint64_t servers = 0;
  uint64_t answered = 0;
  std::array<double, static_cast<size_t>(ServerCounter::kCount)> counters{};

  void print() const {
    for (size_t i = static_cast<size_t>(ServerCounter::kAccepted); i < counters.size(); ++i) {
      std::printf("%s %.0f%s", kServerCounterNames[i], counters[i], i + 1 < counters.size() ? ", " : "\n");
    }
    std::printf("%llu reactor turns, %llu servers, %llu requests answered\n", static_cast<unsigned long long>(turns),
                static_cast<unsigned long long>(servers), static_cast<unsigned long long>(answered));
  }
};

// Outcomes that a run of the usual length has to reach, or it shows less than it says.
constexpr ServerCounter kReached[] = {
    ServerCounter::kRejectedMax,       ServerCounter::kRejectedNoFd,  ServerCounter::kAcceptErrors,
    ServerCounter::kReplied,           ServerCounter::kNoReply,       ServerCounter::kFailed,
    ServerCounter::kAborted,           ServerCounter::kLateReplies,   ServerCounter::kRejectedTooLarge,
    ServerCounter::kRejectedTruncated, ServerCounter::kDroppedShort,  ServerCounter::kDroppedTruncated,
    ServerCounter::kDroppedOverload,   ServerCounter::kDroppedKernel, ServerCounter::kSendErrors,
    ServerCounter::kReceiveErrors,     ServerCounter::kDrainServed,   ServerCounter::kDrainIdleClosed};

uint64_t run_server(uint64_t run, uint64_t turns, Totals* totals) {
  Random random = random_of(run, 3);
  FakeServer server(run, random_options(random));
  Workload workload(server, run);
  server.kernel.faults = random_faults(random);
  uint64_t step = 0;
  while (server.turns() < turns) {
    workload.act();
    // While nobody does anything and no time passes, the reactor comes to rest.
    if (++step % 512 == 0) server.settle();
  }
  workload.recover();
  if (random.one_in(3)) {
    workload.ask_before_drain();
    server.destroy();
    server.settle();
  } else {
    workload.ask_before_drain();
    server.drain(5000);
    const double began_ms = server.kernel.now_ms();
    while (server.state() != ServerState::kClosed) {
      server.run_for(10);
      CHECK(server.kernel.now_ms() < began_ms + 5000 + 2 * 8 + 10);
      workload.read_all();
    }
    workload.expect_answered();
  }
  server.check_finished();
  totals->answered += workload.answered();
  totals->turns += server.turns();
  ++totals->servers;
  for (size_t i = 0; i < totals->counters.size(); ++i) totals->counters[i] += server.get(static_cast<ServerCounter>(i));
  return server.turns();
}

}  // namespace

TEST("[SV3] under any faults that end every request has one outcome, every byte its reader, and nothing leaks") {
  const uint64_t seeds = setting("NETVOLLEY_SEEDS", 3);
  const uint64_t steps = setting("NETVOLLEY_STEPS", kUsualSteps);
  Totals totals;
  for (uint64_t i = 0; i < seeds; ++i) {
    const uint64_t first = seed() + i;
    uint64_t done = 0;
    for (uint64_t part = 0; done < steps; ++part) {
      const uint64_t run = first + part * 1000003;
      const uint64_t length = std::min(kTurnsPerServer, steps - done);
      const Note note("NETVOLLEY_SEED=" + std::to_string(run) +
                      " NETVOLLEY_SEEDS=1 NETVOLLEY_STEPS=" + std::to_string(length) + " server_fault_test (seed " +
                      std::to_string(first) + ", server " + std::to_string(part) + ")");
      done += run_server(run, length, &totals);
    }
  }
  totals.print();
  if (seeds * steps < kFullRun) return;
  for (const ServerCounter counter : kReached) {
    const Note note(kServerCounterNames[static_cast<size_t>(counter)]);
    CHECK(totals.counters[static_cast<size_t>(counter)] > 0);
  }
  for (uint32_t i = 0; i < static_cast<uint32_t>(CloseReason::kDrain); ++i) {
    const size_t counter = static_cast<size_t>(closed_counter(static_cast<CloseReason>(i)));
    const Note note(kServerCounterNames[counter]);
    CHECK(totals.counters[counter] > 0);
  }
}

}  // namespace netvolley::test
