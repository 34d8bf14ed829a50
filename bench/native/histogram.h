#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace netvolley::bench {

// Log-linear histogram of durations in nanoseconds: 32 steps per power of two, so a quantile is right within 3 %.
class Histogram {
 public:
  void record(int64_t duration_ns) {
    const auto value = static_cast<uint64_t>(std::max<int64_t>(duration_ns, 0));
    ++counts_[slot_of(value)];
    ++total_;
    max_ = std::max(max_, value);
  }

  // The upper edge of the step that holds the quantile, at most the maximum; 0 when nothing was recorded.
  [[nodiscard]] double quantile_us(double quantile) const {
    const auto wanted = static_cast<uint64_t>(quantile * static_cast<double>(total_));
    uint64_t seen = 0;
    for (size_t slot = 0; slot < counts_.size(); ++slot) {
      seen += counts_[slot];
      if (seen > wanted) return to_us(std::min(upper_edge(slot), max_));
    }
    return max_us();
  }
  [[nodiscard]] double max_us() const { return to_us(max_); }

 private:
  static constexpr int kStepBits = 5;
  static constexpr uint64_t kSteps = uint64_t{1} << kStepBits;

  // Values below 2 * kSteps have a slot each; above, the leading bits choose it.
  static size_t slot_of(uint64_t value) {
    const int shift = std::max(0, static_cast<int>(std::bit_width(value)) - kStepBits - 1);
    return static_cast<size_t>(shift) * kSteps + (value >> shift);
  }
  static uint64_t upper_edge(size_t slot) {
    const uint64_t shift = slot < 2 * kSteps ? 0 : slot / kSteps - 1;
    return ((slot - shift * kSteps + 1) << shift) - 1;
  }
  static double to_us(uint64_t value_ns) { return static_cast<double>(value_ns) / 1000.0; }

  std::array<uint64_t, (64 - kStepBits + 1) * kSteps> counts_{};
  uint64_t total_ = 0;
  uint64_t max_ = 0;
};

}  // namespace netvolley::bench
