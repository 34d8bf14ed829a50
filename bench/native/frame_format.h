#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "options.h"

namespace netvolley::bench {

// A frame: `header_bytes` of header with the length of the body (2 or 4 bytes) at `length_offset` in it, then the body.
struct FrameFormat {
  size_t header_bytes = 32;
  size_t length_offset = 28;
  size_t length_bytes = 4;
  bool big_endian = true;

  // --header --length-offset --length-bytes --endian, checked against each other.
  static FrameFormat from(Options& options);

  // `header` has at least header_bytes.
  [[nodiscard]] size_t body_bytes(const uint8_t* header) const {
    size_t value = 0;
    for (size_t i = 0; i < length_bytes; ++i) {
      value = value << 8 | header[length_offset + (big_endian ? i : length_bytes - 1 - i)];
    }
    return value;
  }
  void write_body_bytes(uint8_t* header, size_t value) const;
};

struct WholeFrames {
  size_t bytes = 0;  // of the leading frames that are complete
  size_t frames = 0;
  bool too_large = false;  // the frame after them announces more than max_body_bytes
};

// How many complete frames `received` begins with.
[[nodiscard]] WholeFrames whole_frames(const FrameFormat& format, std::span<const uint8_t> received,
                                       size_t max_body_bytes);

}  // namespace netvolley::bench
