#pragma once

#include <cstddef>
#include <unordered_map>
#include <vector>

#include "io/pipe_wakeup.h"
#include "io/poller.h"

struct pollfd;

namespace netvolley {

// Any POSIX system: poll(2), which is level-triggered. A direction that was reported is not asked for again until it is
// rearmed, so that its events are hints here too.
class PollPoller final : public Poller {
 public:
  PollPoller();
  ~PollPoller() override;
  PollPoller(const PollPoller&) = delete;
  PollPoller& operator=(const PollPoller&) = delete;

  int error() const override { return error_; }
  int add(int fd, uint64_t token, uint8_t directions) override;
  void remove(int fd) override;
  void rearm(int fd, uint64_t token, Direction direction) override;
  IoResult wait(PollEvent* events, uint32_t capacity, double timeout_ms) override;
  bool set_alarm(double) override { return false; }
  void wake() override { wakeup_.ring(); }
  int descriptor() const override { return -1; }

 private:
  struct Watch {
    int fd;
    uint8_t directions;  // still to be reported
    uint64_t token;
  };
  void ask(size_t place);
  void report(size_t place, PollEvent* event);

  PipeWakeup wakeup_;
  int error_ = 0;
  std::vector<Watch> watches_;
  std::vector<pollfd> polled_;  // one ahead of watches_: the first is the wake-up
  std::unordered_map<int, size_t> places_;
  size_t next_ = 0;  // where the look for events begins: the first ones must not starve the others
};

}  // namespace netvolley
