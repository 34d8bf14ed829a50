#include "engine/datagram_link.h"

#include <algorithm>
#include <cstring>

namespace netvolley {

DatagramLink::DatagramLink(uint32_t index, const Parts& parts, DatagramContext& context)
    : index_(index),
      context_(context),
      memory_(parts.memory, parts.sizes),
      areas_(parts.areas),
      destinations_(parts.destinations),
      destination_count_(parts.destination_count),
      bell_(parts.bell),
      counters_(memory_.word(DatagramWord::kCountersEpoch), memory_.counters()) {
  for (SendState& send : sends_) {
    send.queued_ms.reset(new double[parts.sizes.send_entries]);
    send.settled.reset(new uint32_t[parts.sizes.send_entries]());
  }
}

// --- Receiving

void DatagramLink::put(const NewDatagram& datagram) {
  const DatagramMemory::ReceiveRing& ring = memory_.receive();
  const uint32_t at = ring.at(receive_tail_++);
  using Id = ReceiveColumn;
  ring.column<uint32_t>(Id::kOffset)[at] = datagram.offset;
  ring.column<uint32_t>(Id::kLength)[at] = datagram.bytes;
  ring.column<uint32_t>(Id::kFullLength)[at] = datagram.full_bytes;
  ring.column<uint16_t>(Id::kSegmentBytes)[at] = datagram.segment_bytes;
  ring.column<uint16_t>(Id::kSegmentCount)[at] = datagram.segment_count;
  ring.column<uint16_t>(Id::kPort)[at] = datagram.from->port();
  ring.column<uint8_t>(Id::kFamily)[at] = static_cast<uint8_t>(datagram.from->family());
  ring.column<uint8_t>(Id::kKept)[at] = 0;
  ring.column<uint32_t>(Id::kPeerId)[at] = kReceivedPeer + datagram.peer;
  ring.column<uint32_t>(Id::kSlot)[at] = datagram.slot;
  ring.column<uint32_t>(Id::kOrdinal)[at] = ordinal_;
  ring.column<uint32_t>(Id::kGeneration)[at] = datagram.generation;
  uint8_t flags = datagram.flags;
  if (datagram.info != nullptr) flags |= put_info(at, *datagram.info);
  ring.column<uint8_t>(Id::kFlags)[at] = flags;
  ordinal_ += datagram.segment_count;
  counters_.add(LinkCounter::kPublished, datagram.segment_count);
  counters_.add(LinkCounter::kPublishedBytes, datagram.bytes);
}

// What one datagram does not carry must not be read as another one's: 0 where the bit is missing.
uint8_t DatagramLink::put_info(uint32_t at, const DatagramInfo& info) {
  const DatagramMemory::ReceiveRing& ring = memory_.receive();
  using Id = ReceiveColumn;
  const auto has = [&info](InfoBit bit) { return (info.present & bit) != 0; };
  uint8_t flags = 0;
  ring.column<uint8_t>(Id::kTrafficClass)[at] = has(InfoBit::kTrafficClass) ? info.traffic_class : 0;
  ring.column<uint8_t>(Id::kHopLimit)[at] = has(InfoBit::kHopLimit) ? info.hop_limit : 0;
  if (has(InfoBit::kLocalAddress)) {
    flags |= kReceiveInfo;
    if (info.local.is_multicast()) flags |= kReceiveMulticast;
    ring.column<uint32_t>(Id::kInterfaceIndex)[at] = info.interface_index;
    info.local.copy_host(ring.column<uint8_t>(Id::kLocalAddress) + size_t{at} * 16);
  }
  if (has(InfoBit::kTimestamp)) {
    flags |= kReceiveTimestamp;
    ring.column<uint32_t>(Id::kTimestampSeconds)[at] = info.seconds;
    ring.column<uint32_t>(Id::kTimestampNanoseconds)[at] = info.nanoseconds;
  }
  return flags;
}

bool DatagramLink::has_released() const {
  return memory_.word(DatagramWord::kReceiveHead).load() != released_ ||
         memory_.word(DatagramWord::kReturnTail).load() != return_head_;
}

void DatagramLink::set_stalled(bool stalled) {
  if (stalled == stalled_) return;
  stalled_ = stalled;
  memory_.word(DatagramWord::kReceiveStalled).store(stalled ? 1 : 0);
}

bool DatagramLink::finish_collect() {
  const bool released = receive_head_ != released_ || return_tail_ != return_head_;
  const DatagramMemory::ReceiveRing& ring = memory_.receive();
  const uint8_t* kept = ring.column<uint8_t>(ReceiveColumn::kKept);
  const uint32_t* slots = ring.column<uint32_t>(ReceiveColumn::kSlot);
  for (; released_ != receive_head_; ++released_) {
    const uint32_t at = ring.at(released_);
    if (kept[at] == 0) release_slot(slots[at]);
  }
  const DatagramMemory::ReturnRing& returns = memory_.returns();
  for (; return_head_ != return_tail_; ++return_head_) {
    release_slot(returns.column<uint32_t>(ReturnColumn::kSlot)[returns.at(return_head_)]);
  }
  return released;
}

void DatagramLink::release_slot(uint32_t slot) {
  // A number that this link does not have is not freed: another link may be reading it.
  if (!context_.slots.is_published_to(slot, index_)) return;
  uint32_t peer = 0;
  if (context_.slots.release(slot, &peer)) context_.peers.unpin(peer);
}

void DatagramLink::release_all() {
  context_.slots.for_each_of(index_, [this](uint32_t slot) { release_slot(slot); });
}

// --- Sending

bool DatagramLink::has_sends() const {
  for (uint32_t i = 0; i < kSendClasses; ++i) {
    if (memory_.word(DatagramWord::kSendTailLow, i).load() != sends_[i].taken) return true;
  }
  return memory_.word(DatagramWord::kFlushes).load() != flushes_ ||
         memory_.word(DatagramWord::kEvictionsNormal).load() != evictions_[0] ||
         memory_.word(DatagramWord::kEvictionsHigh).load() != evictions_[1];
}

void DatagramLink::begin_collect() {
  // Not more than what the rings hold: an index that JavaScript has damaged must not lead out of what was published.
  const uint32_t head = memory_.word(DatagramWord::kReceiveHead).load();
  if (head - released_ <= receive_told_ - released_) receive_head_ = head;
  const uint32_t returned = memory_.word(DatagramWord::kReturnTail).load();
  if (returned - return_head_ <= memory_.returns().entries()) return_tail_ = returned;
  for (uint32_t i = 0; i < kSendClasses; ++i) {
    const uint32_t tail = memory_.word(DatagramWord::kSendTailLow, i).load();
    if (tail - sends_[i].head <= memory_.send(i).entries()) sends_[i].published = tail;
  }
}

bool DatagramLink::take(double now_ms, QueuedSend* send) {
  for (uint32_t i = kSendClasses; i-- > 0;) {
    while (sends_[i].taken != sends_[i].published) {
      if (read_entry(i, sends_[i].taken++, now_ms, send)) return true;
      reject(send);
    }
  }
  return false;
}

bool DatagramLink::read_entry(uint32_t send_class, uint32_t entry, double now_ms, QueuedSend* send) {
  const DatagramMemory::SendRing& ring = memory_.send(send_class);
  const uint32_t at = ring.at(entry);
  using Id = SendColumn;
  *send = QueuedSend{};
  send->link = static_cast<uint16_t>(index_);
  send->send_class = static_cast<uint8_t>(send_class);
  send->entry = entry;
  send->queued_ms = sends_[send_class].queued_ms[at] = now_ms;
  send->bytes = ring.column<uint32_t>(Id::kBytes)[at];
  const uint16_t segment_bytes = ring.column<uint16_t>(Id::kSegmentBytes)[at];
  if (segment_bytes < send->bytes) send->segment_bytes = segment_bytes;  // else it is one datagram
  const uint8_t flags = ring.column<uint8_t>(Id::kFlags)[at];
  send->flags = flags & ~kSendInPlace;
  if ((flags & kSendToken) != 0) send->token = ring.column<uint32_t>(Id::kToken)[at];
  if ((flags & kSendExpires) != 0) send->expires_at_ms = now_ms + ring.column<double>(Id::kExpiresMs)[at];

  const uint32_t datagrams = send->datagrams();
  counters_.add(LinkCounter::kQueued, datagrams);
  counters_.add(LinkCounter::kQueuedBytes, send->bytes);
  pending_[send_class] += datagrams;

  const uint32_t offset = ring.column<uint32_t>(Id::kOffset)[at];
  const bool in_place = (flags & kSendInPlace) != 0;
  const uint32_t slot = in_place ? ring.column<uint32_t>(Id::kSlot)[at] : 0;
  if (in_place ? !find_slot(slot, offset, send)
               : !find_bytes((flags & kSendArea) != 0 ? ring.column<uint8_t>(Id::kArea)[at] : 0, offset, send)) {
    return false;
  }
  if (!find_destination(ring.column<uint32_t>(Id::kTo)[at], send)) return false;
  // Nothing fails from here on: what is taken hold of now is let go by settle().
  if (in_place) {
    send->flags |= kSendInPlace;
    send->slot = slot;
    context_.slots.hold(slot);
  }
  if (send->peer != 0) context_.peers.pin(send->peer - kReceivedPeer);
  if ((flags & (kSendTrafficClass | kSendHopLimit | kSendSource)) != 0) read_info(send_class, at, send);
  return true;
}

bool DatagramLink::find_bytes(uint32_t area, uint32_t offset, QueuedSend* send) const {
  if (area >= kMaxSendAreas) return false;
  const SendAreas::Area& found = areas_->areas[area];
  if (found.data == nullptr || uint64_t{offset} + send->bytes > found.bytes) return false;
  send->data = found.data + offset;
  return true;
}

bool DatagramLink::find_slot(uint32_t slot, uint32_t offset, QueuedSend* send) const {
  const SlotTable& slots = context_.slots;
  if (!slots.is_published_to(slot, index_) || offset < slots.offset(slot)) return false;
  const uint64_t begin = offset - slots.offset(slot);
  if (begin + send->bytes > slots.capacity(slot)) return false;
  send->data = slots.data(slot) + begin;
  return true;
}

bool DatagramLink::find_destination(uint32_t to, QueuedSend* send) const {
  if (to == 0) return true;  // the connected peer
  if (to < kReceivedPeer) {
    if (to >= destination_count_) return false;
    send->to = &destinations_[to];
    return true;
  }
  if (to - kReceivedPeer >= context_.peers.used()) return false;
  send->peer = to;
  send->to = &context_.peers.address(to - kReceivedPeer);
  return true;
}

void DatagramLink::read_info(uint32_t send_class, uint32_t at, QueuedSend* send) {
  std::unique_ptr<DatagramInfo[]>& infos = sends_[send_class].infos;
  const DatagramMemory::SendRing& ring = memory_.send(send_class);
  if (infos == nullptr) infos.reset(new DatagramInfo[ring.entries()]);
  DatagramInfo info;
  using Id = SendColumn;
  info.family = send->to != nullptr ? send->to->family() : connected_family_;
  // Taken before the reactor has heard of the connection.
  if (info.family == Family::kNone) info.family = context_.config.kind.family;
  if ((send->flags & kSendTrafficClass) != 0) {
    info.present |= InfoBit::kTrafficClass;
    info.traffic_class = ring.column<uint8_t>(Id::kTrafficClass)[at];
  }
  if ((send->flags & kSendHopLimit) != 0) {
    info.present |= InfoBit::kHopLimit;
    info.hop_limit = ring.column<uint8_t>(Id::kHopLimit)[at];
  }
  if ((send->flags & kSendSource) != 0) {
    info.present |= InfoBit::kLocalAddress;
    info.interface_index = ring.column<uint32_t>(Id::kInterfaceIndex)[at];
    const uint8_t family = ring.column<uint8_t>(Id::kLocalFamily)[at];
    const uint8_t* host = ring.column<uint8_t>(Id::kLocalAddress) + size_t{at} * 16;
    if (family != 0) info.local = Address::from_host(host, family == 4 ? 4 : 16, 0);
  }
  infos[at] = info;
  send->info = &infos[at];
}

void DatagramLink::reject(QueuedSend* send) {
  send->error = EINVAL;
  send->peer = 0;
  count(*send, Verdict::kFailed, send->datagrams(), send->bytes);
  if (send->token == 0) {
    DatagramEvent event;
    event.error = EINVAL;
    event.bytes = send->bytes;
    event.to = send->to;
    report(event);
  }
  settle(*send);
}

uint32_t DatagramLink::take_flushes() {
  const uint32_t flushes = memory_.word(DatagramWord::kFlushes).load();
  const uint32_t wanted = flushes - flushes_;
  flushes_ = flushes;
  return wanted;
}

uint32_t DatagramLink::take_evictions(uint32_t below_class) {
  const uint32_t which = below_class - 1;
  const uint32_t evictions = memory_.word(DatagramWord::kEvictionsNormal, which).load();
  const uint32_t wanted = evictions - evictions_[which];
  evictions_[which] = evictions;
  return wanted;
}

void DatagramLink::count(const QueuedSend& send, Verdict verdict, uint32_t datagrams, uint32_t bytes) {
  const LinkCounter counter = verdict == Verdict::kSent      ? LinkCounter::kSent
                              : verdict == Verdict::kFailed  ? LinkCounter::kFailed
                              : verdict == Verdict::kExpired ? LinkCounter::kExpired
                              : verdict == Verdict::kEvicted ? LinkCounter::kEvicted
                              : verdict == Verdict::kAborted ? LinkCounter::kAborted
                                                             : LinkCounter::kClosed;
  counters_.add(counter, datagrams);
  if (verdict == Verdict::kSent) {
    counters_.add(LinkCounter::kSentBytes, bytes);
    if ((send.flags & kSendInPlace) != 0) context_.counters.add(SocketCounter::kZeroCopyReplies, datagrams);
  }
  pending_[send.send_class] -= datagrams;
}

void DatagramLink::settle(const QueuedSend& send) {
  SendState& state = sends_[send.send_class];
  const DatagramMemory::SendRing& ring = memory_.send(send.send_class);
  // All that JavaScript counts it as, also what has left before.
  const uint32_t datagrams = send.segment_bytes == 0 ? 1 : (send.bytes + send.segment_bytes - 1) / send.segment_bytes;
  state.settled[ring.at(send.entry)] = datagrams;
  settled_behind_ += datagrams;
  for (; state.head != state.taken && state.settled[ring.at(state.head)] != 0; ++state.head) {
    settled_behind_ -= state.settled[ring.at(state.head)];
    state.settled[ring.at(state.head)] = 0;
  }
  if (send.token != 0) {
    const DatagramMemory::CompletionRing& completions = memory_.completions();
    const uint32_t at = completions.at(completion_tail_++);
    completions.column<uint32_t>(CompletionColumn::kToken)[at] = send.token;
    completions.column<uint32_t>(CompletionColumn::kError)[at] = static_cast<uint32_t>(send.error);
  }
  if (send.peer != 0) context_.peers.unpin(send.peer - kReceivedPeer);
  uint32_t peer = 0;
  if ((send.flags & kSendInPlace) != 0 && context_.slots.release_hold(send.slot, &peer)) context_.peers.unpin(peer);
}

void DatagramLink::report(const DatagramEvent& event) {
  if (event_tail_ - memory_.word(DatagramWord::kEventHead).load() >= kEventEntries) {
    return counters_.add(LinkCounter::kEventsSuppressed);
  }
  const DatagramMemory::EventRing& ring = memory_.events();
  const uint32_t at = ring.at(event_tail_++);
  using Id = EventColumn;
  ring.column<uint8_t>(Id::kKind)[at] = event.kind;
  ring.column<uint8_t>(Id::kOrigin)[at] = event.origin;
  ring.column<uint8_t>(Id::kType)[at] = event.type;
  ring.column<uint8_t>(Id::kCode)[at] = event.code;
  ring.column<uint32_t>(Id::kError)[at] = static_cast<uint32_t>(event.error);
  ring.column<uint32_t>(Id::kBytes)[at] = event.bytes;
  ring.column<uint32_t>(Id::kMtuBytes)[at] = event.mtu_bytes;
  const Address none;
  write_peer(ring.column<uint8_t>(Id::kTo) + size_t{at} * kPeerBytes, 0, event.to != nullptr ? *event.to : none);
  write_peer(ring.column<uint8_t>(Id::kOffender) + size_t{at} * kPeerBytes, 0,
             event.offender != nullptr ? *event.offender : none);
}

// --- Telling JavaScript

double DatagramLink::oldest_ms() const {
  double oldest = 0;
  for (uint32_t i = 0; i < kSendClasses; ++i) {
    const SendState& state = sends_[i];
    if (state.head == state.taken) continue;
    const double queued_ms = state.queued_ms[memory_.send(i).at(state.head)];
    if (oldest == 0 || queued_ms < oldest) oldest = queued_ms;
  }
  return oldest == 0 ? 0 : oldest + context_.config.clock_offset_ms;
}

void DatagramLink::publish_counters() {
  counters_.set(LinkCounter::kPending, pending());
  for (uint32_t i = 0; i < kSendClasses; ++i) counters_.set(pending_counter(i), pending_[i]);
  counters_.set(LinkCounter::kOldestQueuedMs, oldest_ms());
  counters_.publish();
}

void DatagramLink::publish() {
  publish_counters();
  const bool waited = publish_heads();
  const bool slept = publish_news();
  if (waited || slept) ring();
}

// The settled level before the heads: JavaScript reads them in the other order, so it never counts a place twice.
bool DatagramLink::publish_heads() {
  bool moved = settled_behind_ != settled_told_;
  SharedWord settled = memory_.word(DatagramWord::kSendSettled);
  if (moved) settled.store(settled_told_ = settled_behind_);
  for (uint32_t i = 0; i < kSendClasses; ++i) {
    SendState& state = sends_[i];
    if (state.head == state.told) continue;
    moved = true;
    memory_.word(DatagramWord::kSendHeadLow, i).store(state.told = state.head);
  }
  SharedWord waits = memory_.word(DatagramWord::kJsWaits);
  // The same value once more: what counts is the look after the last store.
  return moved && netvolley::publish(settled, settled_behind_, waits);
}

bool DatagramLink::publish_news() {
  if (completion_tail_ == completion_told_ && event_tail_ == event_told_ && receive_tail_ == receive_told_ &&
      notices_ == notices_told_) {
    return false;
  }
  const auto tell = [this](DatagramWord word, uint32_t& told, uint32_t tail) {
    if (told != tail) memory_.word(word).store(told = tail);
  };
  tell(DatagramWord::kCompletionTail, completion_told_, completion_tail_);
  tell(DatagramWord::kEventTail, event_told_, event_tail_);
  tell(DatagramWord::kNotices, notices_told_, notices_);
  receive_told_ = receive_tail_;
  SharedWord tail = memory_.word(DatagramWord::kReceiveTail);
  SharedWord sleeps = memory_.word(DatagramWord::kJsSleeps);
  return netvolley::publish(tail, receive_tail_, sleeps);
}

void DatagramLink::ring() {
  context_.reactor.counters().add(EngineCounter::kBellCalls);
  bell_->ring();
}

void DatagramLink::retire() {
  memory_.word(DatagramWord::kLife).store(static_cast<uint32_t>(LinkLife::kRetired));
  ring();
}

}  // namespace netvolley
