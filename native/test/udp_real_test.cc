#include <sys/socket.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "io/offload_probe.h"
#include "test/fake_udp.h"
#include "test/io_socket.h"
#include "test/real_udp.h"

namespace netvolley::test {
namespace {

const DatagramLinkSizes kSizes{1024, 1024, 1024, 4096};

using Links = std::vector<std::shared_ptr<FakeDatagramLink>>;

// A socket with one link, and a plain socket at the other end.
struct Pair {
  explicit Pair(DatagramConfig config = real_datagram_config(), BackEnd back_end = BackEnd::kMmsg)
      : other_io(make_datagram_io(BackEnd::kMmsg, 64)),
        other(*other_io, kLoopback4, large_buffer()),
        udp(back_end, config, kSizes) {
    link = udp.make_link(true);
    links = {link};
    udp.add(link->parts(link));
    udp.open();
    to = link->destination(other.at());
    udp.run_until(links, [this] { return udp.get(SocketCounter::kState) == 1; });
  }
  static DatagramSocketOptions large_buffer() {
    DatagramSocketOptions options;
    options.receive_buffer_bytes = 4 << 20;
    return options;
  }
  void settle(uint64_t datagrams) {
    udp.run_until(links, [this, datagrams] {
      return static_cast<uint64_t>(link->counter(LinkCounter::kQueued)) == datagrams &&
             link->counter(LinkCounter::kPending) == 0;
    });
  }
  Bytes take() {
    const std::unique_ptr<Message> message = receive_one(*other_io, other);
    CHECK_EQ(message->vector.segment_bytes, 0);
    return Bytes(message->bytes.begin(), message->bytes.begin() + message->vector.bytes);
  }

