#include "engine/send_former.h"

#include <algorithm>

namespace netvolley {

namespace {

constexpr uint32_t kNone = ~uint32_t{0};
constexpr uint32_t kMaxSegments = 64;
constexpr uint32_t kBuckets = 2 * SendFormer::kMaxBatch;

uint32_t bucket_of(const Address* to) {
  // Records are 32 bytes long: the lowest bits say nothing.
  const uint64_t mixed = (reinterpret_cast<uintptr_t>(to) >> 5) * 0x9e3779b97f4a7c15ULL;
  return static_cast<uint32_t>(mixed >> 40) & (kBuckets - 1);
}

bool same_info(const DatagramInfo* a, const DatagramInfo* b) {
  return a == b || (a != nullptr && b != nullptr && *a == *b);
}

}  // namespace

SendFormer::SendFormer() : vectors_(kMaxBatch), messages_(kMaxBatch), slices_(kMaxBatch) {}

void SendFormer::set_rules(uint32_t batch, uint16_t min_segments, bool gather) {
  batch_ = std::clamp(batch, 1u, kMaxBatch);
  min_segments_ = std::max<uint32_t>(min_segments, 2);
  gather_ = gather;
  if (!gather_ || !scratch_.empty()) return;
  scratch_.resize(kMaxBatch);
  next_.resize(kMaxBatch);
  groups_.resize(kBuckets);
}

void SendFormer::arrange(QueuedSend* picks, uint32_t count) {
  if (!gather_ || count < 3) return;
  std::fill(groups_.begin(), groups_.end(), kNone);
  // Chains of picks by destination; a bucket holds the last pick of its chain, the last points to the first.
  for (uint32_t i = 0; i < count; ++i) {
    uint32_t bucket = bucket_of(picks[i].to);
    while (groups_[bucket] != kNone && picks[groups_[bucket]].to != picks[i].to) bucket = (bucket + 1) & (kBuckets - 1);
    const uint32_t last = groups_[bucket];
    next_[i] = last == kNone ? i : next_[last];
    if (last != kNone) next_[last] = i;
    groups_[bucket] = i;
    scratch_[i] = picks[i];
  }
  uint32_t out = 0;
  for (uint32_t i = 0; i < count; ++i) {
    if (next_[i] == kNone) continue;
    // The first one of its chain, since those are met first. Each that is passed is marked.
    uint32_t at = i;
    while (at != kNone) {
      picks[out++] = scratch_[at];
      const uint32_t following = next_[at];
      next_[at] = kNone;
      at = following == i ? kNone : following;
    }
  }
}

uint32_t SendFormer::form(const QueuedSend* picks, uint32_t count, SendCursor from, SendCursor plain_until,
                          const GsoState& gso, double now_ms) {
  count_ = datagrams_ = slices_used_ = 0;
  for (uint32_t i = from.pick; i < count && datagrams_ < batch_;) {
    const QueuedSend& pick = picks[i];
    if (pick.segment_bytes != 0) {
      form_run(pick, {i, pick.done}, plain_until, gso, now_ms);
      ++i;
      continue;
    }
    const uint32_t equal = i < plain_until.pick ? 1 : equal_picks(picks, count, i, gso, now_ms);
    if (equal < min_segments_) {
      put(pick, {i, 1, 1, pick.bytes, 0});
      ++i;
      continue;
    }
    SendMessage message{i, equal, equal, 0, static_cast<uint16_t>(pick.bytes)};
    SendVector& vector = vectors_[count_];
    put(pick, message);
    gather_slices(picks, messages_[count_ - 1], &vector);
    i += equal;
  }
  return count_;
}

void SendFormer::put(const QueuedSend& pick, const SendMessage& message) {
  messages_[count_] = message;
  datagrams_ += message.datagrams;
  SendVector& vector = vectors_[count_++];
  vector = SendVector();
  vector.data = pick.data;
  vector.bytes = message.bytes;
  vector.to = pick.to;
  vector.segment_bytes = message.segment_bytes;
  vector.info = pick.info;
}

// A run is cut where the kernel's limits or the batch end; its last datagram may be shorter.
void SendFormer::form_run(const QueuedSend& pick, SendCursor at, SendCursor plain_until, const GsoState& gso,
                          double now_ms) {
  const uint32_t size = pick.segment_bytes;
  const uint32_t most = std::min({uint32_t{gso.max_segments(pick.to, pick.segment_bytes, now_ms)}, kMaxSegments,
                                  std::max(kMaxMessage / size, 1u)});
  while (at.done < pick.bytes && datagrams_ < batch_) {
    const uint32_t left = pick.bytes - at.done;
    const uint32_t segments = at < plain_until ? 1 : std::min({most, batch_ - datagrams_, (left + size - 1) / size});
    const uint32_t bytes = std::min(left, segments * size);
    put(pick, {at.pick, 1, segments, bytes, segments > 1 ? pick.segment_bytes : uint16_t{0}});
    vectors_[count_ - 1].data = pick.data + at.done;
    at.done += bytes;
  }
}

uint32_t SendFormer::equal_picks(const QueuedSend* picks, uint32_t count, uint32_t at, const GsoState& gso,
                                 double now_ms) const {
  const QueuedSend& first = picks[at];
  if (first.bytes == 0 || first.bytes > kMaxMessage / min_segments_) return 1;
  // The next one decides nearly always: asked before anything that costs more.
  if (at + 1 >= count || picks[at + 1].to != first.to) return 1;
  const uint32_t allowed = gso.max_segments(first.to, static_cast<uint16_t>(first.bytes), now_ms);
  const uint32_t most = std::min({count - at, batch_ - datagrams_, allowed, kMaxSegments, kMaxMessage / first.bytes});
  uint32_t equal = 1;
  while (equal < most) {
    const QueuedSend& pick = picks[at + equal];
    const bool fits = pick.to == first.to && pick.segment_bytes == 0 && pick.bytes != 0 && pick.bytes <= first.bytes;
    if (!fits || !same_info(pick.info, first.info)) break;
    ++equal;
    if (pick.bytes < first.bytes) break;
  }
  return equal;
}

// Neighbours in memory are one slice.
void SendFormer::gather_slices(const QueuedSend* picks, const SendMessage& message, SendVector* vector) {
  const uint32_t begin = slices_used_;
  uint32_t bytes = 0;
  for (uint32_t i = message.first; i < message.first + message.picks; ++i) {
    bytes += picks[i].bytes;
    if (slices_used_ > begin) {
      IoSlice& last = slices_[slices_used_ - 1];
      if (last.data + last.bytes == picks[i].data) {
        last.bytes += picks[i].bytes;
        continue;
      }
    }
    slices_[slices_used_++] = {picks[i].data, picks[i].bytes};
  }
  messages_[count_ - 1].bytes = vector->bytes = bytes;
  if (slices_used_ - begin < 2) return;
  vector->slices = &slices_[begin];
  vector->slice_count = slices_used_ - begin;
}

}  // namespace netvolley
