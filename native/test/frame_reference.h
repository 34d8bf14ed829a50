#pragma once

#include "test/frame_feeder.h"

namespace netvolley::test {

// Length-prefixed framing read off its definition, over a whole stream at once: what the decoder is compared with.
inline Decoded decode_by_definition(const Framing& framing, const Bytes& stream) {
  const LengthPrefix& prefix = framing.prefix;
  Decoded decoded;
  size_t at = 0;
  while (at < stream.size()) {
    const auto begin = stream.begin() + static_cast<std::ptrdiff_t>(at);
    const size_t left = stream.size() - at;
    const size_t header_bytes = size_t{prefix.offset} + prefix.bytes;
    if (left < header_bytes) break;
    __int128 length = 0;
    for (uint32_t i = 0; i < prefix.bytes; ++i) {
      const uint32_t significance = prefix.little_endian ? i : prefix.bytes - 1u - i;
      length += __int128{begin[prefix.offset + i]} << (8 * significance);
    }
    __int128 body = length + prefix.adjust;
    if (prefix.includes_header) body -= static_cast<__int128>(header_bytes);
    if (body < 0 || body > framing.max_body_bytes) {
      decoded.error = body < 0 ? FrameError::kBadLength : FrameError::kTooLarge;
      return decoded;
    }
    const size_t frame_bytes = header_bytes + static_cast<size_t>(body);
    if (left < frame_bytes) break;
    const auto middle = begin + static_cast<std::ptrdiff_t>(header_bytes);
    decoded.frames.push_back({Bytes(begin, middle), Bytes(middle, begin + static_cast<std::ptrdiff_t>(frame_bytes))});
    at += frame_bytes;
  }
  decoded.pending = stream.size() - at;
  return decoded;
}

}  // namespace netvolley::test
