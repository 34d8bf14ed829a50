#include "engine/gso_state.h"

#include <algorithm>
#include <cerrno>

namespace netvolley {

namespace {

// Above it a segment does not fit into a packet of 1500 bytes over IPv6: old kernels call that EINVAL.
constexpr uint16_t kLargestUsualSegment = 1452;
constexpr uint32_t kLeastHeaderBytes = 28;
constexpr uint32_t kMostInvalid = 3;

}  // namespace

uint16_t GsoState::max_segments(const Address* to, uint16_t segment_bytes, double now_ms) const {
  if (!on_) return 1;
  for (const Limit& limit : limits_) {
    if (segment_bytes <= limit.most_bytes || now_ms >= limit.until_ms) continue;
    if (to == nullptr ? limit.to.size() == 0 : limit.to == *to) return 1;
  }
  return max_segments_;
}

void GsoState::failed(int error, const Address* to, uint16_t segment_bytes, uint32_t known_mtu, double now_ms) {
  if (error == EIO) return turn_off(error);
  const bool above_mtu = known_mtu != 0 && segment_bytes + kLeastHeaderBytes > known_mtu;
  if (error == EMSGSIZE || segment_bytes > kLargestUsualSegment || above_mtu) return limit(to, segment_bytes, now_ms);
  if (++invalid_in_a_row_ >= kMostInvalid) turn_off(error);
}

void GsoState::limit(const Address* to, uint16_t segment_bytes, double now_ms) {
  const Limit limit{to == nullptr ? Address() : *to, static_cast<uint16_t>(segment_bytes - 1), now_ms + kLimitMs};
  const auto same = std::find_if(limits_.begin(), limits_.end(), [&](const Limit& old) { return old.to == limit.to; });
  if (same != limits_.end()) {
    *same = limit;  // what was sent with GSO and failed is never above a limit that still holds
  } else if (limits_.size() < kMaxLimits) {
    limits_.push_back(limit);
  } else {
    *std::min_element(limits_.begin(), limits_.end(),
                      [](const Limit& a, const Limit& b) { return a.until_ms < b.until_ms; }) = limit;
  }
}

void GsoState::turn_off(int error) {
  changed_ = changed_ != on_;
  on_ = false;
  error_ = error;
}

void GsoState::retry() {
  if (on_) return;
  changed_ = !changed_;
  on_ = true;
  error_ = 0;
  invalid_in_a_row_ = 0;
}

bool GsoState::take_change(int* error) {
  if (!changed_) return false;
  changed_ = false;
  *error = error_;
  return true;
}

}  // namespace netvolley
