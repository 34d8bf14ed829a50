#pragma once

#include "io/clock.h"
#include "test/fake_kernel.h"

namespace netvolley::test {

// Shows the simulated kernel's time, which only the test moves.
class FakeClock final : public Clock {
 public:
  explicit FakeClock(FakeKernel& kernel) : kernel_(kernel) {}
  double now_ms() override { return kernel_.now_ms(); }

 private:
  FakeKernel& kernel_;
};

}  // namespace netvolley::test
