#include "engine/slot_table.h"

#include <atomic>
#include <cassert>
#include <cstring>

namespace netvolley {

namespace {

constexpr int kPoison = 0xDB;

}  // namespace

SlotTable::SlotTable(uint8_t* memory, std::vector<SlabClass> classes, uint32_t* generations, bool poison)
    : slab_(memory, classes),
      generations_(generations),
      poison_(poison),
      first_large_(classes.front().slots),
      large_bytes_(classes.back().slot_bytes),
      large_free_(slab_.slots() - first_large_),
      owners_(slab_.slots()) {}

uint32_t SlotTable::take(uint32_t bytes) {
  const uint32_t slot = slab_.allocate(bytes);
  if (slot == kNone) return kNone;
  owners_[slot].state = State::kReading;
  ++reading_;
  if (is_large(slot)) --large_free_;
  return slot;
}

void SlotTable::give_back(uint32_t slot) {
  assert(owners_[slot].state == State::kReading);
  --reading_;
  free(slot);
}

uint32_t SlotTable::publish(uint32_t slot, uint32_t link, uint32_t peer) {
  Owner& owner = owners_[slot];
  assert(owner.state == State::kReading);
  --reading_;
  owner.state = State::kPublished;
  owner.link = static_cast<uint16_t>(link);
  owner.peer = peer;
  if (link >= had_.size()) had_.resize(link + 1);  // once for each link
  ++had_[link][is_large(slot)];
  return std::atomic_ref<uint32_t>(generations_[slot]).load(std::memory_order_relaxed);
}

void SlotTable::hold(uint32_t slot) {
  assert(owners_[slot].state == State::kPublished);
  ++owners_[slot].holds;
}

bool SlotTable::release(uint32_t slot, uint32_t* peer) {
  Owner& owner = owners_[slot];
  assert(owner.state == State::kPublished);
  --had_[owner.link][is_large(slot)];
  owner.state = State::kSending;
  return let_go(slot, peer);
}

bool SlotTable::release_hold(uint32_t slot, uint32_t* peer) {
  assert(owners_[slot].holds != 0);
  --owners_[slot].holds;
  return let_go(slot, peer);
}

bool SlotTable::let_go(uint32_t slot, uint32_t* peer) {
  const Owner& owner = owners_[slot];
  if (owner.holds != 0 || owner.state == State::kPublished) return false;
  *peer = owner.peer;
  free(slot);
  return true;
}

// The generation moves on when a slot becomes free: who then still reads it reads another one's bytes.
void SlotTable::free(uint32_t slot) {
  const std::atomic_ref<uint32_t> generation(generations_[slot]);
  generation.store(generation.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  if (poison_) std::memset(slab_.data(slot), kPoison, slab_.capacity(slot));
  owners_[slot].state = State::kFree;
  if (is_large(slot)) ++large_free_;
  slab_.release(slot);
}

}  // namespace netvolley
