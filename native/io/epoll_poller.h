#pragma once

#include <memory>

#include "io/poller.h"
#include "io/wakeup.h"

struct epoll_event;

namespace netvolley {

// Linux: epoll, edge-triggered, one registration per descriptor for its whole life; the eventfd alone is
// level-triggered, so that the inline drive can leave itself a note.
class EpollPoller final : public Poller {
 public:
  explicit EpollPoller(uint32_t max_events);
  ~EpollPoller() override;
  EpollPoller(const EpollPoller&) = delete;
  EpollPoller& operator=(const EpollPoller&) = delete;

  // False when the process is out of descriptors; error() says why.
  bool valid() const { return error_ == 0; }
  int error() const { return error_; }

  int add(int fd, uint64_t token, uint8_t directions) override;
  void remove(int fd) override;
  void rearm(int fd, uint64_t token, Direction direction) override;
  IoResult wait(PollEvent* events, uint32_t capacity, double timeout_ms) override;
  void wake() override { wakeup_.ring(); }
  int descriptor() const override { return fd_; }

 private:
  Wakeup wakeup_;
  int fd_;
  int error_ = 0;
  uint32_t max_events_;
  std::unique_ptr<epoll_event[]> events_;
};

}  // namespace netvolley
