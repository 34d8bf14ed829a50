#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>

#include "io/address.h"

namespace netvolley {

// Writes one address into its record of the shared peer page (memory/batch_layout.h).
void write_peer(uint8_t* record, uint32_t generation, const Address& address);

// Interns the senders of datagrams: a small integer for each, its address in a shared page. A peer that has a request
// in flight is pinned; when the table is full the first unpinned one that was not seen lately makes room, and its
// number gets a new generation.
class PeerTable {
 public:
  static constexpr uint32_t kNone = ~uint32_t{0};

  // `records` holds capacity * kPeerBytes; capacity is a power of two and larger than what can be pinned at once.
  PeerTable(uint8_t* records, uint32_t capacity);
  PeerTable(const PeerTable&) = delete;
  PeerTable& operator=(const PeerTable&) = delete;

  // kNone only where every peer is pinned.
  [[nodiscard]] uint32_t intern(const Address& address);
  const Address& address(uint32_t peer) const { return entries_[peer].address; }
  void pin(uint32_t peer) { ++entries_[peer].pins; }
  void unpin(uint32_t peer) { --entries_[peer].pins; }
  // Places that hold an address, and how often one was given to another sender.
  uint32_t used() const { return used_; }
  uint64_t evicted() const { return evicted_; }

 private:
  // All zeros is an empty one, so that the memory of a large table costs nothing before it is needed.
  struct Entry {
    Address address;
    uint32_t next;  // place + 1 of the next of its bucket, 0 = none
    uint32_t pins;
    uint32_t generation;
    bool seen;
  };
  struct Free {
    void operator()(void* memory) const { std::free(memory); }
  };
  template <class T>
  using Zeroed = std::unique_ptr<T[], Free>;

  uint32_t find_or_claim(const Address& address);
  uint32_t claim();
  void unlink(uint32_t peer);
  uint32_t bucket_of(const Address& address) const { return static_cast<uint32_t>(address.hash()) & bucket_mask_; }

  uint8_t* records_;
  uint32_t capacity_;
  uint32_t bucket_mask_;
  uint32_t used_ = 0;
  uint32_t hand_ = 0;
  uint32_t last_ = kNone;  // place of the last one that was asked for
  uint64_t evicted_ = 0;
  Zeroed<Entry> entries_;
  Zeroed<uint32_t> buckets_;  // place + 1 of the first, 0 = none
};

}  // namespace netvolley
