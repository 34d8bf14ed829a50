#include <algorithm>
#include <array>
#include <cstdio>

#include "test/fake_udp_workload.h"
#include "test/fault_plan.h"

// Runs of a whole UdpSocket on the simulated kernel under random faults. NETVOLLEY_SEED: the first seed,
// NETVOLLEY_SEEDS: how many, NETVOLLEY_STEPS: actions of each. What a seed does depends on nothing else.
namespace netvolley::test {

namespace {

constexpr uint64_t kActionsPerSocket = 20000;
// A shorter one may miss what is rare: one socket of twelve has fatal errors.
constexpr uint64_t kFullRun = 3000000;

#ifdef __SANITIZE_THREAD__
constexpr uint64_t kUsualSteps = 60000;  // there is one thread, and it takes five times as long
#else
constexpr uint64_t kUsualSteps = 1000000;
#endif

FakeFaults random_faults(Random& random) {
  FakeFaults faults = usual_faults(random);
  faults.max_delay_ms = fault_level(random, 30);
  faults.offload_io = random.one_in(2) ? 0 : fault_level(random, 0.05);
  faults.offload_invalid = fault_level(random, 0.3);
  faults.too_large = fault_level(random, 0.2);
  faults.denied = fault_level(random, 0.3);
  faults.fatal = random.one_in(12) ? 0.0003 : 0;
  return faults;
}

FakeUdpOptions random_options(Random& random) {
  FakeUdpOptions options;
  DatagramConfig& config = options.config;
  config.slab = {{8 + random.below(40), 256}, {4 + random.below(5), 65536}};
  config.max_peers = 128;
  config.batch_packets = random.one_in(3) ? 64 : random.between(1, 32);
  config.flush_ms = random.one_in(2) ? 0 : random.unit() * 6;
  config.aging_ms = random.one_in(2) ? 0 : random.unit() * 6;
  config.gso_max_segments = static_cast<uint16_t>(random.one_in(4) ? 1 : random.between(2, 64));
  config.gso_min_segments = static_cast<uint16_t>(random.between(2, 5));
  config.gso_gather = random.one_in(2);
  config.gso_retry_ms = random.one_in(3) ? 0 : 20 + random.below(300);
  config.icmp_errors = static_cast<IcmpErrors>(random.below(3));
  config.gro = options.limits.gro = random.one_in(2);
  config.truncate_oversize = !config.gro && random.one_in(2);
  config.max_datagram_bytes = random.one_in(2) ? 65535 : 500;
  config.with_info = random.one_in(2);
  config.poison = random.one_in(2);
  options.limits.datagrams = 8 + random.below(200);
  options.limits.mtu = random.one_in(2) ? 1500 : 600;
  options.poll_like = random.one_in(2);
  options.inline_drive = random.one_in(2);
  options.links = random.between(1, 3);
  options.receiving_links = random.between(1, options.links);
  options.sizes = {8u << random.below(4), 64, 8u << random.below(4), 256};
  options.sizes.completion_entries = 4 * options.sizes.send_entries;
  options.send_bytes = random.one_in(2) ? 64 << 10 : 8 << 10;
  options.max_batch = random.one_in(4) ? 1 : random.one_in(2) ? 64 : 1024;
  return options;
}

struct Totals {
  uint64_t actions = 0;
  uint64_t turns = 0;
  uint64_t sockets = 0;
  uint64_t wire = 0;
  uint64_t injected = 0;
  uint64_t received = 0;
  std::array<double, static_cast<size_t>(LinkCounter::kCount)> link{};
  std::array<double, static_cast<size_t>(SocketCounter::kCount)> socket{};
  FakeDatagramIo::OffloadFaults offload{};

  void add(FakeUdp& udp, const UdpWorkload& workload) {
    ++sockets;
    turns += udp.turns();
    wire += workload.wire();
    injected += workload.injected();
    received += workload.received();
    for (uint32_t i = 0; i < udp.links(); ++i) {
      for (size_t c = 0; c < link.size(); ++c) link[c] += udp.get(static_cast<LinkCounter>(c), i);
    }
    for (size_t c = 0; c < socket.size(); ++c) socket[c] += udp.get(static_cast<SocketCounter>(c));
    for (size_t error = 0; error < offload.size(); ++error) {
      for (size_t at = 0; at < offload[error].size(); ++at) offload[error][at] += udp.io().offload_faults()[error][at];
    }
  }

