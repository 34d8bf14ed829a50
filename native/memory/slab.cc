#include "memory/slab.h"

#include <cassert>

namespace netvolley {

namespace {

// Slots of a power of two all start in the same few cache sets; one line between them spreads them over all.
constexpr uint32_t kLineBytes = 64;

uint64_t stride(const SlabClass& slab_class) {
  const uint64_t lines = (uint64_t{slab_class.slot_bytes} + kLineBytes - 1) / kLineBytes;
  return (lines + 1) * kLineBytes;
}

}  // namespace

uint64_t Slab::size_bytes(const std::vector<SlabClass>& classes) {
  uint64_t total = 0;
  for (const SlabClass& slab_class : classes) total += stride(slab_class) * slab_class.slots;
  return total;
}

Slab::Slab(uint8_t* memory, std::vector<SlabClass> classes) : memory_(memory) {
  for (const SlabClass& slab_class : classes) total_ += slab_class.slots;
  offsets_.reset(new uint32_t[total_]);
  used_.reset(new bool[total_]());
  free_total_ = total_;
  uint32_t first = 0;
  uint64_t offset = 0;
  for (const SlabClass& slab_class : classes) {
    Class made;
    made.first = first;
    made.slots = made.free_count = slab_class.slots;
    made.slot_bytes = slab_class.slot_bytes;
    made.free.reset(new uint32_t[slab_class.slots]);
    for (uint32_t i = 0; i < slab_class.slots; ++i) {
      offsets_[first + i] = static_cast<uint32_t>(offset);
      made.free[i] = first + slab_class.slots - 1 - i;
      offset += stride(slab_class);
    }
    first += slab_class.slots;
    classes_.push_back(std::move(made));
  }
}

uint32_t Slab::allocate(uint32_t bytes) {
  for (Class& slab_class : classes_) {
    if (bytes > slab_class.slot_bytes) continue;
    if (slab_class.free_count == 0) return kNone;
    const uint32_t slot = slab_class.free[--slab_class.free_count];
    used_[slot] = true;
    --free_total_;
    return slot;
  }
  return kNone;
}

void Slab::release(uint32_t slot) {
  // A slot released twice would be handed to two requests: one client would read another's bytes.
  assert(slot < total_ && used_[slot]);
  used_[slot] = false;
  Class& slab_class = classes_[class_of(slot)];
  slab_class.free[slab_class.free_count++] = slot;
  ++free_total_;
}

uint32_t Slab::capacity(uint32_t slot) const { return classes_[class_of(slot)].slot_bytes; }

uint32_t Slab::class_of(uint32_t slot) const {
  uint32_t index = 0;
  while (slot >= classes_[index].first + classes_[index].slots) ++index;
  return index;
}

}  // namespace netvolley
