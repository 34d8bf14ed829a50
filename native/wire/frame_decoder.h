#pragma once

#include <cstddef>
#include <cstdint>

#include "wire/framing.h"

namespace netvolley {

enum class DecoderState : uint8_t { kWantHeader, kWantBody, kFailed };

struct FrameStep {
  enum class Kind : uint8_t { kMore, kFrame, kError };

  Kind kind = Kind::kMore;
  FrameError error = FrameError::kNone;
  uint32_t header_bytes = 0;
  uint32_t body_bytes = 0;

  uint32_t frame_bytes() const { return header_bytes + body_bytes; }
};

// Cuts frames out of a byte stream that its owner keeps: pure, no I/O, no clock, no memory of its own.
class FrameDecoder {
 public:
  // Looks at the bytes from the first one that no frame has taken yet. After kFrame the owner steps over the frame and
  // calls again; after kMore it calls again with at least wanted() bytes from the same place; after kError never.
  FrameStep next(const Framing& framing, const uint8_t* data, size_t size);

  DecoderState state() const { return state_; }
  // How many bytes, from the start of the frame, the next decision needs. Never more than header plus largest body.
  uint32_t wanted() const { return wanted_; }

 private:
  FrameStep fail(FrameError error);

  DecoderState state_ = DecoderState::kWantHeader;
  uint32_t wanted_ = 0;
};

}  // namespace netvolley
