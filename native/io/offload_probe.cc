#include "io/offload_probe.h"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <mutex>

#include "io/clock.h"
#include "io/single_datagram_io.h"

namespace netvolley {

namespace {

constexpr uint32_t kProbeBytes = 250;
constexpr uint16_t kSegmentBytes = 100;
constexpr uint32_t kSegments = 3;
constexpr double kPatienceMs = 50;
// The least limit of any kernel that has GSO for datagrams.
constexpr uint16_t kMaxSegments = 64;
constexpr uint32_t kReceiveBytes = 4096;

class Descriptor {
 public:
  Descriptor() = default;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  bool take(const IoResult& result) {
    if (result.ok()) fd_ = static_cast<int>(result.count);
    return result.ok();
  }
  int get() const { return fd_; }

 private:
  int fd_ = -1;
};

bool knows_segments(Family family) {
  const int fd = socket(family == Family::kIpv4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  const int on = kSegmentBytes;
  const bool known = setsockopt(fd, SOL_UDP, UDP_SEGMENT, &on, sizeof on) == 0;
  ::close(fd);  // and the option with it
  return known;
}

void read_kernel_version(ProbeExchange* exchange) {
  utsname name{};
  if (uname(&name) == 0) std::sscanf(name.release, "%u.%u", &exchange->kernel_major, &exchange->kernel_minor);
}

// Takes what comes, until all of it is there or the patience is over.
void receive_all(DatagramIo& io, int fd, ProbeExchange* exchange) {
  std::array<uint8_t, kReceiveBytes> bytes;
  ReceiveVector vector;
  vector.data = bytes.data();
  vector.capacity = kReceiveBytes;
  MonotonicClock clock;
  const double until_ms = clock.now_ms() + kPatienceMs;
  while (exchange->bytes < kProbeBytes) {
    if (io.receive(fd, &vector, 1, true).ok()) {
      if (exchange->messages++ == 0) exchange->segment_bytes = vector.segment_bytes;
      exchange->bytes += vector.bytes;
      continue;
    }
    const double left_ms = until_ms - clock.now_ms();
    if (left_ms <= 0) return;
    pollfd readable{fd, POLLIN, 0};
    poll(&readable, 1, static_cast<int>(left_ms) + 1);
  }
}

bool open_pair(DatagramIo& io, Family family, Descriptor* sender, Descriptor* receiver, Address* receiver_at) {
  Address loopback;
  Address sender_at;
  if (!Address::parse(family == Family::kIpv4 ? "127.0.0.1" : "::1", 0, &loopback)) return false;
  DatagramSocketOptions options;
  options.ipv6_only = true;
  DatagramSocketOptions joining = options;
  joining.gro = true;
  if (!sender->take(io.open(loopback, options, &sender_at))) return false;
  // A kernel without GRO refuses the option: then an ordinary socket sees what arrives.
  return receiver->take(io.open(loopback, joining, receiver_at)) ||
         receiver->take(io.open(loopback, options, receiver_at));
}

ProbeExchange barred(Family family, ProbeExchange exchange) {
  exchange.barred = true;
  exchange.segments_known = knows_segments(family);
  return exchange;
}

ProbeExchange exchange_on_loopback(Family family) {
  ProbeExchange exchange;
  read_kernel_version(&exchange);
  SingleDatagramIo io;
  Address receiver_at;
  Descriptor sender;
  Descriptor receiver;
  if (!open_pair(io, family, &sender, &receiver, &receiver_at)) return barred(family, exchange);
  const std::array<uint8_t, kProbeBytes> payload{};
  SendVector vector;
  vector.data = payload.data();
  vector.bytes = kProbeBytes;
  vector.to = &receiver_at;
  vector.segment_bytes = kSegmentBytes;
  const IoResult sent = io.send(sender.get(), &vector, 1);
  // A firewall on loopback: nothing was learned about offloads.
  if (sent.error == EPERM || sent.error == EACCES) return barred(family, exchange);
  exchange.sent = sent.ok();
  if (sent.ok()) receive_all(io, receiver.get(), &exchange);
  return exchange;
}

}  // namespace

Offloads judge(const ProbeExchange& exchange) {
  if (exchange.barred) return {exchange.segments_known ? kMaxSegments : uint16_t{1}, false};
  if (!exchange.sent || exchange.bytes != kProbeBytes) return {};
  const bool joined = exchange.messages == 1 && exchange.segment_bytes == kSegmentBytes;
  // One message without a segment size is a kernel that took no notice of the segments.
  if (!joined && exchange.messages != kSegments) return {};
  // Before 5.12 a GRO socket could be given messages that it had not asked for.
  const bool sound = exchange.kernel_major > 5 || (exchange.kernel_major == 5 && exchange.kernel_minor >= 12);
  return {kMaxSegments, joined && sound};
}

Offloads probe_offloads(Family family) {
  struct Known {
    std::once_flag once;
    Offloads offloads;
  };
  static Known four;
  static Known six;
  Known& known = family == Family::kIpv4 ? four : six;
  std::call_once(known.once, [&known, family] { known.offloads = judge(exchange_on_loopback(family)); });
  return known.offloads;
}

}  // namespace netvolley
