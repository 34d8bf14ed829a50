#pragma once

namespace netvolley {

// Monotonic time in milliseconds with a fraction. The reactor reads it once a turn and passes it on as an argument.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual double now_ms() = 0;
};

class MonotonicClock final : public Clock {
 public:
  double now_ms() override;
};

}  // namespace netvolley
