#pragma once

#include <cstdint>

namespace netvolley {

// A frame is a header whose last bytes are the length, and a body.
struct LengthPrefix {
  uint8_t bytes = 2;  // width of the length: 2 or 4
  bool little_endian = false;
  bool includes_header = false;  // the length counts the header too
  uint32_t offset = 0;           // bytes of header before the length
  int32_t adjust = 0;            // added to the length

  uint32_t header_bytes() const { return offset + bytes; }
};

struct Framing {
  LengthPrefix prefix;
  uint32_t max_body_bytes = 65536;
};

enum class FrameError : uint8_t { kNone, kTooLarge, kBadLength };

}  // namespace netvolley
