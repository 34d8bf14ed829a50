#include "engine/slot_table.h"

#include <map>
#include <vector>

#include "test/check.h"

namespace netvolley::test {
namespace {

constexpr uint32_t kSmall = 16;
constexpr uint32_t kLarge = 4;
constexpr uint32_t kLinks = 3;

struct Bench {
  explicit Bench(bool poison)
      : classes{{kSmall, 256}, {kLarge, 4096}},
        memory(Slab::size_bytes(classes) + 64),
        generations(kSmall + kLarge),
        slots(aligned(), classes, generations.data(), poison) {}
  uint8_t* aligned() { return memory.data() + (64 - reinterpret_cast<uintptr_t>(memory.data()) % 64) % 64; }

  std::vector<SlabClass> classes;
  std::vector<uint8_t> memory;
  std::vector<uint32_t> generations;
  SlotTable slots;
};

// Who has each slot, in the slowest way there is.
struct Held {
  bool reading = false;
  bool published = false;
  uint32_t link = 0;
  uint32_t peer = 0;
  uint32_t sends = 0;
};

class Model {
 public:
  void step() {
    const uint32_t kind = random_.below(10);
    if (kind < 3) return take();
    if (held_.empty()) return;
    auto found = held_.begin();
    std::advance(found, random_.below(static_cast<uint32_t>(held_.size())));
    const uint32_t slot = found->first;
    Held& held = found->second;
    if (held.reading) {
      if (kind < 4) return give_back(slot);
      return publish(slot, held);
    }
    if (held.published && kind < 6) return hold(slot, held);
    if (held.published && kind < 8) return release(slot, held);
    if (held.sends != 0) return release_hold(slot, held);
  }
  void check() {
    uint32_t reading = 0;
    uint32_t large = 0;
    for (const auto& [slot, held] : held_) {
      reading += held.reading;
      large += slot >= kSmall;
      for (uint32_t link = 0; link < kLinks; ++link) {
        CHECK_EQ(bench_.slots.is_published_to(slot, link), held.published && held.link == link);
      }
    }
    const SlotTable& slots = bench_.slots;
    CHECK_EQ(slots.reading(), reading);
    CHECK_EQ(slots.held(), held_.size() - reading);
    CHECK_EQ(slots.free_slots() + slots.reading() + slots.held(), slots.slots());
    CHECK_EQ(slots.large_free(), kLarge - large);
    CHECK(!slots.is_published_to(kSmall + kLarge, 0));
  }
  uint32_t freed() const { return freed_; }

 private:
  void take() {
    const bool large = random_.one_in(4);
    const uint32_t slot = bench_.slots.take(large ? 257 : 1);
    if (slot == SlotTable::kNone) return;
    CHECK(!held_.contains(slot));
    CHECK_EQ(bench_.slots.is_large(slot), large);
    held_[slot].reading = true;
  }
  void give_back(uint32_t slot) {
    bench_.slots.give_back(slot);
    held_.erase(slot);
  }
  void publish(uint32_t slot, Held& held) {
    held = {false, true, random_.below(kLinks), random_.below(1000), 0};
    const uint32_t before = bench_.slots.published_to(held.link, slot >= kSmall);
    const uint32_t generation = bench_.slots.publish(slot, held.link, held.peer);
    CHECK_EQ(bench_.slots.published_to(held.link, slot >= kSmall), before + 1);
    CHECK_EQ(generation, bench_.generations[slot]);
  }
  void hold(uint32_t slot, Held& held) {
    bench_.slots.hold(slot);
    ++held.sends;
  }
  void release(uint32_t slot, Held& held) {
    held.published = false;
    uint32_t peer = ~0u;
    const bool free = bench_.slots.release(slot, &peer);
    settle(slot, held, free, peer);
  }
  void release_hold(uint32_t slot, Held& held) {
    --held.sends;
    uint32_t peer = ~0u;
    const bool free = bench_.slots.release_hold(slot, &peer);
    settle(slot, held, free, peer);
  }
  void settle(uint32_t slot, const Held& held, bool free, uint32_t peer) {
    CHECK_EQ(free, !held.published && held.sends == 0);
    if (!free) return;
    CHECK_EQ(peer, held.peer);
    ++freed_;
    held_.erase(slot);
  }

  Random random_{11};
  Bench bench_{false};
  std::map<uint32_t, Held> held_;
  uint32_t freed_ = 0;
};

}  // namespace

TEST("[U20] every slot has one owner, and free, reading and held ones are all there are") {
  Model model;
  for (uint32_t step = 0; step < 100000; ++step) {
    model.step();
    model.check();
  }
  CHECK(model.freed() > 10000);
}

TEST("[U6] a slot that is sent in place is free when its link and its last send are done with it") {
  Bench bench(false);
  uint32_t peer = 0;
  const uint32_t slot = bench.slots.take(1);
  bench.slots.publish(slot, 1, 77);
  bench.slots.hold(slot);
  bench.slots.hold(slot);
  CHECK(!bench.slots.release_hold(slot, &peer));
  CHECK(!bench.slots.release(slot, &peer));
  CHECK(!bench.slots.is_published_to(slot, 1));
  CHECK_EQ(bench.slots.held(), 1);
  CHECK(bench.slots.release_hold(slot, &peer));
  CHECK_EQ(peer, 77);
  CHECK_EQ(bench.slots.free_slots(), bench.slots.slots());
}

TEST("[U7] a slot that becomes free is poisoned and has a new generation (regression 24)") {
  Bench bench(true);
  const uint32_t slot = bench.slots.take(1);
  bench.slots.data(slot)[0] = 1;
  bench.slots.data(slot)[255] = 2;
  const uint32_t generation = bench.slots.publish(slot, 0, 0);
  uint32_t peer = 0;
  CHECK(bench.slots.release(slot, &peer));
  CHECK(bench.generations[slot] != generation);
  for (uint32_t i = 0; i < 256; ++i) CHECK_EQ(bench.slots.data(slot)[i], 0xDB);
}

TEST("[U58] the end of a link frees what it had and nothing else") {
  Bench bench(false);
  uint32_t peer = 0;
  std::vector<uint32_t> others;
  for (uint32_t i = 0; i < kSmall; ++i) {
    const uint32_t slot = bench.slots.take(1);
    bench.slots.publish(slot, i % 2, i);
    if (i % 2 == 0) others.push_back(slot);
  }
  bench.slots.for_each_of(1, [&](uint32_t slot) { CHECK(bench.slots.release(slot, &peer)); });
  CHECK_EQ(bench.slots.held(), kSmall / 2);
  for (const uint32_t slot : others) CHECK(bench.slots.is_published_to(slot, 0));
}

}  // namespace netvolley::test
