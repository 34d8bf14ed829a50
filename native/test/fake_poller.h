#pragma once

#include "io/poller.h"
#include "test/fake_kernel.h"

namespace netvolley::test {

// Looks and never waits: whether a reactor may sleep, and until when, is the harness's business.
class FakePoller final : public Poller {
 public:
  explicit FakePoller(FakeKernel& kernel) : kernel_(kernel) {}

  int error() const override { return 0; }
  bool set_alarm(double) override { return false; }
  int add(int fd, uint64_t token, uint8_t directions) override { return kernel_.watch(fd, token, directions); }
  void remove(int fd) override { kernel_.unwatch(fd); }
  void rearm(int fd, uint64_t token, Direction direction) override { kernel_.rearm(fd, token, direction); }
  IoResult wait(PollEvent* events, uint32_t capacity, double timeout_ms) override;
  void wake() override { kernel_.wake(); }
  int descriptor() const override { return -1; }

 private:
  FakeKernel& kernel_;
};

}  // namespace netvolley::test
