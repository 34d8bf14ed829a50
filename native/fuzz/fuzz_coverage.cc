#include "fuzz/fuzz_coverage.h"

#include <array>
#include <bit>

extern "C" void __sanitizer_cov_trace_pc();

namespace netvolley::fuzz {

namespace {

constexpr uint32_t kEdges = 1u << 14;
std::array<uint8_t, kEdges> hits;
std::array<uint8_t, kEdges> reached;  // a bit for each power of two of hits
uintptr_t previous = 0;

}  // namespace

void begin_trace() {
  hits.fill(0);
  previous = 0;
}

bool trace_is_new() {
  bool is_new = false;
  for (uint32_t edge = 0; edge < kEdges; ++edge) {
    if (hits[edge] == 0) continue;
    const uint8_t bucket = static_cast<uint8_t>(1u << (std::bit_width(hits[edge]) - 1));
    if ((reached[edge] & bucket) != 0) continue;
    reached[edge] |= bucket;
    is_new = true;
  }
  return is_new;
}

uint32_t edges() {
  uint32_t count = 0;
  for (const uint8_t buckets : reached) count += buckets != 0;
  return count;
}

}  // namespace netvolley::fuzz

// The compiler puts a call of this into every basic block of the traced sources.
extern "C" void __sanitizer_cov_trace_pc() {
  using namespace netvolley::fuzz;
  // Relative to a function of the program: its addresses differ from run to run, its distances do not.
  const uintptr_t at =
      reinterpret_cast<uintptr_t>(__builtin_return_address(0)) - reinterpret_cast<uintptr_t>(&__sanitizer_cov_trace_pc);
  const uintptr_t place = at * 0x9e3779b97f4a7c15ULL >> 32;
  uint8_t& count = hits[(place ^ previous >> 1) % kEdges];
  if (count != 255) ++count;
  previous = place;
}
