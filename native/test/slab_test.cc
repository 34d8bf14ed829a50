#include "memory/slab.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <vector>

#include "test/check.h"

namespace netvolley::test {
namespace {

// The block is exactly as large as the slab says, so that a write past a slot's place is seen by AddressSanitizer.
struct Block {
  explicit Block(std::vector<SlabClass> classes)
      : bytes(Slab::size_bytes(classes)), memory(new uint8_t[bytes]), slab(memory.get(), std::move(classes)) {}
  uint64_t bytes;
  std::unique_ptr<uint8_t[]> memory;
  Slab slab;
};

}  // namespace

TEST("[SV19] a slab gives out what it has and then says no") {
  Block block({{3, 64}, {2, 1024}});
  std::vector<uint32_t> slots;
  for (uint32_t i = 0; i < 3; ++i) slots.push_back(block.slab.allocate(64));
  CHECK_EQ(block.slab.free_slots(), 2);
  CHECK_EQ(block.slab.allocate(1), Slab::kNone);
  CHECK_EQ(block.slab.free_slots(), 2);
  for (uint32_t i = 0; i < 2; ++i) slots.push_back(block.slab.allocate(65));
  CHECK_EQ(block.slab.allocate(1024), Slab::kNone);
  std::sort(slots.begin(), slots.end());
  CHECK(std::unique(slots.begin(), slots.end()) == slots.end());
  for (const uint32_t slot : slots) block.slab.release(slot);
  CHECK_EQ(block.slab.free_slots(), block.slab.slots());
}

TEST("[SV19] small requests do not take the places of large ones") {
  Block block({{1, 64}, {1, 1024}});
  const uint32_t small = block.slab.allocate(10);
  CHECK(small != Slab::kNone);
  CHECK_EQ(block.slab.allocate(10), Slab::kNone);
  const uint32_t large = block.slab.allocate(1000);
  CHECK(large != Slab::kNone);
  CHECK_EQ(block.slab.capacity(small), 64);
  CHECK_EQ(block.slab.capacity(large), 1024);
  block.slab.release(large);
  CHECK_EQ(block.slab.allocate(10), Slab::kNone);
}

TEST("[SV10] nothing larger than the largest class fits") {
  Block block({{4, 64}, {4, 1024}});
  CHECK(block.slab.fits(0));
  CHECK(block.slab.fits(1024));
  CHECK(!block.slab.fits(1025));
  CHECK_EQ(block.slab.allocate(1025), Slab::kNone);
  CHECK_EQ(block.slab.smallest_slot_bytes(), 64);
}

TEST("[SV19] free and used slots add up, and no slot overlaps another") {
  Block block({{16, 100}, {8, 2048}, {4, 70000}});
  Slab& slab = block.slab;
  Random random;
  std::map<uint32_t, uint8_t> held;
  for (uint32_t step = 0; step < 3000; ++step) {
    if (held.empty() || random.below(2) == 0) {
      const uint32_t wanted = random.below(4) == 0 ? random.below(71000) : random.below(3000);
      const uint32_t slot = slab.allocate(wanted);
      if (slot == Slab::kNone) continue;
      CHECK(held.count(slot) == 0);
      CHECK(slab.capacity(slot) >= wanted);
      CHECK(uint64_t{slab.offset(slot)} + slab.capacity(slot) <= block.bytes);
      CHECK_EQ(slab.offset(slot) % 64, 0);
      const uint8_t mark = static_cast<uint8_t>(random.next());
      std::memset(slab.data(slot), mark, slab.capacity(slot));
      held[slot] = mark;
    } else {
      const auto entry = std::next(held.begin(), random.below(static_cast<uint32_t>(held.size())));
      const uint8_t* data = slab.data(entry->first);
      CHECK(std::all_of(data, data + slab.capacity(entry->first), [&](uint8_t byte) { return byte == entry->second; }));
      slab.release(entry->first);
      held.erase(entry);
    }
    CHECK_EQ(slab.free_slots() + held.size(), slab.slots());
  }
}

}  // namespace netvolley::test
