#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "test/check.h"
#include "test/fake_udp.h"

namespace netvolley::test {
namespace {

FakeUdpOptions usual(uint32_t send_entries = 128) {
  FakeUdpOptions options;
  options.config = small_datagram_config();
  options.sizes = {64, 64, send_entries, 4 * send_entries};
  options.send_bytes = 1 << 20;
  return options;
}

struct Sender {
  explicit Sender(const FakeUdpOptions& options) : udp(seed(), options) {
    for (uint32_t i = 0; i < 3; ++i) to[i] = udp.link().destination(address_of(2, static_cast<uint16_t>(1000 + i)));
  }
  // `count` datagrams of `bytes` to the first destination; in order.
  void send(uint32_t count, uint32_t bytes = 32, uint32_t send_class = 1, uint32_t token = 0) {
    for (uint32_t i = 0; i < count; ++i) {
      CHECK(udp.link().send(payload_of(next, bytes), to[0], send_class, 0, token));
      if (bytes <= 65507) expected.push_back(payload_of(next, bytes));
      ++next;
    }
    udp.link().commit();
  }
  void expect_all(uint32_t for_ms = 0) {
    for_ms == 0 ? udp.settle() : udp.run_for(for_ms);
    expect_wire();
  }
  void expect_wire() {
    const std::vector<Bytes> wire = udp.wire_bytes();
    CHECK_EQ(wire.size(), expected.size());
    CHECK(wire == expected);
    expected.clear();
  }
  // The next send() gives this errno.
  void fail_next(int error) {
    udp.kernel.descriptor(udp.kernel.datagram_socket(), FakeKind::kDatagram, "test")->send_error = error;
  }
  double get(LinkCounter counter) { return udp.get(counter); }
  double get(SocketCounter counter, uint32_t offset = 0) { return udp.get(counter, offset); }
  void set(HotOption option, double value) {
    udp.post([this, option, value] { udp.socket().set(option, value); });
    udp.settle();
  }

