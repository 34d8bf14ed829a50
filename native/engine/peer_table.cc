#include "engine/peer_table.h"

#include <cstring>

#include "memory/batch_layout.h"

namespace netvolley {

void write_peer(uint8_t* record, uint32_t generation, const Address& address) {
  const uint32_t scope = address.scope_id();
  const uint16_t port = address.port();
  std::memcpy(record + kPeerGeneration, &generation, sizeof generation);
  std::memcpy(record + kPeerScope, &scope, sizeof scope);
  std::memcpy(record + kPeerPort, &port, sizeof port);
  record[kPeerFamily] = static_cast<uint8_t>(address.family());
  address.copy_host(record + kPeerHost);
}

PeerTable::PeerTable(uint8_t* records, uint32_t capacity)
    : records_(records),
      capacity_(capacity),
      bucket_mask_(capacity * 2 - 1),
      entries_(static_cast<Entry*>(std::calloc(capacity, sizeof(Entry)))),
      buckets_(static_cast<uint32_t*>(std::calloc(size_t{capacity} * 2, sizeof(uint32_t)))) {
  // As operator new would end it in code without exceptions.
  if (entries_ == nullptr || buckets_ == nullptr) std::abort();
}

uint32_t PeerTable::intern(const Address& address) {
  // Datagrams come in runs of one sender. Its place still holds that address, or another one's, which then differs.
  if (last_ < used_ && entries_[last_].address == address) {
    entries_[last_].seen = true;
    return last_;
  }
  return last_ = find_or_claim(address);
}

uint32_t PeerTable::find_or_claim(const Address& address) {
  uint32_t& bucket = buckets_[bucket_of(address)];
  for (uint32_t next = bucket; next != 0; next = entries_[next - 1].next) {
    if (entries_[next - 1].address == address) {
      entries_[next - 1].seen = true;
      return next - 1;
    }
  }
  const uint32_t peer = claim();
  if (peer == kNone) return kNone;
  Entry& entry = entries_[peer];
  entry.address = address;
  // A stranger has to come twice before it counts: a flood of senders does not push those out who keep coming.
  entry.seen = false;
  entry.next = bucket;
  bucket = peer + 1;
  write_peer(records_ + uint64_t{peer} * kPeerBytes, ++entry.generation, address);
  return peer;
}

// Second chance: the hand passes over pinned peers, and once over those seen since it last came by.
uint32_t PeerTable::claim() {
  if (used_ < capacity_) return used_++;
  for (uint32_t step = 0; step < capacity_ * 2; ++step) {
    const uint32_t peer = hand_;
    hand_ = (hand_ + 1) % capacity_;
    Entry& entry = entries_[peer];
    if (entry.pins != 0) continue;
    if (entry.seen) {
      entry.seen = false;
      continue;
    }
    unlink(peer);
    ++evicted_;
    return peer;
  }
  return kNone;
}

void PeerTable::unlink(uint32_t peer) {
  uint32_t* link = &buckets_[bucket_of(entries_[peer].address)];
  while (*link != peer + 1) link = &entries_[*link - 1].next;
  *link = entries_[peer].next;
}

}  // namespace netvolley
