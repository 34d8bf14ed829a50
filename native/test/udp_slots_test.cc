#include <string>
#include <vector>

#include "test/check.h"
#include "test/udp_rig.h"

// Who has which slot, and what happens where there are none.
namespace netvolley::test {
namespace {

using Column = ReceiveColumn;

void check_books(Rig& rig) {
  double published = 0;
  for (const auto& link : rig.links) published += link->counter(LinkCounter::kPublished);
  CHECK_EQ(rig.counter(SocketCounter::kPacketsReceived), published + rig.counter(SocketCounter::kDroppedNoSlot));
  CHECK_EQ(rig.counter(SocketCounter::kSlotsFree) + rig.counter(SocketCounter::kSlotsReading) +
               rig.counter(SocketCounter::kSlotsHeld),
           rig.counter(SocketCounter::kSlots));
}

}  // namespace

TEST("[U20] a datagram that is longer than a small slot is joined in a large one") {
  Rig rig;
  RigLink& link = rig.add_link(64);
  rig.start();
  std::string bytes(20000, ' ');
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 7);
  rig.arrive("before", rig_address(5000));
  rig.arrive(bytes, rig_address(5000));
  rig.arrive("after", rig_address(5000));
  rig.turn();
  CHECK_EQ(link.text(0), "before");
  CHECK_EQ(link.text(1), bytes);
  CHECK_EQ(link.text(2), "after");
  CHECK_EQ(link.column<uint8_t>(Column::kFlags, 1), kReceiveLarge);
  CHECK_EQ(rig.counter(SocketCounter::kLargeSlotsFree), 7);
  check_books(rig);
}

TEST("[U20] where large slots run out one link loses nothing: the kernel keeps the rest until one comes back") {
  Rig rig;
  RigLink& link = rig.add_link(64);
  rig.start();
  for (uint32_t i = 0; i < 30; ++i) rig.arrive(std::to_string(i) + std::string(1000, 'x'), rig_address(5000));
  rig.turn();
  rig.settle();
  CHECK_EQ(link.waiting(), 8);
  CHECK_EQ(rig.io.arrivals.size(), 22);
  for (uint32_t i = 0; i < 30; ++i) {
    CHECK_EQ(link.text(0), std::to_string(i) + std::string(1000, 'x'));
    link.take(1);
    link.publish();
    CHECK(i != 0 || !rig.reactor->fall_asleep());
    rig.settle();
  }
  CHECK_EQ(rig.counter(SocketCounter::kDroppedNoSlot), 0);
  // Kept for ever, they do not stop the short ones once no long ones are about.
  for (uint32_t i = 0; i < 8; ++i) rig.arrive(std::string(1000, 'y'), rig_address(5000));
  rig.turn();
  link.take(7, true);
  link.publish();
  for (uint32_t i = 0; i < 40; ++i) {
    rig.arrive("s", rig_address(5000));
    rig.turn();
    rig.settle();
    link.take(link.waiting());
    link.publish();
  }
  CHECK_EQ(link.counter(LinkCounter::kPublished), 78);
  CHECK(rig.io.asked.back() >= 8);
  check_books(rig);
}

TEST("[U20] with several links a long datagram without a large slot is dropped and counted, others come through") {
  Rig rig;
  RigLink& link = rig.add_link(64);
  RigLink& other = rig.add_link(64);
  rig.start();
  for (uint16_t i = 0; i < 40; ++i) {
    rig.arrive(std::string(1000, 'x'), rig_address(static_cast<uint16_t>(5000 + i)));
    if (i < 10) rig.arrive("s", rig_address(static_cast<uint16_t>(5000 + i)));
  }
  rig.turn();
  rig.settle();
  CHECK(rig.io.arrivals.empty());
  CHECK_EQ(link.waiting() + other.waiting(), 18);
  CHECK_EQ(rig.counter(SocketCounter::kDroppedNoSlot), 32);
  check_books(rig);
}

