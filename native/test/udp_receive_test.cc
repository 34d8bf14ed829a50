#include <numeric>
#include <set>
#include <string>
#include <vector>

#include "test/check.h"
#include "test/udp_rig.h"

namespace netvolley::test {
namespace {

using Column = ReceiveColumn;

double dropped(Rig& rig) {
  using Id = SocketCounter;
  return rig.counter(Id::kDroppedNoSlot) + rig.counter(Id::kDroppedOversize) + rig.counter(Id::kDroppedClosed);
}

void check_books(Rig& rig) {
  double published = 0;
  for (const auto& link : rig.links) published += link->counter(LinkCounter::kPublished);
  CHECK_EQ(rig.counter(SocketCounter::kPacketsReceived), published + dropped(rig));
  CHECK_EQ(rig.counter(SocketCounter::kSlotsFree) + rig.counter(SocketCounter::kSlotsReading) +
               rig.counter(SocketCounter::kSlotsHeld),
           rig.counter(SocketCounter::kSlots));
}

DatagramConfig gro_config() {
  DatagramConfig config = rig_config();
  config.slab = {{32, 256}, {24, 65536}};
  config.gro = true;
  return config;
}

DatagramConfig roomy_config() {
  DatagramConfig config = rig_config();
  config.slab = {{512, 256}, {64, 65536}};
  config.max_peers = 2048;
  return config;
}

}  // namespace

TEST("[U22] the number of datagrams asked for doubles while calls come back full, and falls to what is coming") {
  Rig rig(roomy_config());
  RigLink& link = rig.add_link(1024);
  rig.start();
  for (uint32_t i = 0; i < 130; ++i) rig.arrive("x", rig_address(5000));
  rig.turn();
  CHECK(rig.io.asked == std::vector<uint32_t>({8, 16, 32, 64}));
  rig.settle();
  CHECK(rig.io.asked == std::vector<uint32_t>({8, 16, 32, 64, 64}));  // 10 of 64: no call more says that it is empty
  CHECK_EQ(link.waiting(), 130);
  rig.arrive("y", rig_address(5000));
  rig.turn();
  CHECK_EQ(rig.io.asked.back(), 16);  // the power of two above 10
  rig.arrive("z", rig_address(5000));
  rig.turn();
  CHECK_EQ(rig.io.asked.back(), 8);
  check_books(rig);
}

TEST("[U22] a socket takes so much in one turn, and goes on in the next without being asked") {
  Rig rig(roomy_config());
  RigLink& link = rig.add_link(1024);
  rig.start();
  for (uint32_t i = 0; i < 400; ++i) rig.arrive("x", rig_address(5000));
  rig.turn();
  const uint32_t first = link.waiting();
  CHECK(first >= 64 && first <= 128);
  CHECK(!rig.reactor->fall_asleep());
  CHECK(rig.settle() >= 4);
  CHECK_EQ(link.waiting(), 400);
}

TEST("[U26] with GRO a message is one entry of several datagrams; a short one moves to a small slot") {
  Rig rig(gro_config());
  RigLink& link = rig.add_link(64);
  rig.start();
  rig.arrive(std::string(2500, 'a'), rig_address(5000), 1000);
  rig.arrive("short", rig_address(5001), 1000);
  rig.arrive("", rig_address(5002));
  rig.turn();
  CHECK_EQ(rig.io.asked.front(), 4);
  CHECK_EQ(link.waiting(), 3);
  CHECK_EQ(link.column<uint16_t>(Column::kSegmentBytes, 0), 1000);
  CHECK_EQ(link.column<uint16_t>(Column::kSegmentCount, 0), 3);
  CHECK_EQ(link.column<uint8_t>(Column::kFlags, 0), kReceiveLarge);
  CHECK_EQ(link.text(0), std::string(2500, 'a'));
  CHECK_EQ(link.text(1), "short");
  CHECK_EQ(link.column<uint16_t>(Column::kSegmentBytes, 1), 0);
  CHECK_EQ(link.column<uint8_t>(Column::kFlags, 1), 0);
  CHECK_EQ(link.column<uint8_t>(Column::kFlags, 2), kReceiveEmpty);
  CHECK_EQ(link.column<uint32_t>(Column::kOrdinal, 1), 3);
  CHECK_EQ(link.column<uint32_t>(Column::kOrdinal, 2), 4);
  CHECK_EQ(rig.counter(SocketCounter::kPacketsReceived), 5);
  CHECK_EQ(rig.counter(SocketCounter::kGroMessages), 1);
  CHECK_EQ(rig.counter(SocketCounter::kGroSegments), 3);
  CHECK_EQ(rig.counter(SocketCounter::kReceiveBatch0) +
               rig.counter(static_cast<SocketCounter>(static_cast<uint32_t>(SocketCounter::kReceiveBatch0) + 1)),
           1);
  check_books(rig);
}

TEST("[U26] where no small slot is free a short message stays in its large one") {
  DatagramConfig config = gro_config();
  config.slab = {{1, 256}, {24, 65536}};
  Rig rig(config);
  RigLink& link = rig.add_link(64);
  rig.start();
  for (uint16_t i = 0; i < 3; ++i) rig.arrive("m" + std::to_string(i), rig_address(5000));
  rig.turn();
  for (uint32_t i = 0; i < 3; ++i) {
    CHECK_EQ(link.text(i), "m" + std::to_string(i));
    CHECK_EQ(link.column<uint8_t>(Column::kFlags, i), i == 0 ? 0 : kReceiveLarge);
  }
  check_books(rig);
}

TEST("[U45] what is longer than wanted is dropped and counted, or cut and marked") {
  for (const bool truncate : {false, true}) {
    DatagramConfig config = rig_config();
    config.max_datagram_bytes = 600;
    config.truncate_oversize = truncate;
    Rig rig(config);
    RigLink& link = rig.add_link(64);
    rig.start();
    rig.arrive(std::string(600, 'a'), rig_address(5000));
    rig.arrive(std::string(601, 'b'), rig_address(5000));
    rig.arrive("c", rig_address(5000));
    rig.turn();
    CHECK_EQ(link.waiting(), truncate ? 3 : 2);
    CHECK_EQ(link.text(0).size(), 600);
    CHECK_EQ(rig.counter(SocketCounter::kDroppedOversize), truncate ? 0 : 1);
    if (truncate) {
      CHECK_EQ(link.text(1), std::string(600, 'b'));
      CHECK_EQ(link.column<uint32_t>(Column::kFullLength, 1), 601);
      CHECK_EQ(link.column<uint8_t>(Column::kFlags, 1), kReceiveTruncated | kReceiveLarge);
    }
    check_books(rig);
  }
}

TEST("[U45] of a GRO message with segments that are too long only a last, shorter one is left") {
  DatagramConfig config = gro_config();
  config.max_datagram_bytes = 500;
  Rig rig(config);
  RigLink& link = rig.add_link(64);
  rig.start();
  rig.arrive(std::string(2000, 'a') + std::string(300, 'b'), rig_address(5000), 1000);
  rig.arrive(std::string(2000, 'c') + std::string(501, 'd'), rig_address(5000), 1000);
  rig.arrive(std::string(1000, 'e'), rig_address(5000), 500);
  rig.turn();
  CHECK_EQ(link.waiting(), 2);
  CHECK_EQ(link.text(0), std::string(300, 'b'));
  CHECK_EQ(link.column<uint16_t>(Column::kSegmentCount, 0), 1);
  CHECK_EQ(link.text(1), std::string(1000, 'e'));
  CHECK_EQ(rig.counter(SocketCounter::kDroppedOversize), 5);
  CHECK_EQ(rig.counter(SocketCounter::kPacketsReceived), 8);
  check_books(rig);
}

TEST("[U44] empty datagrams are delivered, first, in the middle and last (regression 8)") {
  Rig rig;
  RigLink& link = rig.add_link(64);
  rig.start();
  const std::vector<std::string> sent{"", "a", "", "b", ""};
  for (const std::string& bytes : sent) rig.arrive(bytes, rig_address(5000));
  rig.turn();
  for (uint32_t i = 0; i < sent.size(); ++i) {
    CHECK_EQ(link.text(i), sent[i]);
    CHECK_EQ(link.column<uint8_t>(Column::kFlags, i), sent[i].empty() ? kReceiveEmpty : 0);
    CHECK_EQ(link.column<uint16_t>(Column::kSegmentCount, i), 1);
  }
}

TEST("[U6] with one link a full ring stops reading; the kernel keeps the rest, and the head's move wakes the reactor") {
  Rig rig;
  RigLink& link = rig.add_link(16);
  rig.start();
  for (uint32_t i = 0; i < 40; ++i) rig.arrive(std::to_string(i), rig_address(5000));
  rig.turn();
  rig.settle();
  CHECK_EQ(link.waiting(), 16);
  CHECK_EQ(rig.io.arrivals.size(), 24);
  CHECK_EQ(link.word(DatagramWord::kReceiveStalled).load(), 1);
  CHECK_EQ(dropped(rig), 0);
  link.take(5);
  link.publish();
  CHECK(!rig.reactor->fall_asleep());
  rig.settle();
  CHECK_EQ(link.waiting(), 16);
  CHECK_EQ(rig.io.arrivals.size(), 19);
  CHECK_EQ(link.text(0), "5");
  CHECK_EQ(link.text(15), "20");
  check_books(rig);
}

TEST("[U6] a link that holds nothing up is not looked at when it gives something back") {
  Rig rig;
  RigLink& link = rig.add_link(16);
  rig.start();
  rig.arrive("a", rig_address(5000));
  rig.turn();
  rig.settle();
  CHECK_EQ(link.word(DatagramWord::kReceiveStalled).load(), 0);
  link.take(1);
  link.publish();
  CHECK(rig.reactor->fall_asleep());
  rig.turn();
  CHECK_EQ(rig.counter(SocketCounter::kSlotsHeld), 0);
}

TEST("[U7] with poison a slot is overwritten as soon as its entry is let go") {
  DatagramConfig config = rig_config();
  config.poison = true;
  Rig rig(config);
  RigLink& link = rig.add_link(64);
  rig.start();
  rig.arrive("secret", rig_address(5000));
  rig.turn();
  const uint32_t slot = link.column<uint32_t>(Column::kSlot, 0);
  const uint32_t generation = link.column<uint32_t>(Column::kGeneration, 0);
  CHECK_EQ(link.text(0), "secret");
  link.take(1);
  link.publish();
  rig.turn();
  --link.head;  // what a program that cached the entry would still look at
  CHECK_EQ(link.text(0), "\xDB\xDB\xDB\xDB\xDB\xDB");
  const auto* generations =
      reinterpret_cast<const uint32_t*>(rig.page.data() + kWordBytes + uint64_t{kSocketCounterCells} * 8);
  CHECK(generations[slot] != generation);
}

TEST("[U58] with several links a peer stays with one of them, and a slow one drops its own without stopping others") {
  Rig rig(roomy_config());
  RigLink& quick = rig.add_link(1024);
  RigLink& slow = rig.add_link(16);
  rig.start();
  std::set<uint16_t> ports[2];
  for (uint32_t round = 0; round < 40; ++round) {
    for (uint16_t port = 5000; port < 5032; ++port) rig.arrive("x", rig_address(port));
    rig.turn();
    rig.settle();
    CHECK(rig.io.arrivals.empty());
    for (uint32_t i = 0; i < quick.waiting(); ++i) ports[0].insert(quick.column<uint16_t>(Column::kPort, i));
    quick.take(quick.waiting());
    quick.publish();
  }
  for (uint32_t i = 0; i < slow.waiting(); ++i) ports[1].insert(slow.column<uint16_t>(Column::kPort, i));
  CHECK_EQ(slow.waiting(), 16);
  CHECK(ports[0].size() > 4 && ports[1].size() > 4);
  for (const uint16_t port : ports[1]) CHECK(!ports[0].contains(port));
  CHECK_EQ(quick.counter(LinkCounter::kPublished), 40 * ports[0].size());
  CHECK_EQ(rig.counter(SocketCounter::kDroppedNoSlot), 40 * (32 - ports[0].size()) - 16);
  check_books(rig);
}

TEST("[U58] a link that keeps all it gets leaves the others their share of the slots") {
  Rig rig;
  RigLink& quick = rig.add_link(64);
  RigLink& slow = rig.add_link(64);
  rig.start();
  for (uint32_t round = 0; round < 40; ++round) {
    for (uint16_t port = 5000; port < 5004; ++port) rig.arrive("x", rig_address(port));
    rig.turn();
    rig.settle();
    quick.take(quick.waiting());
    quick.publish();
  }
  CHECK(slow.waiting() < 32);
  CHECK(quick.counter(LinkCounter::kPublished) > 0);
  CHECK_EQ(static_cast<uint32_t>(quick.counter(LinkCounter::kPublished)) % 40, 0);
  check_books(rig);
}

TEST("[U43] errors of earlier sends are reported and stop no reading; the same one for ever does not spin") {
  Rig rig;
  RigLink& link = rig.add_link(64);
  rig.start();
  const Address remote = rig_address(9);
  rig.socket->set_connected(&remote, false);
  rig.io.receive_errors = {ECONNREFUSED, EHOSTUNREACH};
  rig.arrive("behind", rig_address(9));
  rig.turn();
  CHECK_EQ(link.text(0), "behind");
  CHECK_EQ(link.events(), 2);
  CHECK_EQ(link.memory.events().column<uint8_t>(EventColumn::kKind)[0], kEventPeerError);
  CHECK_EQ(link.memory.events().column<uint32_t>(EventColumn::kError)[0], ECONNREFUSED);
  CHECK_EQ(rig.counter(SocketCounter::kReceiveErrors), 2);
  CHECK_EQ(rig.counter(SocketCounter::kPeerErrors), 2);
  rig.io.receive_errors.assign(1000, ECONNREFUSED);
  const size_t calls = rig.io.asked.size();
  rig.turn();
  CHECK(rig.settle() < 5);
  CHECK_EQ(rig.io.asked.size() - calls, 16);
  CHECK(!rig.socket->finished());
}

TEST("[U43] on a connected socket a short batch is not the end: an error may have cut it short") {
  Rig rig;
  rig.add_link(64);
  rig.start();
  const Address remote = rig_address(9);
  rig.socket->set_connected(&remote, false);
  rig.arrive("a", remote);
  rig.turn();
  CHECK_EQ(rig.io.asked.size(), 2);
  CHECK_EQ(rig.poller.rearmed, kReadable);
}

TEST("[U41] only a broken descriptor ends the socket") {
  Rig rig;
  RigLink& link = rig.add_link(64);
  rig.start();
  rig.io.receive_errors = {EBADF};
  rig.turn();
  rig.turn();
  CHECK(rig.socket->finished());
  CHECK_EQ(rig.counter(SocketCounter::kCloseErrno), EBADF);
  CHECK_EQ(link.word(DatagramWord::kLife).load(), static_cast<uint32_t>(LinkLife::kRetired));
}

TEST("[U49] a paused socket reads nothing; resumed it reads what came meanwhile, without a new event") {
  Rig rig;
  RigLink& link = rig.add_link(64);
  rig.start();
  rig.turn();
  rig.socket->set_reading(false);
  rig.arrive("a", rig_address(5000));
  rig.turn();
  rig.settle();
  CHECK_EQ(link.waiting(), 0);
  rig.socket->set_reading(true);
  CHECK(!rig.reactor->fall_asleep());
  rig.settle();
  CHECK_EQ(link.text(0), "a");
}

TEST("[U48] nothing is delivered once closing has begun") {
  Rig rig;
  RigLink& link = rig.add_link(64);
  rig.start();
  rig.io.send_error = EAGAIN;
  link.send({.bytes = "last", .to = link.destination(rig_address(5000))});
  link.publish();
  rig.turn();
  rig.socket->close();
  rig.arrive("late", rig_address(5000));
  rig.turn();
  rig.settle();
  CHECK_EQ(link.waiting(), 0);
  CHECK(!rig.socket->finished());
}

TEST("[U31] what a datagram carries stands in its entry, and an earlier one's is not read as its own") {
  DatagramConfig config = rig_config();
  config.with_info = true;
  Rig rig(config);
  RigLink& link = rig.add_link(2);
  rig.start();
  Arrival arrival{rig_address(5000), "a", 0, {}};
  arrival.info.present = InfoBit::kTrafficClass | InfoBit::kHopLimit | InfoBit::kLocalAddress | InfoBit::kTimestamp;
  arrival.info.traffic_class = 3;
  arrival.info.hop_limit = 61;
  arrival.info.local = rig_address(0, 9);
  arrival.info.interface_index = 5;
  arrival.info.seconds = 17;
  arrival.info.nanoseconds = 18;
  rig.io.arrivals.push_back(arrival);
  rig.turn();
  CHECK_EQ(link.column<uint8_t>(Column::kFlags, 0), kReceiveInfo | kReceiveTimestamp);
  CHECK_EQ(link.column<uint8_t>(Column::kTrafficClass, 0), 3);
  CHECK_EQ(link.column<uint8_t>(Column::kHopLimit, 0), 61);
  CHECK_EQ(link.column<uint32_t>(Column::kInterfaceIndex, 0), 5);
  CHECK_EQ(link.column<uint32_t>(Column::kTimestampSeconds, 0), 17);
  CHECK_EQ(link.column<uint32_t>(Column::kTimestampNanoseconds, 0), 18);
  const uint8_t* local = link.memory.receive().column<uint8_t>(Column::kLocalAddress);
  CHECK(local[0] == 127 && local[3] == 9);
  link.take(1);
  link.publish();
  for (uint32_t i = 0; i < 2; ++i) rig.arrive("b", rig_address(5000));
  rig.turn();
  rig.settle();
  CHECK_EQ(link.column<uint8_t>(Column::kFlags, 1), 0);
  CHECK_EQ(link.column<uint8_t>(Column::kTrafficClass, 1), 0);
  CHECK_EQ(link.column<uint8_t>(Column::kHopLimit, 1), 0);
}

TEST("[U20] strangers without number do not take more places than there are peers (regression 28)") {
  Rig rig;
  RigLink& link = rig.add_link(64);
  rig.start();
  for (uint32_t i = 0; i < 5000; ++i) {
    rig.arrive("x", rig_address(static_cast<uint16_t>(1 + i)));
    rig.turn();
    CHECK_EQ(link.column<uint16_t>(Column::kPort, link.waiting() - 1), 1 + i);
    link.take(link.waiting());
    link.publish();
  }
  CHECK_EQ(rig.counter(SocketCounter::kPeers), 128);
  CHECK_EQ(rig.counter(SocketCounter::kPeersEvicted), 5000 - 128);
  check_books(rig);
}

TEST("[U60] a reactor that spins looks again at once for so long after something happened, then sleeps") {
  Rig rig;
  rig.add_link(64);
  rig.start();
  rig.reactor->set_spin(0.5);
  rig.arrive("x", rig_address(5000));
  rig.turn();
  CHECK(rig.reactor->spins());
  rig.clock.ms += 0.4;
  rig.reactor->turn(0);
  CHECK(rig.reactor->spins());
  rig.clock.ms += 0.2;
  rig.reactor->turn(0);
  CHECK(!rig.reactor->spins());
}

TEST("[U13] the poller is told of the next alarm once, and of one that is no longer wanted not at all") {
  Rig rig;
  RigLink& link = rig.add_link(64);
  rig.config.flush_ms = 5;
  rig.start();
  rig.socket->set(HotOption::kFlushMs, 5);
  const uint32_t to = link.destination(rig_address(5000));
  link.send({.bytes = "a", .to = to});
  link.publish();
  rig.turn();
  CHECK(rig.io.sent.empty());
  CHECK(rig.reactor->fall_asleep());
  CHECK(rig.poller.alarms == std::vector<double>({1005}));
  link.send({.bytes = "b", .to = to});
  link.publish();
  rig.clock.ms = 1003;
  rig.turn();
  CHECK(rig.reactor->fall_asleep());
  CHECK_EQ(rig.poller.alarms.size(), 1);
  rig.clock.ms = 1005;
  rig.turn();
  CHECK_EQ(rig.io.sent.size(), 2);
  CHECK(rig.reactor->fall_asleep());
  CHECK_EQ(rig.poller.alarms.size(), 1);
}

TEST("[U58] a reactor that has stopped takes no commands") {
  Rig rig;
  uint32_t ran = 0;
  rig.reactor->post([&] { ++ran; });
  rig.reactor->stop();
  auto owned = std::make_shared<int>(1);
  rig.reactor->post([owned, &ran] { ++ran; });
  CHECK_EQ(owned.use_count(), 1);
  CHECK_EQ(ran, 0);
}

}  // namespace netvolley::test
