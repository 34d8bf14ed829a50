#include "test/fake_datagram_link.h"

#include <algorithm>
#include <cstring>
#include <thread>
#include <utility>

#include "memory/hand_over.h"
#include "test/check.h"

namespace netvolley::test {

namespace {

constexpr uint32_t kDestinations = 1024;
constexpr uint8_t kPoison = 0xdb;

size_t pad_of(const uint8_t* memory) {
  return (kWordBytes - reinterpret_cast<uintptr_t>(memory) % kWordBytes) % kWordBytes;
}

Address read_record(const uint8_t* record) {
  uint16_t port = 0;
  std::memcpy(&port, record + kPeerPort, sizeof port);
  const uint8_t family = record[kPeerFamily];
  if (family == 0) return Address();
  Address address = Address::from_host(record + kPeerHost, family == 4 ? 4 : 16, 0);
  address.set_port(port);
  return address;
}

}  // namespace

FakeDatagramLink::FakeDatagramLink(const DatagramLinkSizes& sizes, SharedWord engine_sleeps, std::function<void()> wake,
                                   const uint8_t* slab, const uint8_t* peers, uint32_t send_bytes)
    : sizes_(sizes),
      memory_(new uint8_t[datagram_link_bytes(sizes) + kWordBytes]()),
      pad_(pad_of(memory_.get())),
      link_(memory_at(), sizes),
      engine_sleeps_(engine_sleeps),
      wake_(std::move(wake)),
      slab_(slab),
      peers_(peers),
      send_bytes_(send_bytes),
      transmit_(new uint8_t[uint64_t{send_bytes} * kSendClasses]()) {
  destinations_.reserve(kDestinations);
  destinations_.emplace_back();  // 0 is the connected peer
  areas_->areas[0] = {transmit_.get(), uint64_t{send_bytes} * kSendClasses};
  link_.word(DatagramWord::kJsSleeps).store(1);
}

DatagramLink::Parts FakeDatagramLink::parts(std::shared_ptr<Bell> bell) const {
  DatagramLink::Parts parts;
  parts.memory = memory_at();
  parts.sizes = sizes_;
  parts.areas = areas_;
  parts.destinations = destinations_.data();
  parts.destination_count = kDestinations;
  parts.bell = std::move(bell);
  return parts;
}

bool FakeDatagramLink::retired() const {
  return link_.word(DatagramWord::kLife).load() == static_cast<uint32_t>(LinkLife::kRetired);
}

uint32_t FakeDatagramLink::destination(const Address& to) {
  const auto found = std::find(destinations_.begin() + 1, destinations_.end(), to);
  if (found != destinations_.end()) return static_cast<uint32_t>(found - destinations_.begin());
  CHECK(destinations_.size() < kDestinations);
  destinations_.push_back(to);
  return static_cast<uint32_t>(destinations_.size()) - 1;
}

// --- Sending

bool FakeDatagramLink::send(const Bytes& bytes, uint32_t to, uint32_t send_class, uint16_t segment_bytes,
                            uint32_t token, double expires_ms) {
  const uint32_t size = static_cast<uint32_t>(bytes.size());
  uint32_t offset = 0;
  if (token != 0 && tokens_out_ >= sizes_.completion_entries) return false;
  if (!has_entry(send_class) || !place(size, send_class, &offset)) return false;
  std::copy(bytes.begin(), bytes.end(), transmit_.get() + offset);
  uint8_t flags = 0;
  if (expires_ms > 0) flags |= kSendExpires;
  const uint32_t at = put_entry(send_class, offset, size, to, token, flags);
  const DatagramMemory::SendRing& ring = link_.send(send_class);
  ring.column<uint16_t>(SendColumn::kSegmentBytes)[at] = segment_bytes;
  if (expires_ms > 0) ring.column<double>(SendColumn::kExpiresMs)[at] = expires_ms;
  unpublished_ += segment_bytes == 0 || segment_bytes >= size ? 1 : (size + segment_bytes - 1) / segment_bytes;
  return true;
}

bool FakeDatagramLink::send_in_place(const FakeReceived& received, uint32_t bytes, uint32_t send_class,
                                     uint32_t token) {
  if (!has_entry(send_class) || (token != 0 && tokens_out_ >= sizes_.completion_entries)) return false;
  const uint32_t at = put_entry(send_class, received.offset, bytes, received.peer, token, kSendInPlace);
  const DatagramMemory::SendRing& ring = link_.send(send_class);
  ring.column<uint16_t>(SendColumn::kSegmentBytes)[at] = 0;
  ring.column<uint32_t>(SendColumn::kSlot)[at] = received.slot;
  ++unpublished_;
  return true;
}

uint32_t FakeDatagramLink::put_entry(uint32_t send_class, uint32_t offset, uint32_t bytes, uint32_t to, uint32_t token,
                                     uint8_t flags) {
  const DatagramMemory::SendRing& ring = link_.send(send_class);
  const uint32_t at = ring.at(rings_[send_class].tail++);
  if (token != 0) flags |= kSendToken;
  if (traffic_class_ != 0) flags |= kSendTrafficClass;
  if (token != 0) ++tokens_out_;
  using Id = SendColumn;
  ring.column<uint32_t>(Id::kOffset)[at] = offset;
  ring.column<uint32_t>(Id::kBytes)[at] = bytes;
  ring.column<uint32_t>(Id::kTo)[at] = to;
  ring.column<uint8_t>(Id::kFlags)[at] = flags;
  if (token != 0) ring.column<uint32_t>(Id::kToken)[at] = token;
  if (traffic_class_ != 0) ring.column<uint8_t>(Id::kTrafficClass)[at] = traffic_class_;
  rings_[send_class].ends.push_back(rings_[send_class].bytes_tail);
  return at;
}

bool FakeDatagramLink::has_entry(uint32_t send_class) {
  const Ring& ring = rings_[send_class];
  if (ring.tail - ring.head == sizes_.send_entries) take_back(send_class);
  return ring.tail - ring.head < sizes_.send_entries;
}

// In one piece, on a multiple of 8; `*offset` counts from the start of the three rings.
bool FakeDatagramLink::place(uint32_t bytes, uint32_t send_class, uint32_t* offset) {
  Ring& ring = rings_[send_class];
  for (int attempt = 0; attempt < 2; ++attempt) {
    uint64_t start = (ring.bytes_tail + 7) / 8 * 8;
    if (start % send_bytes_ + bytes > send_bytes_) start += send_bytes_ - start % send_bytes_;
    // An empty ring begins anew, or a piece as large as all of it would never fit.
    if (ring.tail == ring.head) ring.bytes_head = start;
    if (start + bytes - ring.bytes_head <= send_bytes_) {
      *offset = send_class * send_bytes_ + static_cast<uint32_t>(start % send_bytes_);
      ring.bytes_tail = start + bytes;
      return true;
    }
    if (attempt == 0) take_back(send_class);
  }
  return false;
}

void FakeDatagramLink::take_back(uint32_t send_class) {
  Ring& ring = rings_[send_class];
  const uint32_t head = link_.word(DatagramWord::kSendHeadLow, send_class).load();
  CHECK(head - ring.head <= ring.published - ring.head);
  for (; ring.head != head; ++ring.head) {
    for (; ring.bytes_head < ring.ends.front(); ++ring.bytes_head) {
      transmit_[send_class * send_bytes_ + ring.bytes_head % send_bytes_] = kPoison;
    }
    ring.ends.pop_front();
  }
}

bool FakeDatagramLink::has_room(uint32_t bytes, uint32_t send_class) {
  const uint64_t bytes_tail = rings_[send_class].bytes_tail;
  uint32_t offset = 0;
  const auto fits = [&] {
    const bool has = has_entry(send_class) && place(bytes, send_class, &offset);
    rings_[send_class].bytes_tail = bytes_tail;
    return has;
  };
  if (fits()) return true;
  // Whoever waits says so, then looks once more; a ring follows when the heads move.
  SharedWord waits = link_.word(DatagramWord::kJsWaits);
  waits.store(1);
  return fits();
}

bool FakeDatagramLink::publish_sends() {
  bool moved = flushes_ != flushes_told_ || evictions_ != evictions_told_;
  for (uint32_t i = 0; i < kSendClasses; ++i) {
    Ring& ring = rings_[i];
    if (ring.tail == ring.published) continue;
    moved = true;
    link_.word(DatagramWord::kSendTailLow, i).store(ring.published = ring.tail);
  }
  link_.word(DatagramWord::kFlushes).store(flushes_told_ = flushes_);
  evictions_told_ = evictions_;
  link_.word(DatagramWord::kEvictionsNormal).store(evictions_[0]);
  link_.word(DatagramWord::kEvictionsHigh).store(evictions_[1]);
  queued_ += std::exchange(unpublished_, 0);
  return moved;
}

void FakeDatagramLink::commit() {
  bool moved = publish_sends();
  if (return_tail_ != return_told_) {
    link_.word(DatagramWord::kReturnTail).store(return_told_ = return_tail_);
    moved = moved || link_.word(DatagramWord::kReceiveStalled).load() != 0;
  }
  if (moved && engine_sleeps_.load() != 0 && engine_sleeps_.exchange(0) == 1) wake_();
}

// --- Receiving

bool FakeDatagramLink::has_news() const {
  return link_.word(DatagramWord::kReceiveTail).load() != receive_head_ ||
         link_.word(DatagramWord::kCompletionTail).load() != completion_head_ ||
         link_.word(DatagramWord::kEventTail).load() != event_head_ ||
         link_.word(DatagramWord::kNotices).load() != notices_;
}

void FakeDatagramLink::drain(uint32_t most) {
  rung_ = planned_ = false;
  SharedWord sleeps = link_.word(DatagramWord::kJsSleeps);
  sleeps.store(0);
  for (;;) {
    notices_ = link_.word(DatagramWord::kNotices).load();
    take_completions();
    take_news();
    const uint32_t end = link_.word(DatagramWord::kReceiveTail).load();
    const uint32_t before = receive_head_;
    for (; receive_head_ != end && most > 0; --most) take_entry(receive_head_++);
    if (receive_head_ != before) {
      // Answers in place are visible before their slots are let go.
      bool moved = publish_sends();
      link_.word(DatagramWord::kReceiveHead).store(receive_head_);
      moved = moved || link_.word(DatagramWord::kReceiveStalled).load() != 0;
      if (moved && engine_sleeps_.load() != 0 && engine_sleeps_.exchange(0) == 1) wake_();
    }
    if (receive_head_ != end) {
      planned_ = true;  // it stays awake
      return;
    }
    if (fall_asleep(sleeps, [&] { return has_news(); })) return;
  }
}

void FakeDatagramLink::take_entry(uint32_t index) {
  const DatagramMemory::ReceiveRing& ring = link_.receive();
  const uint32_t at = ring.at(index);
  using Id = ReceiveColumn;
  FakeReceived entry;
  entry.slot = ring.column<uint32_t>(Id::kSlot)[at];
  entry.offset = ring.column<uint32_t>(Id::kOffset)[at];
  entry.peer = ring.column<uint32_t>(Id::kPeerId)[at];
  entry.full_bytes = ring.column<uint32_t>(Id::kFullLength)[at];
  entry.segment_bytes = ring.column<uint16_t>(Id::kSegmentBytes)[at];
  entry.segments = ring.column<uint16_t>(Id::kSegmentCount)[at];
  entry.flags = ring.column<uint8_t>(Id::kFlags)[at];
  entry.generation = ring.column<uint32_t>(Id::kGeneration)[at];
  CHECK_EQ(ring.column<uint32_t>(Id::kOrdinal)[at], ordinal_);
  CHECK(entry.segments >= 1);
  ordinal_ += entry.segments;
  entry.from = read_record(peers_ + uint64_t{entry.peer - kReceivedPeer} * kPeerBytes);
  CHECK_EQ(entry.from.port(), ring.column<uint16_t>(Id::kPort)[at]);
  const uint8_t* bytes = slab_ + entry.offset;
  entry.bytes.assign(bytes, bytes + ring.column<uint32_t>(Id::kLength)[at]);
  CHECK_EQ(entry.bytes.empty(), (entry.flags & kReceiveEmpty) != 0);
  delivered_ += entry.segments;
  if (keep_) {
    ring.column<uint8_t>(Id::kKept)[at] = 1;
    kept_.push_back(entry);
  }
  if (on_received) on_received(entry);
  received_.push_back(std::move(entry));
}

void FakeDatagramLink::take_completions() {
  const DatagramMemory::CompletionRing& ring = link_.completions();
  const uint32_t tail = link_.word(DatagramWord::kCompletionTail).load();
  CHECK(tail - completion_head_ <= ring.entries());
  for (; completion_head_ != tail; ++completion_head_) {
    const uint32_t at = ring.at(completion_head_);
    outcomes_.push_back({ring.column<uint32_t>(CompletionColumn::kToken)[at],
                         static_cast<int>(ring.column<uint32_t>(CompletionColumn::kError)[at])});
    --tokens_out_;
  }
  link_.word(DatagramWord::kCompletionHead).store(completion_head_);
}

void FakeDatagramLink::take_news() {
  const DatagramMemory::EventRing& ring = link_.events();
  const uint32_t tail = link_.word(DatagramWord::kEventTail).load();
  CHECK(tail - event_head_ <= kEventEntries);
  using Id = EventColumn;
  for (; event_head_ != tail; ++event_head_) {
    const uint32_t at = ring.at(event_head_);
    const Address to = read_record(ring.column<uint8_t>(Id::kTo) + size_t{at} * kPeerBytes);
    events_.push_back({static_cast<EventKind>(ring.column<uint8_t>(Id::kKind)[at]),
                       static_cast<int>(ring.column<uint32_t>(Id::kError)[at]), ring.column<uint32_t>(Id::kBytes)[at],
                       ring.column<uint32_t>(Id::kMtuBytes)[at], to.port()});
  }
  link_.word(DatagramWord::kEventHead).store(event_head_);
}

void FakeDatagramLink::check_kept() const {
  for (const FakeReceived& kept : kept_) {
    CHECK(kept.bytes.empty() || std::memcmp(kept.bytes.data(), slab_ + kept.offset, kept.bytes.size()) == 0);
  }
}

void FakeDatagramLink::give_back(size_t index) {
  const FakeReceived kept = kept_[index];
  CHECK(kept.bytes.empty() || std::memcmp(kept.bytes.data(), slab_ + kept.offset, kept.bytes.size()) == 0);
  const DatagramMemory::ReturnRing& ring = link_.returns();
  ring.column<uint32_t>(ReturnColumn::kSlot)[ring.at(return_tail_++)] = kept.slot;
  kept_.erase(kept_.begin() + static_cast<ptrdiff_t>(index));
}

double FakeDatagramLink::counter(LinkCounter counter) const {
  const SharedWord epoch = link_.word(DatagramWord::kCountersEpoch);
  for (;;) {
    const uint32_t before = epoch.load();
    double* cell = link_.counters() + static_cast<uint32_t>(counter);
    const double value = std::atomic_ref<double>(*cell).load(std::memory_order_acquire);
    if (before % 2 == 0 && epoch.load() == before) return value;
    std::this_thread::yield();
  }
}

}  // namespace netvolley::test
