#pragma once

#include <cstdint>

#include "options.h"

namespace netvolley::bench {

[[nodiscard]] int64_t monotonic_ns();

// The run of a load generator: warm-up, then the measured window, then a drain in which nothing is sent and what is
// still outstanding may come back. Time is an argument; the CPU time of this process is taken as the window opens and
// closes.
class MeasuredWindow {
 public:
  enum class Phase { kWarmUp, kMeasured, kDrain, kOver };

  // --seconds (default 2), --warmup (default 0).
  static MeasuredWindow from(Options& options);

  void start(int64_t now_ns);
  // Moves on to the phase of that moment.
  void update(int64_t now_ns);
  // Ends the sending before its time, when there is nothing left to send to.
  void close(int64_t now_ns);

  [[nodiscard]] bool is_measured() const { return phase_ == Phase::kMeasured; }
  [[nodiscard]] bool may_send() const { return phase_ == Phase::kWarmUp || phase_ == Phase::kMeasured; }
  [[nodiscard]] bool is_over() const { return phase_ == Phase::kOver; }
  // Between the moments at which the window was seen to open and to close.
  [[nodiscard]] double seconds() const { return static_cast<double>(closed_ns_ - opened_ns_) / 1e9; }
  [[nodiscard]] double cpu_seconds() const { return cpu_seconds_; }

 private:
  void open_window(int64_t now_ns);

  MeasuredWindow(double warm_up_seconds, double measured_seconds);

  int64_t warm_up_ns_;
  int64_t measured_ns_;
  int64_t start_ns_ = 0;
  int64_t opened_ns_ = 0;
  int64_t closed_ns_ = 0;
  double cpu_at_open_ = 0;
  double cpu_seconds_ = 0;
  Phase phase_ = Phase::kWarmUp;
};

}  // namespace netvolley::bench
