#include <cstdio>
#include <cstdlib>

#include "test/frame_feeder.h"
#include "test/frame_reference.h"

// An input is a framing, the places where the stream is cut, and the stream. Fed whole, in pieces and byte by byte, the
// decoder has to give what the definition gives, and to keep its promises (FrameFeeder checks them).
namespace netvolley::fuzz {

namespace {

using test::Bytes;
using test::Decoded;
using test::FrameFeeder;

class Input {
 public:
  Input(const uint8_t* data, size_t size) : data_(data), size_(size) {}
  uint8_t byte() { return at_ < size_ ? data_[at_++] : 0; }
  uint32_t word() { return byte() | byte() << 8 | byte() << 16 | uint32_t{byte()} << 24; }
  Bytes rest() const { return Bytes(data_ + at_, data_ + size_); }

 private:
  const uint8_t* data_;
  size_t size_;
  size_t at_ = 0;
};

Framing framing_of(Input& input) {
  Framing framing;
  const uint8_t shape = input.byte();
  framing.prefix.bytes = (shape & 1) != 0 ? 4 : 2;
  framing.prefix.little_endian = (shape & 2) != 0;
  framing.prefix.includes_header = (shape & 4) != 0;
  if ((shape & 8) != 0) framing.prefix.offset = input.byte() % 64;
  if ((shape & 16) != 0) framing.prefix.adjust = static_cast<int8_t>(input.byte());
  if ((shape & 32) != 0) framing.prefix.adjust = static_cast<int32_t>(input.word());
  // No limit above 2^32 - 1 less the largest header: wanted() is 32 bits wide.
  framing.max_body_bytes = (shape & 64) != 0 ? input.word() & 0xfffffff : input.byte();
  return framing;
}

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "fuzz_decoder: %s\n", what);
  std::abort();
}

Decoded feed(const Framing& framing, const Bytes& stream, const Bytes& pieces, bool eager) {
  FrameFeeder feeder(framing);
  size_t from = 0;
  for (size_t i = 0; from < stream.size(); ++i) {
    const size_t left = stream.size() - from;
    const size_t wanted = i < pieces.size() ? pieces[i] : left;
    const size_t taken = wanted < left ? wanted : left;
    feeder.push(stream.data() + from, taken, eager);
    require(feeder.broken().empty(), feeder.broken().c_str());
    from += taken;
  }
  return feeder.result();
}

}  // namespace

}  // namespace netvolley::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace netvolley::fuzz;
  Input input(data, size);
  const netvolley::Framing framing = framing_of(input);
  const bool eager = (input.byte() & 1) != 0;
  Bytes pieces(input.byte() % 16);
  for (uint8_t& piece : pieces) piece = input.byte();
  const Bytes stream = input.rest();
  const Decoded wanted = netvolley::test::decode_by_definition(framing, stream);
  require(feed(framing, stream, {}, false) == wanted, "whole, the stream decodes otherwise than the definition says");
  require(feed(framing, stream, pieces, eager) == wanted, "in pieces, the stream decodes otherwise");
  require(feed(framing, stream, Bytes(stream.size(), 1), eager) == wanted,
          "byte by byte, the stream decodes otherwise");
  return 0;
}
