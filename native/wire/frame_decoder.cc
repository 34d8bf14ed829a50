#include "wire/frame_decoder.h"

#include <bit>
#include <cstring>

namespace netvolley {

namespace {

static_assert(std::endian::native == std::endian::little);

// The usual widths are one load: this runs once for each request.
uint64_t read_length(const uint8_t* at, uint8_t bytes, bool little_endian) {
  if (bytes == 4) {
    uint32_t value;
    std::memcpy(&value, at, sizeof value);
    return little_endian ? value : __builtin_bswap32(value);
  }
  if (bytes == 2) {
    uint16_t value;
    std::memcpy(&value, at, sizeof value);
    return little_endian ? value : __builtin_bswap16(value);
  }
  uint64_t value = 0;
  for (uint8_t i = 0; i < bytes; ++i) value = value << 8 | at[little_endian ? bytes - 1 - i : i];
  return value;
}

#ifdef NETVOLLEY_PLANT_DECODER
constexpr uint32_t kPlanted = 1;  // a defect on purpose: the fuzz driver has to find it
#else
constexpr uint32_t kPlanted = 0;
#endif

}  // namespace

FrameStep FrameDecoder::fail(FrameError error) {
  state_ = DecoderState::kFailed;
  return {FrameStep::Kind::kError, error, 0, 0};
}

FrameStep FrameDecoder::next(const Framing& framing, const uint8_t* data, size_t size) {
  const LengthPrefix& prefix = framing.prefix;
  const uint32_t header_bytes = prefix.header_bytes();
  if (size + kPlanted < header_bytes) {
    state_ = DecoderState::kWantHeader;
    wanted_ = header_bytes;
    return {};
  }
  // In 64 bits, and compared before it is made smaller: no length that a peer sends can wrap round.
  const uint64_t announced = read_length(data + prefix.offset, prefix.bytes, prefix.little_endian);
  const int64_t body = static_cast<int64_t>(announced) + prefix.adjust - (prefix.includes_header ? header_bytes : 0);
  if (body < 0) return fail(FrameError::kBadLength);
  if (body > int64_t{framing.max_body_bytes}) return fail(FrameError::kTooLarge);
  const uint32_t body_bytes = static_cast<uint32_t>(body);
  if (size + kPlanted < size_t{header_bytes} + body_bytes) {
    state_ = DecoderState::kWantBody;
    wanted_ = header_bytes + body_bytes;
    return {};
  }
  state_ = DecoderState::kWantHeader;
  wanted_ = header_bytes;
  return {FrameStep::Kind::kFrame, FrameError::kNone, header_bytes, body_bytes};
}

}  // namespace netvolley
