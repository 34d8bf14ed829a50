#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

namespace netvolley::bench {

// Pseudo-random bytes from a seed; every sequence number has its own stretch of them, so that a reply made of another
// request's bytes is seen, and every byte of every reply can be compared without keeping what was sent.
class PayloadPattern {
 public:
  PayloadPattern(uint64_t seed, size_t max_bytes);

  // Writes `size` bytes, at most max_bytes.
  void fill(uint64_t sequence, uint8_t* into, size_t size) const { std::memcpy(into, stretch(sequence), size); }
  [[nodiscard]] bool matches(uint64_t sequence, size_t from, const uint8_t* bytes, size_t size) const {
    return std::memcmp(bytes, stretch(sequence) + from, size) == 0;
  }

 private:
  static constexpr size_t kStretches = 4096;
  static constexpr size_t kStep = 8;

  // 61 is odd: consecutive numbers visit all stretches before one comes again.
  [[nodiscard]] const uint8_t* stretch(uint64_t sequence) const {
    return bytes_.data() + sequence * 61 % kStretches * kStep;
  }

  std::vector<uint8_t> bytes_;
};

}  // namespace netvolley::bench
