#pragma once

#include <cstdint>
#include <cstdlib>

#include "test/check.h"
#include "test/fake_kernel.h"

namespace netvolley::test {

// Of the environment, or `otherwise`.
inline uint64_t setting(const char* name, uint64_t otherwise) {
  const char* given = std::getenv(name);
  return given == nullptr ? otherwise : std::strtoull(given, nullptr, 0);
}

// How likely a kind of fault is: never in some runs, and in some it is a storm.
inline double fault_level(Random& random, double most) {
  const uint32_t choice = random.below(4);
  return choice == 0 ? 0 : choice == 3 ? most : random.unit() * most / 8;
}

// Those that every socket may meet.
inline FakeFaults usual_faults(Random& random) {
  FakeFaults faults;
  faults.short_count = fault_level(random, 0.5);
  faults.would_block = fault_level(random, 0.5);
  faults.interrupted = fault_level(random, 0.4);
  faults.no_buffers = fault_level(random, 0.3);
  faults.refused = fault_level(random, 0.3);
  return faults;
}

}  // namespace netvolley::test
