#include "flow_payload.h"

#include <cinttypes>
#include <cstdio>
#include <cstring>

namespace netvolley::bench {

FlowPayload::FlowPayload() : bytes_(kMaxBytes + 1) {
  // xorshift32: short enough to be written again in the drivers.
  uint32_t state = 0x9e3779b9;
  for (uint8_t& byte : bytes_) {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    byte = static_cast<uint8_t>(state);
  }
}

void FlowPayload::number(uint32_t flow, uint32_t sequence, uint8_t* into) {
  std::memcpy(into, &sequence, 4);  // every machine of the benches is little-endian
  std::memcpy(into + 4, &flow, 4);
}

void FlowPayload::fill(uint32_t flow, uint32_t sequence, uint8_t* into, size_t size) const {
  number(flow, sequence, into);
  std::memcpy(into + kHeaderBytes, bytes_.data() + (sequence & 1), size - kHeaderBytes);
}

bool FlowPayload::matches(uint32_t sequence, const uint8_t* bytes, size_t size) const {
  return std::memcmp(bytes + kHeaderBytes, bytes_.data() + (sequence & 1), size - kHeaderBytes) == 0;
}

void FlowTally::take(const uint8_t* bytes, size_t size) {
  ++received_;
  bytes_ += size;
  if (size < FlowPayload::kHeaderBytes) {
    ++bad_;
    return;
  }
  uint32_t sequence = 0;
  uint32_t flow = 0;
  std::memcpy(&sequence, bytes, 4);
  std::memcpy(&flow, bytes + 4, 4);
  if (flow != flow_) {
    flow_ = flow;
    next_ = 0;
  }
  if (sequence >= next_) {
    lost_ += sequence - next_;
    next_ = sequence + 1;
  } else {
    ++reordered_;
    if (lost_ > 0) --lost_;  // it was counted as lost when a later one came first
  }
  if (received_ % kComparedEvery == 0 && !payload_.matches(sequence, bytes, size)) ++bad_;
}

std::string FlowTally::json(double at_ms) const {
  char text[256];
  std::snprintf(text, sizeof text,
                "{\"received\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"bad\":%" PRIu64 ",\"lost\":%" PRIu64
                ",\"reordered\":%" PRIu64 ",\"atMs\":%.3f}",
                received_, bytes_, bad_, lost_, reordered_, at_ms);
  return text;
}

}  // namespace netvolley::bench
