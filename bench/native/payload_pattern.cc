#include "payload_pattern.h"

#include <random>

namespace netvolley::bench {

PayloadPattern::PayloadPattern(uint64_t seed, size_t max_bytes) : bytes_(kStretches * kStep + max_bytes) {
  std::mt19937_64 random(seed);
  for (uint8_t& byte : bytes_) byte = static_cast<uint8_t>(random());
}

}  // namespace netvolley::bench