TEST("[U6] slots that are kept come back by the return ring alone, in any order") {
  DatagramConfig config = rig_config();
  config.slab = {{8, 256}, {2, 65536}};
  Rig rig(config);
  RigLink& link = rig.add_link(64);
  rig.start();
  for (uint32_t i = 0; i < 12; ++i) rig.arrive(std::to_string(i), rig_address(5000));
  rig.turn();
  rig.settle();
  CHECK_EQ(link.waiting(), 8);
  std::vector<uint32_t> slots;
  for (uint32_t i = 0; i < 8; ++i) slots.push_back(link.column<uint32_t>(Column::kSlot, i));
  link.take(8, true);
  link.publish();
  rig.settle();
  CHECK_EQ(link.waiting(), 0);  // all slots are kept: nothing can be read
  CHECK_EQ(link.word(DatagramWord::kReceiveStalled).load(), 1);
  CHECK_EQ(rig.counter(SocketCounter::kSlotsHeld), 8);
  for (const uint32_t i : {6u, 1u, 4u}) link.give_back(slots[i]);
  link.give_back(slots[6]);  // a second time: no slot may be freed twice
  link.publish();
  CHECK(!rig.reactor->fall_asleep());
  rig.settle();
  CHECK_EQ(link.waiting(), 3);
  CHECK_EQ(link.text(0), "8");
  CHECK_EQ(link.text(2), "10");
  check_books(rig);
}

TEST("[U6] a link that is not read for wakes the reactor too when it gives back the slots that another one lacks") {
  DatagramConfig config = rig_config();
  config.slab = {{8, 256}, {2, 65536}};
  Rig rig(config);
  RigLink& owner = rig.add_link(64);
  rig.start();
  for (uint32_t i = 0; i < 7; ++i) rig.arrive(std::to_string(i), rig_address(5000));
  rig.turn();
  rig.settle();
  CHECK_EQ(owner.waiting(), 7);
  CHECK_EQ(owner.word(DatagramWord::kReceiveStalled).load(), 0);
  rig.socket->set_reading(false);
  RigLink& other = rig.add_link(64);
  for (uint32_t i = 7; i < 9; ++i) rig.arrive(std::to_string(i), rig_address(5000));
  rig.turn();
  rig.settle();
  CHECK_EQ(other.waiting(), 1);
  CHECK_EQ(owner.word(DatagramWord::kReceiveStalled).load(), 1);
  owner.take(4);
  owner.publish();
  CHECK(!rig.reactor->fall_asleep());
  rig.settle();
  CHECK_EQ(other.waiting(), 2);
  CHECK_EQ(other.text(1), "8");
  CHECK_EQ(owner.word(DatagramWord::kReceiveStalled).load(), 0);
  check_books(rig);
}

TEST("[U18] a slot that is free because its answer in place was evicted is read into again") {
  DatagramConfig config = rig_config();
  config.slab = {{4, 256}, {2, 65536}};
  Rig rig(config);
  RigLink& link = rig.add_link(64);
  rig.start();
  rig.io.send_error = EAGAIN;
  for (uint32_t i = 0; i < 6; ++i) rig.arrive(std::to_string(i), rig_address(5000));
  rig.turn();
  for (uint32_t i = 0; i < 4; ++i) {
    const uint32_t to = link.column<uint32_t>(Column::kPeerId, i);
    link.send_in_place(link.column<uint32_t>(Column::kSlot, i), link.column<uint32_t>(Column::kOffset, i), 1, to);
  }
  link.take(4);
  link.publish();
  rig.settle();
  CHECK_EQ(link.waiting(), 0);
  CHECK_EQ(rig.counter(SocketCounter::kSlotsHeld), 4);
  link.send({.bytes = "high", .to = link.destination(rig_address(5001)), .send_class = 2});
  link.word(DatagramWord::kEvictionsHigh).store(1);
  link.publish();
  rig.settle();
  CHECK_EQ(link.counter(LinkCounter::kEvicted), 1);
  CHECK_EQ(link.waiting(), 1);
  CHECK_EQ(link.text(0), "4");
  check_books(rig);
}

TEST("[U58] the owner hears last that the socket has ended: the memory of all links is let go of then") {
  Rig rig;
  RigLink& owner = rig.add_link(64);
  RigLink& first = rig.add_link(64);
  RigLink& second = rig.add_link(0);
  rig.start();
  const auto life = [](const RigLink& link) { return link.word(DatagramWord::kLife).load(); };
  const uint32_t retired = static_cast<uint32_t>(LinkLife::kRetired);
  bool heard = false;
  owner.on_ring = [&] {
    if (life(owner) != retired) return;
    heard = true;
    CHECK(life(first) == retired && life(second) == retired);
  };
  rig.socket->abort();
  CHECK(heard);
}

}  // namespace netvolley::test
