#include "wire/frame_decoder.h"

#include <cstdio>

#include "test/check.h"
#include "test/frame_feeder.h"
#include "test/frame_reference.h"

namespace netvolley::test {
namespace {

struct HexFrame {
  const char* header;
  const char* body;
};

struct Vector {
  const char* id;
  Framing framing;
  const char* input;
  std::vector<HexFrame> frames;
  std::string_view error;  // "" = none
  int pending;             // -1 = ends with an error
};

const std::vector<Vector>& vectors() {
  static const std::vector<Vector> all{
#include "frame_vectors.inc"
  };
  return all;
}

Bytes from_hex(std::string_view hex) {
  Bytes bytes;
  CHECK_EQ(hex.size() % 2, 0);
  for (size_t i = 0; i < hex.size(); i += 2) {
    bytes.push_back(static_cast<uint8_t>(std::stoul(std::string(hex.substr(i, 2)), nullptr, 16)));
  }
  return bytes;
}

Decoded expected(const Vector& vector) {
  Decoded decoded;
  for (const HexFrame& frame : vector.frames) decoded.frames.push_back({from_hex(frame.header), from_hex(frame.body)});
  CHECK(vector.error == "" || vector.error == "tooLarge" || vector.error == "badLength");
  if (vector.error == "tooLarge") decoded.error = FrameError::kTooLarge;
  if (vector.error == "badLength") decoded.error = FrameError::kBadLength;
  decoded.pending = vector.error == "" ? static_cast<size_t>(vector.pending) : 0;
  return decoded;
}

// `cuts` are rising positions; each piece is pushed by itself.
Decoded feed(const Framing& framing, const Bytes& input, const std::vector<size_t>& cuts, bool eager = false) {
  FrameFeeder feeder(framing);
  size_t from = 0;
  for (size_t i = 0; i <= cuts.size(); ++i) {
    const size_t to = i < cuts.size() ? cuts[i] : input.size();
    feeder.push(input.data() + from, to - from, eager);
    CHECK_EQ(feeder.broken(), "");
    from = to;
  }
  return feeder.result();
}

Decoded feed_single_bytes(const Framing& framing, const Bytes& input, bool eager) {
  std::vector<size_t> cuts;
  for (size_t at = 1; at < input.size(); ++at) cuts.push_back(at);
  return feed(framing, input, cuts, eager);
}

void check_same(const Decoded& got, const Decoded& wanted) {
  CHECK_EQ(got.frames.size(), wanted.frames.size());
  for (size_t i = 0; i < got.frames.size(); ++i) {
    CHECK(got.frames[i].header == wanted.frames[i].header);
    CHECK(got.frames[i].body == wanted.frames[i].body);
  }
  CHECK_EQ(got.error, wanted.error);
  CHECK_EQ(got.pending, wanted.pending);
}

Framing random_framing(Random& random) {
  Framing framing;
  framing.prefix.bytes = random.one_in(2) ? 2 : 4;
  framing.prefix.little_endian = random.one_in(2);
  framing.prefix.includes_header = random.one_in(2);
  framing.prefix.offset = random.one_in(2) ? 0 : random.below(40);
  if (random.one_in(3)) framing.prefix.adjust = static_cast<int32_t>(random.below(41)) - 20;
  framing.max_body_bytes = random.below(200);
  return framing;
}

// Mostly headers with a length near what is allowed, so that streams get far; sometimes anything.
Bytes random_stream(Random& random, const Framing& framing) {
  const LengthPrefix& prefix = framing.prefix;
  Bytes stream;
  for (uint32_t frame = random.below(8); frame > 0; --frame) {
    const uint32_t body = random.below(framing.max_body_bytes + (random.one_in(6) ? 3 : 1));
    uint32_t length = body - static_cast<uint32_t>(prefix.adjust);
    if (prefix.includes_header) length += prefix.header_bytes();
    if (random.one_in(20)) length = static_cast<uint32_t>(random.next());
    for (uint32_t i = 0; i < prefix.offset; ++i) stream.push_back(static_cast<uint8_t>(random.next()));
    for (uint32_t i = 0; i < prefix.bytes; ++i) {
      const uint32_t significance = prefix.little_endian ? i : prefix.bytes - 1u - i;
      stream.push_back(static_cast<uint8_t>(length >> (8 * significance)));
    }
    for (uint32_t i = 0; i < body; ++i) stream.push_back(static_cast<uint8_t>(random.next()));
  }
  if (!stream.empty()) stream.resize(stream.size() - random.below(static_cast<uint32_t>(stream.size())) / 4);
  return stream;
}

}  // namespace

TEST("[SV6, SV11] every vector decodes to its frames, whole and one byte at a time") {
  for (const Vector& vector : vectors()) {
    const Note note(std::string("vector ") + vector.id);
    const Bytes input = from_hex(vector.input);
    check_same(feed(vector.framing, input, {}), expected(vector));
    check_same(feed_single_bytes(vector.framing, input, false), expected(vector));
    check_same(feed_single_bytes(vector.framing, input, true), expected(vector));
    check_same(decode_by_definition(vector.framing, input), expected(vector));
  }
  std::printf("  %zu vectors\n", vectors().size());
}

TEST("[SV6, SV11] every vector decodes alike when it is cut at any one and any two positions") {
  uint64_t runs = 0;
  for (const Vector& vector : vectors()) {
    const Bytes input = from_hex(vector.input);
    const Decoded wanted = expected(vector);
    for (size_t first = 0; first <= input.size(); ++first) {
      for (size_t second = first; second <= input.size(); ++second) {
        const Note note(std::string("vector ") + vector.id + " cut at " + std::to_string(first) + " and " +
                        std::to_string(second));
        check_same(feed(vector.framing, input, {first, second}), wanted);
        check_same(feed(vector.framing, input, {first, second}, true), wanted);
        runs += 2;
      }
    }
  }
  std::printf("  %llu runs\n", static_cast<unsigned long long>(runs));
}

TEST("[SV10, SV11] random streams decode as the definition says, however they are cut") {
  Random random;
  uint32_t frames = 0;
  uint32_t errors = 0;
  for (uint32_t round = 0; round < 5000; ++round) {
    const Note note("round " + std::to_string(round));
    const Framing framing = random_framing(random);
    const Bytes stream = random_stream(random, framing);
    const Decoded wanted = decode_by_definition(framing, stream);
    check_same(feed(framing, stream, {}), wanted);
    std::vector<size_t> cuts;
    for (size_t at = 0; at < stream.size();) {
      at += random.one_in(3) ? random.below(3) : random.below(100);
      if (at < stream.size()) cuts.push_back(at);
    }
    check_same(feed(framing, stream, cuts, random.one_in(2)), wanted);
    frames += static_cast<uint32_t>(wanted.frames.size());
    errors += wanted.error != FrameError::kNone;
  }
  std::printf("  %u frames, %u errors\n", frames, errors);
  CHECK(frames > 1000 && errors > 100);
}

TEST("[SV10] a length above the limit is refused before a byte of the body is there") {
  Framing framing;
  framing.prefix.bytes = 4;
  framing.max_body_bytes = 100;
  const uint8_t header[] = {0, 0, 0, 101};
  FrameDecoder decoder;
  const FrameStep step = decoder.next(framing, header, sizeof header);
  CHECK(step.kind == FrameStep::Kind::kError);
  CHECK(step.error == FrameError::kTooLarge);
  CHECK(decoder.state() == DecoderState::kFailed);
}

TEST("[SV19] a decoder wants the header first and then the frame, never more") {
  Framing framing;
  framing.prefix.offset = 3;
  framing.max_body_bytes = 65535;
  const uint8_t header[] = {1, 2, 3, 0xff, 0xff};
  FrameDecoder decoder;
  CHECK(decoder.next(framing, header, 0).kind == FrameStep::Kind::kMore);
  CHECK_EQ(decoder.wanted(), 5);
  CHECK(decoder.state() == DecoderState::kWantHeader);
  CHECK(decoder.next(framing, header, 4).kind == FrameStep::Kind::kMore);
  CHECK_EQ(decoder.wanted(), 5);
  CHECK(decoder.next(framing, header, 5).kind == FrameStep::Kind::kMore);
  CHECK_EQ(decoder.wanted(), 65540);
  CHECK(decoder.state() == DecoderState::kWantBody);
}

}  // namespace netvolley::test
