#include "io/offload_probe.h"

#include <dirent.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include <thread>

#include "test/io_socket.h"

namespace netvolley::test {
namespace {

constexpr Offloads kNone{1, false};
constexpr Offloads kSegmentsAlone{64, false};
constexpr Offloads kBoth{64, true};

ProbeExchange exchange_of(uint32_t messages, uint32_t bytes, uint16_t segment_bytes) {
  ProbeExchange exchange;
  exchange.sent = true;
  exchange.messages = messages;
  exchange.bytes = bytes;
  exchange.segment_bytes = segment_bytes;
  exchange.kernel_major = 6;
  exchange.kernel_minor = 1;
  return exchange;
}

uint32_t open_descriptors() {
  DIR* folder = opendir("/proc/self/fd");
  CHECK(folder != nullptr);
  uint32_t count = 0;
  while (readdir(folder) != nullptr) ++count;
  closedir(folder);
  return count;
}

}  // namespace

TEST("[U27] one joined message shows both offloads, three datagrams the one for sending") {
  CHECK(judge(exchange_of(1, 250, 100)) == kBoth);
  CHECK(judge(exchange_of(3, 250, 0)) == kSegmentsAlone);
}

TEST("[U27] what was sent uncut, came in part or not at all shows neither") {
  CHECK(judge(exchange_of(1, 250, 0)) == kNone);  // the kernel took no notice of the segments
  CHECK(judge(exchange_of(2, 200, 0)) == kNone);
  CHECK(judge(exchange_of(0, 0, 0)) == kNone);
  CHECK(judge(exchange_of(2, 250, 0)) == kNone);
  ProbeExchange refused;
  refused.kernel_major = 6;
  CHECK(judge(refused) == kNone);
}

TEST("[U27] joining is not trusted before Linux 5.12") {
  ProbeExchange exchange = exchange_of(1, 250, 100);
  for (const auto& [major, minor, gro] :
       {std::tuple{4u, 18u, false}, std::tuple{5u, 11u, false}, std::tuple{5u, 12u, true}, std::tuple{6u, 0u, true}}) {
    exchange.kernel_major = major;
    exchange.kernel_minor = minor;
    CHECK_EQ(judge(exchange).gro, gro);
    CHECK_EQ(judge(exchange).gso_max_segments, 64);
  }
}

TEST("[U27] where loopback is barred the option alone counts, and joining stays off") {
  ProbeExchange exchange;
  exchange.barred = true;
  CHECK(judge(exchange) == kNone);
  exchange.segments_known = true;
  CHECK(judge(exchange) == kSegmentsAlone);
}

TEST("[U27] what the probe says is what this kernel does, from any thread, and no descriptor is left") {
  const uint32_t before = open_descriptors();
  for (const Family family : {Family::kIpv4, Family::kIpv6}) {
    if (family == Family::kIpv6 && !has_ipv6()) continue;
    std::array<Offloads, 4> seen;
    std::vector<std::thread> threads;
    for (Offloads& offloads : seen) {
      threads.emplace_back([&offloads, family] { offloads = probe_offloads(family); });
    }
    for (std::thread& thread : threads) thread.join();
    for (const Offloads& offloads : seen) CHECK(offloads == seen[0]);
    CHECK(probe_offloads(family) == seen[0]);

    const std::unique_ptr<DatagramIo> io = make_datagram_io(BackEnd::kSingle, 1);
    DatagramSocketOptions joining;
    joining.gro = seen[0].gro;
    const char* host = family == Family::kIpv4 ? kLoopback4 : kLoopback6;
    const IoSocket receiver(*io, host, joining);
    IoSocket sender(*io, host);
    const int error = sender.send(std::string(64 * 10, 'x'), &receiver.at(), nullptr, 10);
    CHECK_EQ(error == 0, seen[0].gso_max_segments == 64);
    if (error == 0) CHECK_EQ(receive_one(*io, receiver)->vector.segment_bytes, seen[0].gro ? 10 : 0);
  }
  CHECK_EQ(open_descriptors(), before);
}

TEST("[U27] the probe leaves no option behind: a socket opened later sends its datagrams whole") {
  static_cast<void>(probe_offloads(Family::kIpv4));
  const std::unique_ptr<DatagramIo> io = make_datagram_io(BackEnd::kSingle, 1);
  const IoSocket receiver(*io);
  IoSocket sender(*io);
  // A segmented message before it: the option must not have become the socket's.
  for (const uint16_t segment_bytes : {uint16_t{0}, uint16_t{100}, uint16_t{0}}) {
    if (segment_bytes != 0 && probe_offloads(Family::kIpv4).gso_max_segments == 1) continue;
    CHECK_EQ(sender.send(std::string(250, 'x'), &receiver.at(), nullptr, segment_bytes), 0);
    int option = -1;
    socklen_t size = sizeof option;
    CHECK_EQ(getsockopt(sender.fd(), SOL_UDP, UDP_SEGMENT, &option, &size), 0);
    CHECK_EQ(option, 0);
    CHECK_EQ(receive_one(*io, receiver)->vector.bytes, segment_bytes == 0 ? 250 : 100);
    while (!is_dry(*io, receiver)) {
    }
  }
}

}  // namespace netvolley::test