  std::unique_ptr<DatagramIo> other_io;
  IoSocket other;
  RealUdp udp;
  std::shared_ptr<FakeDatagramLink> link;
  Links links;
  uint32_t to = 0;
};

DatagramConfig with_gso() {
  DatagramConfig config = real_datagram_config();
  config.gso_max_segments = probe_offloads(Family::kIpv4).gso_max_segments;
  return config;
}

bool has_gso() {
  if (probe_offloads(Family::kIpv4).gso_max_segments > 1) return true;
  std::printf("left out: this kernel has no GSO\n");
  return false;
}

}  // namespace

TEST("[U21] [U23] [U52] what is queued arrives on a real socket, byte for byte and in order, over every back end") {
  for (uint32_t back_end = 0; back_end < static_cast<uint32_t>(BackEnd::kCount); ++back_end) {
    const Note note(kBackEndNames[back_end]);
    Pair pair(with_gso(), static_cast<BackEnd>(back_end));
    const uint32_t sizes[] = {0, 1, 100, 100, 100, 100, 100, 40, 1472, 9000, 65507, 0};
    for (uint32_t i = 0; i < std::size(sizes); ++i) CHECK(pair.link->send(payload_of(i, sizes[i]), pair.to, i % 3));
    pair.link->commit();
    pair.settle(std::size(sizes));
    std::vector<uint32_t> order;
    for (uint32_t send_class = kSendClasses; send_class-- > 0;) {
      for (uint32_t i = send_class; i < std::size(sizes); i += 3) order.push_back(i);
    }
    for (const uint32_t i : order) CHECK(pair.take() == payload_of(i, sizes[i]));
    CHECK_EQ(pair.link->counter(LinkCounter::kSent), std::size(sizes));
  }
}

TEST("[U28] SO_NO_CHECK makes every GSO send fail: all bytes arrive once and in order, counted (regression 15)") {
  if (!has_gso()) return;
  Pair pair(with_gso());
  const int one = 1;
  CHECK_EQ(
      pair.udp.socket().fd().with([&one](int fd) { return setsockopt(fd, SOL_SOCKET, SO_NO_CHECK, &one, sizeof one); }),
      0);
  uint32_t queued = 0;
  for (int round = 0; round < 5; ++round) {
    for (uint32_t i = 0; i < 64; ++i) CHECK(pair.link->send(payload_of(queued++, 200), pair.to));
    pair.link->commit();
    pair.settle(queued);
  }
  for (uint32_t i = 0; i < queued; ++i) CHECK(pair.take() == payload_of(i, 200));
  CHECK(is_dry(*pair.other_io, pair.other));
  CHECK_EQ(pair.udp.get(SocketCounter::kGsoFallbacks), 3.0);  // the third one in a row turns it off
  CHECK_EQ(pair.udp.get(SocketCounter::kGsoMaxSegments), 1.0);
  CHECK_EQ(pair.udp.get(SocketCounter::kCapabilityErrno), EINVAL);
  CHECK_EQ(pair.link->counter(LinkCounter::kFailed), 0.0);
}

TEST("[U24] GSO leaves as one message and arrives as its datagrams; so does a run (regressions 16, 17)") {
  if (!has_gso()) return;
  Pair pair(with_gso());
  for (uint32_t i = 0; i < 40; ++i) CHECK(pair.link->send(payload_of(i, 1000), pair.to));
  Bytes run;
  for (uint32_t i = 40; i < 80; ++i) {
    const Bytes bytes = payload_of(i, i == 79 ? 300 : 1500);
    run.insert(run.end(), bytes.begin(), bytes.end());
  }
  CHECK(pair.link->send(run, pair.to, 1, 1500));
  pair.link->commit();
  pair.settle(80);
  for (uint32_t i = 0; i < 80; ++i) {
    CHECK(pair.take() == payload_of(i, i < 40 ? 1000 : i == 79 ? 300 : 1500));
  }
  CHECK(pair.udp.get(SocketCounter::kGsoSends) >= 2);
  CHECK_EQ(pair.udp.get(SocketCounter::kGsoSegments), 80.0);
  // A datagram after it is not cut: nothing of GSO stays on the socket.
  CHECK(pair.link->send(payload_of(99, 3000), pair.to));
  pair.link->commit();
  pair.settle(81);
  CHECK(pair.take() == payload_of(99, 3000));
}

TEST("[U26] a socket with GRO on reads what plain senders send (regression 18)") {
  DatagramConfig config = real_datagram_config();
  if (!probe_offloads(Family::kIpv4).gro) return void(std::printf("left out: this kernel has no GRO\n"));
  config.gro = config.socket.gro = true;
  Pair pair(config);
  std::vector<Bytes> got;
  pair.link->on_received = [&got](const FakeReceived& entry) {
    const size_t step = entry.segment_bytes == 0 ? std::max<size_t>(entry.bytes.size(), 1) : entry.segment_bytes;
    for (size_t at = 0; at < entry.bytes.size(); at += step) {
      const auto begin = entry.bytes.begin() + static_cast<ptrdiff_t>(at);
      got.push_back(Bytes(begin, begin + static_cast<ptrdiff_t>(std::min(step, entry.bytes.size() - at))));
    }
  };
  for (uint32_t i = 0; i < 200; ++i) {
    const Bytes bytes = payload_of(i, 4 + i % 7 * 300);
    CHECK_EQ(pair.other.send({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, &pair.udp.at()), 0);
  }
  pair.udp.run_until(pair.links, [&] { return got.size() == 200; });
  for (uint32_t i = 0; i < 200; ++i) CHECK(got[i] == payload_of(i, 4 + i % 7 * 300));
}

TEST("[U43] a dead peer between two healthy ones costs them nothing, with the error queue off and on (regression 13)") {
  for (const bool error_queue : {false, true}) {
    DatagramConfig config = real_datagram_config();
    config.socket.error_queue = error_queue;
    if (error_queue) config.icmp_errors = IcmpErrors::kOn;
    Pair pair(config);
    IoSocket second(*pair.other_io, kLoopback4, Pair::large_buffer());
    IoSocket dead(*pair.other_io);
    const uint32_t to[] = {pair.to, pair.link->destination(dead.at()), pair.link->destination(second.at())};
    dead.close();
    for (uint32_t i = 0; i < 900; i += 3) {
      for (uint32_t k = 0; k < 3; ++k) CHECK(pair.link->send(payload_of(i + k, 64), to[k]));
      pair.link->commit();
      pair.settle(i + 3);
    }
    for (uint32_t i = 0; i < 900; i += 3) {
      CHECK(pair.take() == payload_of(i, 64));
      const std::unique_ptr<Message> message = receive_one(*pair.other_io, second);
      CHECK(Bytes(message->bytes.begin(), message->bytes.begin() + message->vector.bytes) == payload_of(i + 2, 64));
    }
    CHECK_EQ(pair.link->counter(LinkCounter::kFailed), 0.0);
    CHECK_EQ(pair.udp.get(SocketCounter::kPeerErrors) > 0, error_queue);
    CHECK_EQ(pair.udp.get(SocketCounter::kState), 1.0);
  }
}

TEST("[U43] an error that the full receive buffer leaves no room for is told once, and the poll back end sleeps") {
  DatagramConfig config = real_datagram_config();
  config.icmp_errors = IcmpErrors::kOn;
  config.socket.error_queue = true;
  config.socket.receive_buffer_bytes = 2048;
  Pair pair(config, BackEnd::kPoll);
  pair.udp.socket().set_reading(false);
  IoSocket dead(*pair.other_io);
  const uint32_t gone = pair.link->destination(dead.at());
  dead.close();
  for (int i = 0; i < 50; ++i) pair.other.send(std::string(500, 'x'), &pair.udp.at());
  CHECK(pair.link->send(Bytes{1}, gone));
  pair.link->commit();
  pair.settle(1);
  pair.udp.run_until(pair.links, [&] { return pair.udp.get(SocketCounter::kPeerErrors) != 0; });
  CHECK_EQ(pair.link->take_events().size(), 1);
  MonotonicClock clock;
  const double began_ms = clock.now_ms();
  for (int i = 0; i < 10; ++i) pair.udp.reactor().turn(pair.udp.reactor().fall_asleep() ? 5 : 0);
  CHECK(clock.now_ms() - began_ms > 20);
  CHECK_EQ(pair.udp.get(SocketCounter::kPeerErrors), 1);
}

TEST("[U41] connected to a dead peer: the refusal is told, a later datagram to a living one goes out (regression 14)") {
  Pair pair;
  IoSocket dead(*pair.other_io);
  const Address gone = dead.at();
  dead.close();
  CHECK_EQ(pair.udp.socket().fd().with([&gone](int fd) { return connect_datagram(fd, gone); }), 0);
  pair.udp.reactor().post([&] { pair.udp.socket().set_connected(&gone, false); });
  for (uint32_t i = 1; i <= 20; ++i) {
    CHECK(pair.link->send(payload_of(i, 64), 0));
    pair.link->commit();
    pair.settle(i);
  }
  CHECK(pair.udp.get(SocketCounter::kPeerErrors) + pair.udp.get(SocketCounter::kReceiveErrors) > 0);
  CHECK_EQ(pair.udp.get(SocketCounter::kState), 1.0);
  CHECK(pair.link->send(payload_of(21, 64), pair.to));
  pair.link->commit();
  pair.settle(21);
  CHECK(pair.take() == payload_of(21, 64));
}

}  // namespace netvolley::test
