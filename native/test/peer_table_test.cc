#include "engine/peer_table.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <vector>

#include "memory/batch_layout.h"
#include "test/check.h"

namespace netvolley::test {
namespace {

Address address_of(const std::string& host, uint16_t port) {
  Address address;
  CHECK(Address::parse(host, port, &address));
  return address;
}

// 0 .. 2^24 - 1: every third one IPv6, and addresses that differ by port only.
Address numbered(uint32_t number) {
  const std::string tail = std::to_string(number >> 8 & 255);
  const uint16_t port = static_cast<uint16_t>(1000 + (number & 255));
  return number % 3 == 0 ? address_of("fe80::" + tail, port) : address_of("10.0.0." + tail, port);
}

struct Table {
  explicit Table(uint32_t capacity)
      : capacity(capacity), page(new uint8_t[uint64_t{capacity} * kPeerBytes]()), peers(page.get(), capacity) {}

  template <class T>
  T field(uint32_t peer, PeerField at) const {
    T value;
    std::memcpy(&value, page.get() + uint64_t{peer} * kPeerBytes + at, sizeof value);
    return value;
  }
  uint32_t generation(uint32_t peer) const { return field<uint32_t>(peer, kPeerGeneration); }

  uint32_t capacity;
  std::unique_ptr<uint8_t[]> page;
  PeerTable peers;
};

}  // namespace

TEST("[SV43] the same sender has the same number, and its address stands in the shared page") {
  Table table(4);
  const Address four = address_of("192.0.2.7", 5353);
  const uint32_t peer = table.peers.intern(four);
  CHECK_EQ(table.peers.intern(four), peer);
  CHECK(table.peers.address(peer) == four);
  CHECK_EQ(table.generation(peer), 1);
  CHECK_EQ(table.field<uint16_t>(peer, kPeerPort), 5353);
  CHECK_EQ(table.field<uint8_t>(peer, kPeerFamily), 4);
  CHECK_EQ(table.field<uint32_t>(peer, kPeerHost), 0x070200c0);
  const uint32_t other = table.peers.intern(address_of("2001:db8::1", 53));
  CHECK(other != peer);
  CHECK_EQ(table.field<uint8_t>(other, kPeerFamily), 6);
  CHECK_EQ(table.field<uint64_t>(other, kPeerHost), 0xb80d0120);
  CHECK_EQ(table.field<uint8_t>(other, static_cast<PeerField>(kPeerHost + 15)), 1);
}

TEST("[SV17] a full table gives the number of a peer without requests away, under a new generation") {
  Table table(2);
  const uint32_t first = table.peers.intern(numbered(1));
  const uint32_t second = table.peers.intern(numbered(2));
  table.peers.pin(first);
  const uint32_t third = table.peers.intern(numbered(3));
  CHECK_EQ(third, second);
  CHECK_EQ(table.generation(third), 2);
  CHECK(table.peers.address(first) == numbered(1));
  CHECK(table.peers.address(third) == numbered(3));
}

TEST("[SV17] a table whose peers all wait for answers takes no other") {
  Table table(2);
  const uint32_t peers[] = {table.peers.intern(numbered(1)), table.peers.intern(numbered(2))};
  for (const uint32_t peer : peers) table.peers.pin(peer);
  table.peers.pin(peers[0]);
  CHECK_EQ(table.peers.intern(numbered(3)), PeerTable::kNone);
  CHECK_EQ(table.peers.intern(numbered(1)), peers[0]);
  table.peers.unpin(peers[0]);
  CHECK_EQ(table.peers.intern(numbered(3)), PeerTable::kNone);
  table.peers.unpin(peers[0]);
  CHECK_EQ(table.peers.intern(numbered(3)), peers[0]);
}

TEST("[SV17] a sender that keeps coming stays while strangers come and go") {
  Table table(8);
  const uint32_t regular = table.peers.intern(numbered(0));
  for (uint32_t stranger = 1; stranger < 1000; ++stranger) {
    CHECK(table.peers.intern(numbered(stranger)) != regular);
    CHECK_EQ(table.peers.intern(numbered(0)), regular);
  }
  CHECK_EQ(table.generation(regular), 1);
}

TEST("[SV17] a number means one address until its generation changes, and never while it is pinned") {
  constexpr uint32_t kCapacity = 32;
  Table table(kCapacity);
  Random random;
  std::map<uint32_t, Address> known;  // by number
  std::vector<uint32_t> generations(kCapacity, 0);
  std::vector<uint32_t> pins(kCapacity, 0);
  std::vector<uint32_t> pinned;
  for (uint32_t step = 0; step < 100000; ++step) {
    const Note note("step " + std::to_string(step));
    // Phases of few pins and of more than the table can hold.
    const uint32_t most_pins = step / 1000 % 3 == 0 ? 300 : 20;
    if (!pinned.empty() && (pinned.size() >= most_pins || random.one_in(3))) {
      const uint32_t at = random.below(static_cast<uint32_t>(pinned.size()));
      table.peers.unpin(pinned[at]);
      --pins[pinned[at]];
      pinned[at] = pinned.back();
      pinned.pop_back();
      continue;
    }
    const Address address = numbered(random.below(60));
    const uint32_t peer = table.peers.intern(address);
    const auto holder =
        std::find_if(known.begin(), known.end(), [&](const auto& one) { return one.second == address; });
    if (peer == PeerTable::kNone) {
      CHECK(holder == known.end());
      CHECK(std::all_of(pins.begin(), pins.end(), [](uint32_t count) { return count != 0; }));
      continue;
    }
    CHECK(peer < kCapacity);
    CHECK(table.peers.address(peer) == address);
    if (holder != known.end()) {
      CHECK_EQ(peer, holder->first);
      CHECK_EQ(table.generation(peer), generations[peer]);
    } else {
      CHECK_EQ(pins[peer], 0);
      CHECK_EQ(table.generation(peer), generations[peer] + 1);
      generations[peer] = table.generation(peer);
      known[peer] = address;
    }
    if (random.one_in(2)) {
      table.peers.pin(peer);
      ++pins[peer];
      pinned.push_back(peer);
    }
  }
}

}  // namespace netvolley::test
