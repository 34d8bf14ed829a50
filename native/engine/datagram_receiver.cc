#include "engine/datagram_receiver.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "engine/send_errors.h"

namespace netvolley {

namespace {

// What one socket may take in one turn, so that it does not keep the others waiting.
constexpr uint32_t kTurnMessages = 64;
constexpr uint32_t kTurnBytes = 256 * 1024;
constexpr uint32_t kFirstBatch = 8;
// Messages of one call where each needs 64 KiB: more would not stay in the cache. Short ones touch little of theirs.
constexpr uint32_t kGroBatch = 4;
constexpr uint32_t kGroBatchShort = 16;
constexpr uint32_t kMaxErrorsInARow = 16;
// Calls after a long datagram that count on another one.
constexpr uint32_t kLongMemory = 16;

uint32_t batch_bucket(uint32_t count) { return count > 64 ? 7 : static_cast<uint32_t>(std::bit_width(count)) - 1; }

uint64_t mix(uint64_t value) {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ULL;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebULL;
  return value ^ (value >> 31);
}

}  // namespace

DatagramReceiver::DatagramReceiver(DatagramContext& context)
    : context_(context), batch_(context.config.gro ? kGroBatch : kFirstBatch) {}

void DatagramReceiver::set_reading(bool on) {
  reading_ = on;
  set_links();
}

// The owner's link takes part while it is wanted there; the links of other threads, where they have a ring, always do.
void DatagramReceiver::set_links() {
  receiving_.clear();
  uint32_t all = 0;
  for (const auto& link : context_.links) {
    if (link == nullptr || !link->receives()) continue;
    ++all;
    if (link->index() != 0 || reading_) receiving_.push_back(link.get());
  }
  alone_ = all <= 1;
  starved_ = false;
}

void DatagramReceiver::set_connected(const Address* remote, bool error_queue) {
  remote_ = remote != nullptr ? *remote : Address();
  error_queue_ = error_queue;
}

void DatagramReceiver::on_released() {
  starved_ = false;
  for (const auto& link : context_.links) {
    if (link != nullptr) link->set_stalled(false);
  }
}

void DatagramReceiver::close() {
  closed_ = true;
  for (uint32_t& slot : slots_) {
    if (slot != SlotTable::kNone) context_.slots.give_back(slot);
    slot = SlotTable::kNone;
  }
}

// --- Reading

void DatagramReceiver::advance() {
  const uint32_t most = std::max(kTurnMessages, context_.config.batch_packets);
  DatagramIo& datagrams = context_.reactor.system().datagrams;
  const bool with_info = context_.config.with_info || context_.config.gro;
  CounterBook<SocketCounter>& counters = context_.counters;
  uint32_t errors = 0;
  uint64_t bytes = 0;
  for (uint32_t messages = 0; has_work() && messages < most && bytes < kTurnBytes;) {
    const uint32_t asked = prepare(wanted_batch());
    if (asked == 0) return starve();
    context_.reactor.counters().add(EngineCounter::kReceiveCalls);
    counters.add(SocketCounter::kReceiveCalls);
    const IoResult result = datagrams.receive(context_.fd.get(), vectors_.data(), asked, with_info);
    if (result.interrupted()) continue;
    if (!result.ok()) {
      if (!go_on_after(result.error, ++errors)) return;
      continue;
    }
    errors = 0;
    const uint32_t got = static_cast<uint32_t>(result.count);
    counters.add(SocketCounter::kBatchesReceived);
    counters.add_at(SocketCounter::kReceiveBatch0, batch_bucket(got));
    bool large = false;
    for (uint32_t i = 0; i < got; ++i) {
      bytes += vectors_[i].bytes;
      large |= vectors_[i].bytes > context_.slots.small_bytes();
      accept(vectors_[i], slots_[i]);
    }
    messages += got;
    adapt(got, large);
    // A short batch has emptied the socket: the call that would say so is saved. Not where it may also have been cut
    // short by an error of an earlier send, which the kernel tells with the next call.
    if (got < asked && remote_.size() == 0 && !error_queue_) return wait_for_more();
  }
}

void DatagramReceiver::wait_for_more() {
  may_read_ = false;
  context_.reactor.rearm(context_.registration, kReadable);
}

// Errors of earlier sends, mostly; the datagrams behind them are still to be read.
bool DatagramReceiver::go_on_after(int error, uint32_t errors_in_a_row) {
  if (error == EAGAIN || error == EWOULDBLOCK) {
    wait_for_more();
    return false;
  }
  context_.counters.add(SocketCounter::kReceiveErrors);
  context_.counters.add_at(SocketCounter::kErrors0, error_cell(error));
  if (error == EBADF || error == ENOTSOCK || error == EFAULT || error == EOPNOTSUPP) {
    fatal_ = error;
    return false;
  }
  // With the error queue on, the same one stands there with more to tell.
  if (remote_.size() != 0 && !error_queue_) report(error);
  if (errors_in_a_row < kMaxErrorsInARow) return true;
  wait_for_more();
  return false;
}

void DatagramReceiver::report(int error) {
  context_.counters.add(SocketCounter::kPeerErrors);
  DatagramEvent event;
  event.kind = kEventPeerError;
  event.error = error;
  event.to = &remote_;
  for (const auto& link : context_.links) {
    if (link != nullptr) link->report(event);
  }
}

uint32_t DatagramReceiver::wanted_batch() const {
  const uint32_t most = context_.reactor.system().datagrams.max_batch();
  const uint32_t batch = std::min({batch_, context_.config.batch_packets, most});
  return receiving_.size() == 1 ? std::min({batch, receiving_.front()->room(), sure_places()}) : batch;
}

// How many datagrams find a place however long they are: what the kernel still has is not lost. While none are long, a
// large class that is nearly used up does not slow the short ones down.
uint32_t DatagramReceiver::sure_places() const {
  const SlotTable& slots = context_.slots;
  const bool only_small = context_.config.gro || context_.config.max_datagram_bytes <= slots.small_bytes();
  if (!alone_ || only_small) return ~uint32_t{0};
  return longs_ != 0 ? slots.large_free() : std::max(slots.large_free(), kFirstBatch);
}

// Follows the traffic: doubles while calls come back full, else falls to what is coming.
void DatagramReceiver::adapt(uint32_t got, bool large) {
  longs_ = large ? kLongMemory : longs_ - (longs_ != 0);
  const bool gro = context_.config.gro;
  const uint32_t least = gro ? kGroBatch : kFirstBatch;
  const uint32_t most = gro ? (large ? kGroBatch : kGroBatchShort) : std::max(context_.config.batch_packets, least);
  const uint32_t next = got >= batch_ ? batch_ * 2 : std::bit_ceil(std::max(got, 1u));
  batch_ = std::clamp(next, least, most);
}

uint32_t DatagramReceiver::prepare(uint32_t wanted) {
  SlotTable& slots = context_.slots;
  const bool gro = context_.config.gro;
  if (wanted > vectors_.size()) grow(wanted);
  for (uint32_t i = 0; i < wanted; ++i) {
    if (slots_[i] == SlotTable::kNone) slots_[i] = slots.take(gro ? slots.large_bytes() : 1);
    if (slots_[i] == SlotTable::kNone) {
      // One that an earlier, larger call did not use.
      const auto unused =
          std::find_if(slots_.begin() + i, slots_.end(), [](uint32_t s) { return s != SlotTable::kNone; });
      if (unused == slots_.end()) return i;
      std::swap(slots_[i], *unused);
    }
    vectors_[i].data = slots.data(slots_[i]);
    vectors_[i].capacity = slots.capacity(slots_[i]);
  }
  return wanted;
}

// A datagram goes over the end of its small slot into memory of the vector's own. It is touched only where datagrams
// are that long: untouched pages cost nothing.
void DatagramReceiver::grow(uint32_t count) {
  vectors_.resize(count);
  slots_.resize(count, SlotTable::kNone);
  const uint32_t most = context_.config.max_datagram_bytes;
  const uint32_t small = context_.slots.small_bytes();
  if (context_.config.gro || most <= small) return;
  const uint32_t overflow = most - small;
  overflow_.reset(new uint8_t[uint64_t{overflow} * count]);
  for (uint32_t i = 0; i < count; ++i) {
    vectors_[i].overflow = overflow_.get() + uint64_t{overflow} * i;
    vectors_[i].overflow_capacity = overflow;
  }
}

// Until something comes back the kernel's buffer holds the rest. has_work() of the socket looks once more, after the
// word is set: so nothing that comes back is missed.
void DatagramReceiver::starve() {
  starved_ = true;
  // Also those that are not read for at present: they may hold what is missing.
  for (const auto& link : context_.links) {
    if (link != nullptr && link->receives()) link->set_stalled(true);
  }
}

// --- Dealing out

void DatagramReceiver::accept(const ReceiveVector& vector, uint32_t& slot) {
  CounterBook<SocketCounter>& counters = context_.counters;
  NewDatagram datagram;
  datagram.slot = slot;
  datagram.bytes = vector.bytes;
  datagram.full_bytes = vector.full_bytes;
  datagram.from = &vector.from;
  if (context_.config.with_info) datagram.info = &vector.info;
  if (vector.segment_bytes != 0 && vector.segment_bytes < vector.bytes) {
    datagram.segment_bytes = vector.segment_bytes;
    datagram.segment_count = static_cast<uint16_t>((vector.bytes + vector.segment_bytes - 1) / vector.segment_bytes);
    counters.add(SocketCounter::kGroMessages);
    counters.add(SocketCounter::kGroSegments, datagram.segment_count);
  }
  counters.add(SocketCounter::kPacketsReceived, datagram.segment_count);
  counters.add(SocketCounter::kBytesReceived, vector.full_bytes);

  uint32_t skipped = 0;
  if (!fit(&datagram, &skipped)) return;
  DatagramLink* link = link_of(vector.from);
  if (link == nullptr) return counters.add(SocketCounter::kDroppedClosed, datagram.segment_count);
  const bool large = datagram.bytes > context_.slots.small_bytes();
  if (!has_room(*link, large) || !place(vector, skipped, &datagram)) {
    return counters.add(SocketCounter::kDroppedNoSlot, datagram.segment_count);
  }
  const uint32_t peer = context_.peers.intern(vector.from);
  if (peer == PeerTable::kNone) {
    if (datagram.slot != slot) context_.slots.give_back(datagram.slot);
    return counters.add(SocketCounter::kDroppedNoSlot, datagram.segment_count);
  }
  context_.peers.pin(peer);
  if (datagram.slot == slot) slot = SlotTable::kNone;
  datagram.peer = peer;
  datagram.generation = context_.slots.publish(datagram.slot, link->index(), peer);
  if (datagram.bytes == 0) datagram.flags |= kReceiveEmpty;
  if (context_.slots.is_large(datagram.slot)) datagram.flags |= kReceiveLarge;
  link->put(datagram);
}

// False = longer than what the user wants, and counted. Of several that the kernel joined only a last, shorter one may
// be left, behind `*skipped` bytes.
bool DatagramReceiver::fit(NewDatagram* datagram, uint32_t* skipped) {
  const uint32_t most = context_.config.max_datagram_bytes;
  CounterBook<SocketCounter>& counters = context_.counters;
  if (datagram->segment_bytes == 0) {
    if (datagram->full_bytes <= most && datagram->full_bytes == datagram->bytes) return true;
    if (!context_.config.truncate_oversize) {
      counters.add(SocketCounter::kDroppedOversize);
      return false;
    }
    datagram->bytes = std::min(datagram->bytes, most);
    datagram->flags |= kReceiveTruncated;
    return true;
  }
  if (datagram->segment_bytes <= most) return true;
  const uint32_t whole = uint32_t{datagram->segment_count} - 1;
  const uint32_t last = datagram->bytes - whole * datagram->segment_bytes;
  counters.add(SocketCounter::kDroppedOversize, whole + (last > most));
  if (last > most) return false;
  *skipped = whole * datagram->segment_bytes;
  datagram->bytes = datagram->full_bytes = last;
  datagram->segment_bytes = 0;
  datagram->segment_count = 1;
  return true;
}

// Where the message stays: in the slot it landed in, or in one of the other size, when the vector keeps its own.
bool DatagramReceiver::place(const ReceiveVector& vector, uint32_t skipped, NewDatagram* datagram) {
  SlotTable& slots = context_.slots;
  if (datagram->bytes > vector.capacity) {
    // It went over the end of a small slot: joined in a large one.
    const uint32_t larger = slots.take(datagram->bytes);
    if (larger == SlotTable::kNone) return false;
    std::memcpy(slots.data(larger), vector.data, vector.capacity);
    std::memcpy(slots.data(larger) + vector.capacity, vector.overflow, datagram->bytes - vector.capacity);
    datagram->slot = larger;
  } else if (slots.is_large(datagram->slot) && datagram->bytes <= slots.small_bytes()) {
    const uint32_t smaller = slots.take(1);
    if (smaller != SlotTable::kNone) {
      std::memcpy(slots.data(smaller), vector.data + skipped, datagram->bytes);
      datagram->slot = smaller;
      skipped = 0;
    }
  }
  datagram->offset = slots.offset(datagram->slot) + skipped;
  return true;
}

// By the largest of one hash for each link: when one goes only its own peers move.
DatagramLink* DatagramReceiver::link_of(const Address& from) const {
  if (receiving_.size() <= 1) return receiving_.empty() ? nullptr : receiving_.front();
  const uint64_t peer = from.hash();
  DatagramLink* best = nullptr;
  uint64_t most = 0;
  for (DatagramLink* link : receiving_) {
    const uint64_t weight = mix(peer + (uint64_t{link->index()} + 1) * 0x9e3779b97f4a7c15ULL);
    if (best != nullptr && weight <= most) continue;
    best = link;
    most = weight;
  }
  return best;
}

// Several links share the slots: none may take those of the others by being slow.
bool DatagramReceiver::has_room(const DatagramLink& link, bool large) const {
  if (receiving_.size() == 1) return true;  // asked before the call
  if (link.room() == 0) return false;
  const SlotTable& slots = context_.slots;
  const uint32_t all = large ? slots.large_slots() : slots.slots() - slots.large_slots();
  const uint32_t reading = large == context_.config.gro ? static_cast<uint32_t>(slots_.size()) : 0;
  const uint32_t shared = all - std::min(reading, all / 2);
  return slots.published_to(link.index(), large) <
         std::max<uint32_t>(1, shared / static_cast<uint32_t>(receiving_.size()));
}

}  // namespace netvolley