  void print() const {
    for (size_t i = 0; i < link.size(); ++i) std::printf("%s %.0f, ", kLinkCounterNames[i], link[i]);
    for (size_t i = 0; i < socket.size(); ++i) std::printf("%s %.0f, ", kSocketCounterNames[i], socket[i]);
    const auto number = [](uint64_t value) { return static_cast<unsigned long long>(value); };
    std::printf("\n%llu actions, %llu turns, %llu sockets, %llu datagrams sent, %llu of %llu received\n",
                number(actions), number(turns), number(sockets), number(wire), number(received), number(injected));
  }
};

// Outcomes that a run of the usual length has to reach, or it shows less than it says.
constexpr LinkCounter kReached[] = {LinkCounter::kSent,     LinkCounter::kFailed,  LinkCounter::kExpired,
                                    LinkCounter::kEvicted,  LinkCounter::kAborted, LinkCounter::kClosed,
                                    LinkCounter::kPublished};
constexpr SocketCounter kReachedOfSocket[] = {
    SocketCounter::kCloseErrno,    SocketCounter::kCapabilityChanges, SocketCounter::kPartialSends,
    SocketCounter::kWouldBlock,    SocketCounter::kNoBuffers,         SocketCounter::kRetries,
    SocketCounter::kGsoSends,      SocketCounter::kGsoFallbacks,      SocketCounter::kZeroCopyReplies,
    SocketCounter::kGroMessages,   SocketCounter::kDroppedNoSlot,     SocketCounter::kDroppedOversize,
    SocketCounter::kReceiveErrors, SocketCounter::kPeerErrors,        SocketCounter::kPeersEvicted};

void run_socket(uint64_t run, uint64_t actions, Totals* totals) {
  Random random = random_of(run, 3);
  const FakeUdpOptions options = random_options(random);
  FakeUdp udp(run, options);
  UdpWorkload workload(udp, run, random.one_in(2));
  udp.kernel.faults = random_faults(random);
  for (uint64_t i = 1; i <= actions && !workload.finished(); ++i) {
    workload.act();
    if (i % 512 != 0) continue;
    // While nobody does anything and no time passes, the reactor comes to rest.
    udp.settle();
    workload.look();
  }
  totals->actions += actions;
  if (!workload.finished() && random.one_in(2)) workload.recover();
  if (!workload.finished()) {
    workload.send_a_little();
    const bool patient = random.one_in(2);
    if (patient) udp.kernel.heal();
    udp.post([&] { patient ? udp.socket().close() : udp.socket().abort(); });
    udp.run_for(patient ? 300 : 1);
  }
  udp.settle();
  workload.expect_finished();
  totals->add(udp, workload);
}

}  // namespace

TEST("[U46] under any faults every datagram has one verdict, each slot one owner, and the counters always agree") {
  const uint64_t seeds = setting("NETVOLLEY_SEEDS", 3);
  const uint64_t steps = setting("NETVOLLEY_STEPS", kUsualSteps);
  Totals totals;
  for (uint64_t i = 0; i < seeds; ++i) {
    const uint64_t first = seed() + i;
    uint64_t done = 0;
    for (uint64_t part = 0; done < steps; ++part) {
      const uint64_t run = first + part * 1000003;
      const uint64_t length = std::min(kActionsPerSocket, steps - done);
      const Note note("NETVOLLEY_SEED=" + std::to_string(run) +
                      " NETVOLLEY_SEEDS=1 NETVOLLEY_STEPS=" + std::to_string(length) + " udp_fault_test (seed " +
                      std::to_string(first) + ", socket " + std::to_string(part) + ")");
      run_socket(run, length, &totals);
      done += length;
    }
  }
  totals.print();
  if (seeds * steps < kFullRun) return;
  for (const LinkCounter counter : kReached) {
    const Note note(kLinkCounterNames[static_cast<size_t>(counter)]);
    CHECK(totals.link[static_cast<size_t>(counter)] > 0);
  }
  // EIO and EINVAL on GSO: first of a call, within it, last of it.
  for (const auto& places : totals.offload) {
    for (const uint64_t times : places) CHECK(times > 0);
  }
  for (const SocketCounter counter : kReachedOfSocket) {
    const Note note(kSocketCounterNames[static_cast<size_t>(counter)]);
    CHECK(totals.socket[static_cast<size_t>(counter)] > 0);
  }
}

}  // namespace netvolley::test
