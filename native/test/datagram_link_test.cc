#include "engine/datagram_link.h"

#include <vector>

#include "test/check.h"
#include "test/udp_rig.h"

namespace netvolley::test {
namespace {

uint32_t head_of(const RigLink& link, uint32_t send_class) {
  return link.memory.word(DatagramWord::kSendHeadLow, send_class).load();
}

double sent_and_dropped(const RigLink& link) {
  using Id = LinkCounter;
  return link.counter(Id::kSent) + link.counter(Id::kFailed) + link.counter(Id::kExpired) + link.counter(Id::kEvicted) +
         link.counter(Id::kAborted) + link.counter(Id::kClosed) + link.counter(Id::kPending);
}

// A link over a context whose sends are settled by hand, in any order.
struct Bench {
  Bench() : link_side(sizes(), nullptr), link(0, link_side.parts(), context) {}
  static DatagramLinkSizes sizes() { return {0, 0, 16, 64}; }

  Rig rig;
  DatagramFd fd{rig.io};
  uint32_t registration = 0;
  std::vector<uint8_t> slab = std::vector<uint8_t>(1 << 20);
  std::vector<uint8_t> records = std::vector<uint8_t>(16 * kPeerBytes);
  std::vector<uint32_t> generations = std::vector<uint32_t>(16);
  uint32_t epoch = 0;
  double cells[kSocketCounterCells] = {};
  SlotTable slots{slab.data(), {{4, 64}, {2, 1024}}, generations.data(), false};
  PeerTable peers{records.data(), 16};
  std::vector<std::unique_ptr<DatagramLink>> links;
  CounterBook<SocketCounter> counters{SharedWord(&epoch), cells};
  DatagramContext context{*rig.reactor, *rig.socket, rig.config, fd, registration, slots, peers, links, counters};
  RigLink link_side;
  DatagramLink link;
};

}  // namespace

TEST("[U46] heads move in the order of the ring, whatever the order of settling; the identity holds all along") {
  Bench bench;
  Random random(5);
  std::vector<QueuedSend> pending;
  std::vector<std::vector<uint32_t>> settled(kSendClasses);  // datagrams of each entry, 0 = not yet
  uint32_t heads[kSendClasses] = {};
  uint32_t tokens = 0;
  uint32_t answered = 0;
  for (uint32_t step = 0; step < 20000; ++step) {
    const uint32_t send_class = random.below(3);
    if (settled[send_class].size() - head_of(bench.link_side, send_class) < 16 && random.one_in(2)) {
      const uint16_t segment = random.one_in(4) ? 3 : 0;
      bench.link_side.send({.bytes = "1234567", .send_class = send_class, .segment_bytes = segment, .token = ++tokens});
      settled[send_class].push_back(0);
      bench.link_side.publish();
    }
    bench.link.begin_collect();
    QueuedSend send;
    while (bench.link.take(1, &send)) pending.push_back(send);
    bench.link.finish_collect();
    if (!pending.empty() && random.one_in(2)) {
      const uint32_t chosen = random.below(static_cast<uint32_t>(pending.size()));
      send = pending[chosen];
      pending.erase(pending.begin() + chosen);
      bench.link.count(send, static_cast<Verdict>(random.below(6)), send.datagrams(), send.bytes);
      send.error = static_cast<int>(send.token % 7);
      bench.link.settle(send);
      settled[send.send_class][send.entry] = send.datagrams();
    }
    bench.link.publish();
    for (const RigLink::Outcome& outcome : bench.link_side.outcomes()) {
      CHECK_EQ(outcome.error, outcome.token % 7);
      ++answered;
    }
    uint32_t behind = 0;
    for (uint32_t i = 0; i < kSendClasses; ++i) {
      uint32_t& head = heads[i];
      while (head < settled[i].size() && settled[i][head] != 0) ++head;
      CHECK_EQ(head_of(bench.link_side, i), head);
      for (size_t at = head; at < settled[i].size(); ++at) behind += settled[i][at];
    }
    CHECK_EQ(bench.link_side.word(DatagramWord::kSendSettled).load(), behind);
    CHECK_EQ(answered + pending.size(), tokens);
    CHECK_EQ(bench.link_side.counter(LinkCounter::kQueued), sent_and_dropped(bench.link_side));
  }
  CHECK(tokens > 5000);
}

TEST("[U66] an entry that points outside what the link may read fails with EINVAL and harms no other") {
  Rig rig;
  RigLink& link = rig.add_link(16);
  rig.start();
  const uint32_t to = link.destination(rig_address(5000));
  link.send_raw(1 << 30, 10, to, kSendToken, 0, 1);                  // outside the transmit memory
  link.send_raw(0, 10, 63 + 1000, kSendToken, 0, 2);                 // no such destination
  link.send_raw(0, 10, kReceivedPeer + 3, kSendToken, 0, 3);         // no such received peer
  link.send_raw(0, 10, to, kSendToken | kSendInPlace, 2, 4);         // a slot that this link does not have
  link.send_raw(0, 10, to, kSendToken | kSendInPlace, 1u << 30, 5);  // no slot at all
  link.send_raw(0, 10, to, 0, 0, 0);
  link.publish();
  rig.turn();
  CHECK(link.outcomes() ==
        std::vector<RigLink::Outcome>({{1, EINVAL}, {2, EINVAL}, {3, EINVAL}, {4, EINVAL}, {5, EINVAL}}));
  CHECK_EQ(rig.io.sent.size(), 1);
  CHECK_EQ(link.counter(LinkCounter::kFailed), 5);
  CHECK_EQ(link.counter(LinkCounter::kSent), 1);
  CHECK_EQ(head_of(link, 1), 6);
}

TEST("[U10] a slot that is sent in place is held until the kernel has it, though its entry was let go before") {
  Rig rig;
  RigLink& link = rig.add_link(16);
  rig.start();
  rig.arrive("question", rig_address(5000));
  rig.turn();
  CHECK_EQ(link.text(0), "question");
  const uint32_t slot = link.column<uint32_t>(ReceiveColumn::kSlot, 0);
  const uint32_t peer = link.column<uint32_t>(ReceiveColumn::kPeerId, 0);
  const uint32_t held = rig.counter(SocketCounter::kSlotsHeld);
  rig.io.send_error = EAGAIN;
  link.send_in_place(slot, link.column<uint32_t>(ReceiveColumn::kOffset, 0), 4, peer);
  link.take(1);
  link.publish();  // both in one: the send and the release
  rig.turn();
  CHECK(rig.io.sent.empty());
  CHECK_EQ(rig.counter(SocketCounter::kSlotsHeld), held);
  rig.io.send_error = 0;
  rig.poller.ready = kWritable;
  rig.turn();
  CHECK(rig.io.sent == std::vector<std::string>({"ques"}));
  CHECK(rig.io.sent_to[0] == rig_address(5000));
  CHECK_EQ(rig.counter(SocketCounter::kSlotsHeld), held - 1);
  CHECK_EQ(rig.counter(SocketCounter::kZeroCopyReplies), 1);
}

TEST("[U30] what goes with a packet is read from its entry, for the family of where it goes") {
  Rig rig;
  RigLink& link = rig.add_link(16);
  rig.start();
  link.send({.bytes = "a", .to = link.destination(rig_address(5000)), .traffic_class = 0x2e});
  link.send({.bytes = "b", .to = link.destination(rig_address(5000))});
  link.publish();
  rig.turn();
  CHECK_EQ(rig.io.sent_info[0].present, InfoBit::kTrafficClass);
  CHECK_EQ(rig.io.sent_info[0].traffic_class, 0x2e);
  CHECK_EQ(rig.io.sent_info[0].family, Family::kIpv4);
  CHECK_EQ(rig.io.sent_info[1].present, 0);
}

TEST("[U3] JavaScript that waits for room is rung once, when the heads move") {
  Rig rig;
  RigLink& link = rig.add_link(16);
  rig.start();
  link.word(DatagramWord::kJsSleeps).store(0);
  link.rings = 0;
  rig.io.send_error = EAGAIN;
  link.send({.bytes = "a", .to = link.destination(rig_address(5000))});
  link.publish();
  link.word(DatagramWord::kJsWaits).store(1);
  rig.turn();
  CHECK_EQ(link.rings, 0);
  rig.io.send_error = 0;
  rig.poller.ready = kWritable;
  rig.turn();
  CHECK_EQ(link.rings, 1);
  CHECK_EQ(link.word(DatagramWord::kJsWaits).load(), 0);
  rig.turn();
  CHECK_EQ(link.rings, 1);
}

TEST("[U48] closing sends what is queued; aborting drops it, and every token is answered") {
  for (const bool abort : {false, true}) {
    Rig rig;
    RigLink& link = rig.add_link(16);
    rig.start();
    rig.io.send_error = EAGAIN;
    link.send({.bytes = "a", .to = link.destination(rig_address(5000)), .token = 9});
    link.send({.bytes = "b", .to = link.destination(rig_address(5000))});
    link.publish();
    rig.turn();
    rig.socket->close();
    rig.turn();
    CHECK(!rig.socket->finished());
    if (abort) {
      rig.socket->abort();
    } else {
      rig.io.send_error = 0;
      rig.poller.ready = kWritable;
      rig.turn();
    }
    CHECK(rig.socket->finished());
    CHECK(rig.io.closed);
    CHECK_EQ(rig.io.sent.size(), abort ? 0 : 2);
    CHECK(link.outcomes() == std::vector<RigLink::Outcome>({{9, abort ? ECANCELED : 0}}));
    CHECK_EQ(link.counter(LinkCounter::kClosed), abort ? 2 : 0);
    CHECK_EQ(link.counter(LinkCounter::kPending), 0);
    CHECK_EQ(link.word(DatagramWord::kLife).load(), static_cast<uint32_t>(LinkLife::kRetired));
    CHECK_EQ(rig.counter(SocketCounter::kState), static_cast<uint32_t>(SocketState::kClosed));
  }
}

TEST("[U41] a socket that could not be opened fails what was queued") {
  Rig rig;
  RigLink& link = rig.add_link(16);
  link.send({.bytes = "a", .to = link.destination(rig_address(5000)), .token = 3});
  link.publish();
  rig.socket->fail(EADDRINUSE);
  CHECK(rig.socket->finished());
  CHECK(link.outcomes() == std::vector<RigLink::Outcome>({{3, EADDRINUSE}}));
  CHECK_EQ(rig.counter(SocketCounter::kCloseErrno), EADDRINUSE);
  CHECK_EQ(link.counter(LinkCounter::kFailed), 1);
}

TEST("[U11] a send that is taken back before its turn was collected is never sent") {
  Rig rig;
  RigLink& link = rig.add_link(16);
  rig.start();
  link.send({.bytes = "a", .to = link.destination(rig_address(5000)), .token = 4});
  link.publish();
  rig.reactor->post([&] { rig.socket->cancel(0, 4); });
  rig.turn();
  CHECK(rig.io.sent.empty());
  CHECK(link.outcomes() == std::vector<RigLink::Outcome>({{4, ECANCELED}}));
  CHECK_EQ(link.counter(LinkCounter::kAborted), 1);
}

TEST("[U58] the end of one link sends or drops its own packets, frees its slots, and disturbs no other") {
  for (const bool flush : {false, true}) {
    Rig rig;
    RigLink& owner = rig.add_link(16);
    RigLink& worker = rig.add_link(16);
    rig.start();
    for (uint16_t port = 5000; port < 5020; ++port) rig.arrive("x", rig_address(port));
    rig.turn();
    rig.settle();
    CHECK(owner.waiting() > 0);
    CHECK(worker.waiting() > 0);
    rig.io.send_error = EAGAIN;
    owner.send({.bytes = "owner", .to = owner.destination(rig_address(5000))});
    worker.send({.bytes = "worker", .to = worker.destination(rig_address(5001))});
    owner.publish();
    worker.publish();
    rig.turn();
    rig.socket->end_link(1, flush);
    CHECK_EQ(worker.word(DatagramWord::kLife).load() == 0, flush);
    rig.io.send_error = 0;
    rig.poller.ready = kWritable;
    rig.turn();
    CHECK_EQ(worker.word(DatagramWord::kLife).load(), static_cast<uint32_t>(LinkLife::kRetired));
    CHECK_EQ(rig.counter(SocketCounter::kSlotsHeld), owner.waiting());
    CHECK_EQ(rig.io.sent.size(), flush ? 2 : 1);
    CHECK_EQ(worker.counter(LinkCounter::kClosed), flush ? 0 : 1);
    CHECK_EQ(owner.counter(LinkCounter::kSent), 1);
    CHECK(!rig.socket->finished());
  }
}

}  // namespace netvolley::test
