#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "memory/slab.h"

namespace netvolley {

// The receive slots of a socket and who has them: free -> reading (in a kernel vector) -> published (to one link) ->
// free. A slot that is being sent in place has one more holder for each send. No timer and no disconnect frees a slot
// that JavaScript may read; only its link's head, its return ring, or the end of the link. Reactor's thread.
class SlotTable {
 public:
  static constexpr uint32_t kNone = Slab::kNone;

  // `generations`: one number for each slot in shared memory, by which debug mode finds late reads. With `poison` a
  // slot is overwritten when it becomes free.
  SlotTable(uint8_t* memory, std::vector<SlabClass> classes, uint32_t* generations, bool poison);
  SlotTable(const SlotTable&) = delete;
  SlotTable& operator=(const SlotTable&) = delete;

  // -> reading; kNone = none is free of the class that fits.
  [[nodiscard]] uint32_t take(uint32_t bytes);
  // reading -> free
  void give_back(uint32_t slot);
  // reading -> published; gives the generation.
  uint32_t publish(uint32_t slot, uint32_t link, uint32_t peer);
  // A send in place.
  void hold(uint32_t slot);
  // The link is done with it. True = free now, and the sender `*peer` (a place in the PeerTable) is to be unpinned.
  [[nodiscard]] bool release(uint32_t slot, uint32_t* peer);
  // A send in place is done with it.
  [[nodiscard]] bool release_hold(uint32_t slot, uint32_t* peer);

  // False: a number that JavaScript must not give.
  bool is_published_to(uint32_t slot, uint32_t link) const {
    return slot < owners_.size() && owners_[slot].state == State::kPublished && owners_[slot].link == link;
  }
  // How many of the small, or of the large slots the link has.
  uint32_t published_to(uint32_t link, bool large) const { return link < had_.size() ? had_[link][large] : 0; }
  // Calls `visit` for each slot that is published to `link`, which may release it.
  template <class Visit>
  void for_each_of(uint32_t link, Visit visit) {
    for (uint32_t slot = 0; slot < owners_.size(); ++slot) {
      if (is_published_to(slot, link)) visit(slot);
    }
  }

  uint8_t* data(uint32_t slot) const { return slab_.data(slot); }
  uint32_t offset(uint32_t slot) const { return slab_.offset(slot); }
  uint32_t capacity(uint32_t slot) const { return slab_.capacity(slot); }
  uint32_t small_bytes() const { return slab_.smallest_slot_bytes(); }
  uint32_t large_bytes() const { return large_bytes_; }
  bool is_large(uint32_t slot) const { return slot >= first_large_; }

  // free + reading + held = slots; large_free is a part of free.
  uint32_t slots() const { return slab_.slots(); }
  uint32_t large_slots() const { return slots() - first_large_; }
  uint32_t free_slots() const { return slab_.free_slots(); }
  uint32_t large_free() const { return large_free_; }
  uint32_t small_free() const { return free_slots() - large_free_; }
  uint32_t reading() const { return reading_; }
  uint32_t held() const { return slots() - free_slots() - reading_; }

 private:
  enum class State : uint8_t { kFree, kReading, kPublished, kSending };
  struct Owner {
    State state = State::kFree;
    uint16_t link = 0;
    uint32_t peer = 0;
    uint32_t holds = 0;
  };

  bool let_go(uint32_t slot, uint32_t* peer);
  void free(uint32_t slot);

  Slab slab_;
  uint32_t* generations_;
  bool poison_;
  uint32_t first_large_;
  uint32_t large_bytes_;
  uint32_t large_free_;
  uint32_t reading_ = 0;
  std::vector<Owner> owners_;
  std::vector<std::array<uint32_t, 2>> had_;  // by link: small, large
};

}  // namespace netvolley
