#include "frame_format.h"

namespace netvolley::bench {

FrameFormat FrameFormat::from(Options& options) {
  FrameFormat format;
  format.header_bytes = options.number("header", 32, 2, 4096);
  format.length_offset = options.number("length-offset", 28, 0, 4094);
  format.length_bytes = options.number("length-bytes", 4, 2, 4);
  const std::string endian = options.text("endian", "big");
  if (endian != "big" && endian != "little") usage_error("--endian takes big or little, got '" + endian + "'");
  format.big_endian = endian == "big";
  if (format.length_bytes == 3) usage_error("--length-bytes takes 2 or 4, got '3'");
  if (format.length_offset + format.length_bytes > format.header_bytes) {
    usage_error("the length field must lie inside the header: --length-offset plus --length-bytes is above --header");
  }
  return format;
}

void FrameFormat::write_body_bytes(uint8_t* header, size_t value) const {
  for (size_t i = 0; i < length_bytes; ++i) {
    const size_t at = big_endian ? length_bytes - 1 - i : i;
    header[length_offset + at] = static_cast<uint8_t>(value >> (8 * i));
  }
}

WholeFrames whole_frames(const FrameFormat& format, std::span<const uint8_t> received, size_t max_body_bytes) {
  WholeFrames whole;
  while (received.size() - whole.bytes >= format.header_bytes) {
    const size_t body_bytes = format.body_bytes(received.data() + whole.bytes);
    if (body_bytes > max_body_bytes) {
      whole.too_large = true;
      break;
    }
    const size_t frame_bytes = format.header_bytes + body_bytes;
    if (received.size() - whole.bytes < frame_bytes) break;
    whole.bytes += frame_bytes;
    ++whole.frames;
  }
  return whole;
}

}  // namespace netvolley::bench