  FakeUdp udp;
  uint32_t to[3];
  uint32_t next = 1;
  std::vector<Bytes> expected;
};

FakeUdpOptions with_gso(uint16_t max_segments = 64) {
  FakeUdpOptions options = usual();
  options.config.gso_max_segments = max_segments;
  return options;
}

}  // namespace

TEST("[U21] 1, 20, 21, 63, 64, 65, 1024, 1025 and 5000 packets in one call all arrive (regression 4)") {
  Sender sender(usual(8192));
  for (const uint32_t count : {1, 20, 21, 63, 64, 65, 1024, 1025, 5000}) {
    const Note note(std::to_string(count));
    sender.send(count);
    sender.expect_all();
  }
  CHECK_EQ(sender.get(LinkCounter::kSent), 1 + 20 + 21 + 63 + 64 + 65 + 1024 + 1025 + 5000.0);
}

TEST("[U21] what a short count left over goes out (regression 1), and room is told after it (regression 11)") {
  Sender sender(usual(16));
  sender.udp.kernel.faults.short_count = 0.9;
  sender.udp.kernel.faults.would_block = 0.5;
  uint32_t refused = 0;
  for (uint32_t i = 0; i < 400;) {
    if (!sender.udp.link().has_room(32, 1)) {
      // Nothing but the ring for room makes it go on.
      ++refused;
      for (int wait = 0; !sender.udp.link().awake(); ++wait) {
        CHECK(wait < 1000);
        if (!sender.udp.step()) sender.udp.kernel.advance_to(sender.udp.kernel.now_ms() + 1);
      }
      sender.udp.link().drain();
      continue;
    }
    sender.send(1);
    ++i;
  }
  sender.expect_all(1000);
  CHECK(refused > 3);
  CHECK(sender.get(SocketCounter::kPartialSends) > 0);
}

TEST("[U41] EMSGSIZE at index 0, 30 and 63 of a batch: that packet fails, 63 arrive (regression 2)") {
  for (const uint32_t bad : {0u, 30u, 63u}) {
    Sender sender(usual());
    sender.send(bad);
    sender.send(1, 65508);
    sender.send(63 - bad);
    sender.expect_all();
    CHECK_EQ(sender.get(LinkCounter::kFailed), 1.0);
    CHECK_EQ(sender.get(LinkCounter::kSent), 63.0);
    const auto events = sender.udp.link().take_events();
    CHECK_EQ(events.size(), 1u);
    CHECK_EQ(events[0].error, EMSGSIZE);
    CHECK_EQ(events[0].bytes, 65508u);
    CHECK_EQ(events[0].port, 1000);
  }
}

TEST("[U21] EAGAIN is never a silent loss, and arms one wake-up (regression 3)") {
  for (const bool poll_like : {false, true}) {
    FakeUdpOptions options = usual(2048);
    options.poll_like = poll_like;
    Sender sender(options);
    sender.udp.kernel.faults.would_block = 0.9;
    sender.udp.kernel.faults.max_delay_ms = 3;
    sender.send(1000);
    sender.udp.settle();
    CHECK(sender.get(SocketCounter::kWouldBlock) >= 1);
    sender.expect_all(5000);
    CHECK_EQ(sender.get(LinkCounter::kSent), 1000.0);
  }
}

TEST("[U12] no call takes more than batchSize datagrams, GSO or not, and the histogram says so (regression 5)") {
  for (const bool gso : {false, true}) {
    FakeUdpOptions options = gso ? with_gso() : usual();
    options.sizes.send_entries = 1024;
    options.sizes.completion_entries = 4096;
    options.max_batch = 1024;
    Sender sender(options);
    sender.send(1000);
    sender.expect_all();
    CHECK_EQ(sender.get(SocketCounter::kSendBatchLast), 0.0);
    CHECK_EQ(sender.get(SocketCounter::kSendBatch0, 6), 15.0);
    CHECK_EQ(sender.get(SocketCounter::kGsoSegments), gso ? 1000.0 : 0.0);
    sender.set(HotOption::kBatchPackets, 256);
    sender.send(1000);
    sender.expect_all();
    CHECK_EQ(sender.get(SocketCounter::kSendBatchLast), 4.0);
  }
}

TEST("[U44] empty datagrams first, in the middle and last in a batch (regression 8), with GSO on") {
  Sender sender(with_gso());
  sender.send(1, 0);
  sender.send(5, 100);
  sender.send(1, 0);
  sender.send(5, 100);
  sender.send(1, 0);
  sender.expect_all();
  CHECK_EQ(sender.get(SocketCounter::kGsoSends), 2.0);
}

TEST("[U13] with a window packets wait for it, for a full batch, for a high packet, or for flush()") {
  FakeUdpOptions options = usual();
  options.config.flush_ms = 5;
  options.config.batch_packets = 8;
  Sender sender(options);
  sender.send(1);
  sender.udp.run_for(3);
  sender.send(1);
  sender.udp.run_for(1.9);
  CHECK(sender.udp.wire_bytes().empty());
  sender.expect_all(1.1);  // five milliseconds since the first was queued; the second leaves with it
  sender.send(7);
  sender.udp.settle();
  CHECK(sender.udp.wire_bytes().empty());
  sender.send(1);
  sender.expect_all();
  sender.send(2);
  sender.udp.settle();
  CHECK(sender.udp.wire_bytes().empty());
  sender.udp.link().flush();
  sender.udp.link().commit();
  sender.expect_all();
  sender.send(1);
  sender.udp.settle();
  CHECK(sender.udp.wire_bytes().empty());
  CHECK(sender.udp.link().send(payload_of(900, 8), sender.to[0], 2));
  sender.udp.link().commit();
  sender.expected.insert(sender.expected.begin(), payload_of(900, 8));
  sender.expect_all();
  CHECK(sender.udp.reactor().alarms().next_ms() < 0);
}

TEST("[U62] batch size and window may change while packets wait") {
  FakeUdpOptions options = usual();
  options.config.flush_ms = 1000;
  Sender sender(options);
  sender.send(10);
  sender.udp.settle();
  CHECK(sender.udp.wire_bytes().empty());
  sender.set(HotOption::kBatchPackets, 10);
  sender.expect_wire();
  sender.send(3);
  sender.set(HotOption::kFlushMs, 0);
  sender.expect_wire();
}

TEST("[U42] without buffers it is tried again after 50 us, doubling to 1 ms, and nothing spins (regression 20)") {
  Sender sender(usual());
  sender.udp.kernel.faults.no_buffers = 1;
  sender.send(3);
  sender.udp.step();
  const double first_ms = sender.udp.reactor().alarms().next_ms() - sender.udp.kernel.now_ms();
  CHECK(first_ms > 0.049 && first_ms < 0.051);
  sender.udp.run_for(50);
  CHECK(sender.udp.io().send_calls() <= 60);
  CHECK_EQ(sender.get(LinkCounter::kFailed), 0.0);
  sender.udp.kernel.faults.no_buffers = 0;
  sender.expect_all(2);
  CHECK_EQ(sender.get(LinkCounter::kSent), 3.0);
  CHECK(sender.get(SocketCounter::kNoBuffers) > 10);
}

TEST("[U42] after 100 ms without progress the head packet fails, and only that one") {
  for (const bool gso : {false, true}) {
    Sender sender(gso ? with_gso() : usual());
    sender.udp.kernel.faults.no_buffers = 1;
    sender.send(10);
    sender.udp.run_for(98);
    CHECK_EQ(sender.get(LinkCounter::kFailed), 0.0);
    sender.udp.run_for(6);
    CHECK_EQ(sender.get(LinkCounter::kFailed), 1.0);
    sender.udp.kernel.faults.no_buffers = 0;
    sender.expected.erase(sender.expected.begin());
    sender.expect_all(2);
    CHECK_EQ(sender.get(LinkCounter::kSent), 9.0);
  }
}

TEST("[U41] an error of one datagram is that datagram's alone: every errno of the table, unconnected") {
  for (const int error : {EACCES, EPERM, EHOSTUNREACH, ENETUNREACH, ENETDOWN, EADDRNOTAVAIL, EAFNOSUPPORT, EINVAL,
                          EISCONN, EDESTADDRREQ, EPIPE, ECONNREFUSED, ENOPROTOOPT, EMSGSIZE, EIO}) {
    const Note note(std::to_string(error));
    Sender sender(usual());
    sender.fail_next(error);
    sender.send(3, 32, 1, 77);
    // A plain datagram cannot give these two; the simulated kernel knows that.
    const bool plain = error != EIO && error != EINVAL;
    if (plain) sender.expected.erase(sender.expected.begin());
    sender.expect_all();
    CHECK_EQ(sender.get(LinkCounter::kFailed), plain ? 1.0 : 0.0);
    const auto outcomes = sender.udp.link().take_outcomes();
    CHECK_EQ(outcomes.size(), 3u);
    CHECK_EQ(outcomes[0].error, plain ? error : 0);
    CHECK_EQ(outcomes[1].error, 0);
    CHECK(sender.udp.link().take_events().empty());  // whoever waits is told by its token
    CHECK_EQ(sender.get(SocketCounter::kState), 1.0);
  }
}

TEST("[U41] an error of the socket's own descriptor fails all that waits, and ends this socket") {
  for (const int error : {EBADF, ENOTSOCK, EFAULT, EOPNOTSUPP}) {
    Sender sender(usual());
    sender.send(2);
    sender.expect_all();
    sender.fail_next(error);
    sender.send(3);
    sender.udp.settle();
    CHECK_EQ(sender.get(LinkCounter::kFailed), 3.0);
    CHECK_EQ(sender.get(SocketCounter::kCloseErrno), error);
    sender.udp.check_finished();
  }
}

TEST("[U43] connected, a refusal may be an earlier datagram's: the same one goes once more, then it fails") {
  for (const int error : {ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, ENOPROTOOPT}) {
    Sender sender(usual());
    const Address peer = address_of(2, 1000);
    sender.udp.kernel.connect_datagram(peer, false);
    sender.udp.post([&] { sender.udp.socket().set_connected(&peer, false); });
    sender.udp.settle();
    sender.to[0] = 0;
    sender.fail_next(error);
    sender.send(3);
    sender.expect_all();
    CHECK_EQ(sender.get(LinkCounter::kFailed), 0.0);
    auto events = sender.udp.link().take_events();
    CHECK_EQ(events.size(), 1u);
    CHECK_EQ(events[0].kind, kEventPeerError);
    CHECK_EQ(events[0].error, error);
    CHECK_EQ(sender.get(SocketCounter::kPeerErrors), 1.0);
    // The same again and again: each datagram fails at its second time.
    sender.udp.kernel.faults.refused = 1;
    sender.send(2);
    sender.udp.settle();
    CHECK(sender.udp.wire_bytes().empty());
    CHECK_EQ(sender.get(LinkCounter::kFailed), 2.0);
    CHECK_EQ(sender.get(SocketCounter::kState), 1.0);
  }
}

TEST("[U43] the error queue is drained before a burst, and at a hangup while nothing is sent") {
  Sender sender(usual());
  sender.udp.kernel.connect_datagram(Address(), true);
  sender.udp.post([&] { sender.udp.socket().set_connected(nullptr, true); });
  sender.udp.settle();
  sender.udp.kernel.faults.refused = 1;
  sender.send(1);
  sender.udp.settle();
  CHECK_EQ(sender.get(LinkCounter::kFailed), 1.0);
  sender.udp.kernel.faults.refused = 0;
  const auto events = sender.udp.link().take_events();
  CHECK(events.size() >= 2);
  CHECK_EQ(events[0].kind, kEventPeerError);
  CHECK_EQ(events[0].port, 1000);
  CHECK_EQ(
      std::count_if(events.begin(), events.end(), [](const auto& event) { return event.kind == kEventSendFailed; }), 1);
  FakeDescriptor* socket = sender.udp.kernel.descriptor(sender.udp.kernel.datagram_socket(), FakeKind::kDatagram, "");
  QueuedError late;
  late.error = EHOSTUNREACH;
  late.origin = 2;
  late.to = address_of(2, 1001);
  socket->errors.push_back(late);
  sender.udp.kernel.edge(sender.udp.kernel.datagram_socket());
  sender.udp.settle();
  CHECK(socket->errors.empty());
  const auto told = sender.udp.link().take_events();
  CHECK_EQ(told.size(), 1u);
  CHECK_EQ(told[0].error, EHOSTUNREACH);
  CHECK_EQ(told[0].port, 1001);
}

TEST("[U40] a datagram that is too large says the path MTU: of the connection, or from the error queue") {
  Sender sender(usual());
  const Address peer = address_of(2, 1000);
  sender.udp.kernel.connect_datagram(peer, false);
  sender.udp.post([&] { sender.udp.socket().set_connected(&peer, false); });
  sender.udp.settle();
  sender.fail_next(EMSGSIZE);
  sender.send(1);
  sender.udp.settle();
  auto events = sender.udp.link().take_events();
  CHECK_EQ(events.size(), 1u);
  CHECK_EQ(events[0].mtu_bytes, 1500u);
  sender.udp.kernel.connect_datagram(Address(), true);
  sender.udp.post([&] { sender.udp.socket().set_connected(nullptr, true); });
  sender.udp.settle();
  sender.fail_next(EMSGSIZE);
  QueuedError local;
  local.error = EMSGSIZE;
  local.origin = 1;
  local.mtu_bytes = 1300;
  sender.send(1);
  // It comes into the queue with the refusal.
  sender.udp.kernel.descriptor(sender.udp.kernel.datagram_socket(), FakeKind::kDatagram, "")
      ->errors_after_send.push_back(local);
  sender.udp.settle();
  events = sender.udp.link().take_events();
  CHECK_EQ(events.size(), 1u);
  CHECK_EQ(events[0].kind, kEventSendFailed);
  CHECK_EQ(events[0].mtu_bytes, 1300u);
}

TEST("[U28] EIO turns GSO off, the same bytes go out at once and in order, and it is tried again later") {
  FakeUdpOptions options = with_gso();
  options.config.gso_retry_ms = 500;
  Sender sender(options);
  sender.udp.kernel.faults.offload_io = 1;
  sender.send(20, 100);
  sender.expect_all();
  CHECK_EQ(sender.get(SocketCounter::kGsoFallbacks), 1.0);
  CHECK_EQ(sender.get(SocketCounter::kGsoMaxSegments), 1.0);
  CHECK_EQ(sender.get(SocketCounter::kCapabilityErrno), EIO);
  CHECK_EQ(sender.get(SocketCounter::kCapabilityChanges), 1.0);
  CHECK_EQ(sender.get(LinkCounter::kFailed), 0.0);
  sender.udp.kernel.faults.offload_io = 0;
  sender.send(20, 100);
  sender.expect_all();
  CHECK_EQ(sender.get(SocketCounter::kGsoSends), 0.0);
  sender.udp.run_for(510);
  CHECK_EQ(sender.get(SocketCounter::kGsoMaxSegments), 64.0);
  CHECK_EQ(sender.get(SocketCounter::kCapabilityChanges), 2.0);
  sender.send(20, 100);
  sender.expect_all();
  CHECK_EQ(sender.get(SocketCounter::kGsoSends), 1.0);
}

TEST("[U29] a segment above the path MTU goes out plain, and so do later ones to that destination alone") {
  FakeUdpOptions options = with_gso();
  options.limits.mtu = 1000;
  Sender sender(options);
  sender.send(8, 1200);
  sender.expect_all();
  CHECK_EQ(sender.get(SocketCounter::kGsoFallbacks), 1.0);
  sender.send(8, 1200);
  sender.send(8, 900);
  sender.expect_all();
  CHECK_EQ(sender.get(SocketCounter::kGsoFallbacks), 1.0);
  CHECK_EQ(sender.get(SocketCounter::kGsoSends), 1.0);
  CHECK_EQ(sender.get(SocketCounter::kGsoMaxSegments), 64.0);
  std::swap(sender.to[0], sender.to[1]);
  sender.send(8, 1200);
  sender.expect_all();
  CHECK_EQ(sender.get(SocketCounter::kGsoFallbacks), 2.0);
  sender.udp.run_for(600100);
  std::swap(sender.to[0], sender.to[1]);
  sender.udp.kernel.limits.mtu = 1500;
  sender.send(8, 1200);
  sender.expect_all();
  CHECK_EQ(sender.get(SocketCounter::kGsoSends), 2.0);
}

TEST("[U9] a run longer than everything goes out whole, with GSO and without, also in parts between EAGAINs") {
  for (const uint16_t segments : {1, 64}) {
    Sender sender(with_gso(segments));
    sender.udp.kernel.faults.would_block = 0.3;
    const Bytes run = payload_of(5, 300 * 200 + 17);
    CHECK(sender.udp.link().send(run, sender.to[0], 1, 200, 9));
    for (size_t at = 0; at < run.size(); at += 200) {
      const size_t end = std::min(run.size(), at + 200);
      sender.expected.push_back(
          Bytes(run.begin() + static_cast<ptrdiff_t>(at), run.begin() + static_cast<ptrdiff_t>(end)));
    }
    sender.udp.link().commit();
    sender.expect_all(3000);
    CHECK_EQ(sender.get(LinkCounter::kSent), 301.0);
    CHECK_EQ(sender.get(LinkCounter::kSentBytes), 300 * 200 + 17.0);
    const auto outcomes = sender.udp.link().take_outcomes();
    CHECK_EQ(outcomes.size(), 1u);
    CHECK_EQ(outcomes[0].error, 0);
  }
}

TEST("[U11] a cancelled packet does not go out and is answered once; one that has gone is answered as sent") {
  FakeUdpOptions options = usual();
  options.config.flush_ms = 10;
  Sender sender(options);
  for (uint32_t token = 1; token <= 3; ++token) sender.send(1, 32, 1, token);
  sender.udp.settle();
  sender.udp.post([&] { sender.udp.socket().cancel(0, 2); });
  sender.udp.settle();
  auto outcomes = sender.udp.link().take_outcomes();
  CHECK_EQ(outcomes.size(), 1u);
  CHECK_EQ(outcomes[0].token, 2u);
  CHECK_EQ(outcomes[0].error, ECANCELED);
  sender.expected.erase(sender.expected.begin() + 1);
  sender.expect_all(15);
  sender.udp.post([&] { sender.udp.socket().cancel(0, 3); });
  sender.udp.settle();
  outcomes = sender.udp.link().take_outcomes();
  CHECK_EQ(outcomes.size(), 2u);
  CHECK_EQ(outcomes[0].error + outcomes[1].error, 0);
  CHECK_EQ(sender.get(LinkCounter::kAborted), 1.0);
}

TEST("[U18] a newcomer of a higher class evicts the newest packet of the lowest one") {
  FakeUdpOptions options = usual();
  options.config.flush_ms = 10;
  Sender sender(options);
  sender.send(3, 32, 0);
  sender.send(2, 32, 1);
  sender.udp.link().evict(1);
  sender.udp.link().commit();
  sender.udp.settle();
  CHECK_EQ(sender.get(LinkCounter::kEvicted), 1.0);
  CHECK_EQ(sender.get(LinkCounter::kPendingLow), 2.0);
  const std::vector<Bytes> all = sender.expected;
  sender.expected = {all[3], all[4], all[0], all[1]};
  sender.expect_all(15);
}

TEST("[U19] a packet that is not with the kernel in time is dropped as expired, not sent late") {
  FakeUdpOptions options = usual();
  options.config.flush_ms = 10;
  Sender sender(options);
  CHECK(sender.udp.link().send(payload_of(1, 32), sender.to[0], 1, 0, 4, 5));
  CHECK(sender.udp.link().send(payload_of(2, 32), sender.to[0], 1, 0, 5, 50));
  sender.udp.link().commit();
  sender.expected = {payload_of(2, 32)};
  sender.expect_all(20);
  CHECK_EQ(sender.get(LinkCounter::kExpired), 1.0);
  const auto outcomes = sender.udp.link().take_outcomes();
  CHECK_EQ(outcomes.size(), 2u);
  CHECK_EQ(outcomes[0].error, ETIME);
  CHECK_EQ(outcomes[1].error, 0);
}

TEST("[U48] close() right after queueing sends all (regression 6); who does not wait drops the rest as closed") {
  FakeUdpOptions options = usual();
  options.config.flush_ms = 100;
  Sender sender(options);
  sender.send(100);
  sender.udp.close();
  sender.expect_all();
  sender.udp.check_finished();
  CHECK_EQ(sender.get(LinkCounter::kSent), 100.0);

  Sender stuck(options);
  stuck.udp.kernel.faults.would_block = 1;
  stuck.udp.kernel.faults.max_delay_ms = 10;
  stuck.send(100);
  stuck.udp.close();
  stuck.udp.run_for(50);
  CHECK_EQ(stuck.get(SocketCounter::kState), 2.0);
  const double sent = stuck.get(LinkCounter::kSent);
  stuck.udp.post([&] { stuck.udp.socket().abort(); });
  stuck.udp.check_finished();
  CHECK_EQ(stuck.get(LinkCounter::kClosed), 100 - sent);
}

TEST("[U15] under EAGAIN a high packet overtakes those that wait, and each class keeps its order") {
  Sender sender(usual());
  sender.udp.kernel.faults.max_delay_ms = 5;
  sender.udp.kernel.hide(sender.udp.kernel.datagram_socket(), kWritable);
  sender.send(3, 32, 0);
  sender.send(3, 32, 1);
  sender.udp.settle();
  sender.send(3, 32, 2);
  sender.udp.settle();
  CHECK(sender.udp.wire_bytes().empty());
  sender.udp.kernel.heal();
  const std::vector<Bytes> all = sender.expected;
  sender.expected = {all[6], all[7], all[8], all[3], all[4], all[5], all[0], all[1], all[2]};
  sender.expect_all(20);
}

}  // namespace netvolley::test
