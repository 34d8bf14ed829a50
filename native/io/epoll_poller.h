#pragma once

#include <memory>
#include <vector>

#include "io/poller.h"
#include "io/wakeup.h"

struct epoll_event;

namespace netvolley {

// Linux: epoll, edge-triggered, one registration per descriptor for its whole life; the eventfd alone is
// level-triggered, so that the inline drive can leave itself a note. A kOnce descriptor is EPOLLONESHOT: an edge costs
// the sender of each datagram a callback that wakes whoever polls the epoll descriptor (libuv, with the inline drive).
class EpollPoller final : public Poller {
 public:
  explicit EpollPoller(uint32_t max_events);
  ~EpollPoller() override;
  EpollPoller(const EpollPoller&) = delete;
  EpollPoller& operator=(const EpollPoller&) = delete;

  // False when the process is out of descriptors; error() says why.
  bool valid() const { return error_ == 0; }
  int error() const override { return error_; }

  int add(int fd, uint64_t token, uint8_t directions) override;
  void remove(int fd) override;
  void rearm(int fd, uint64_t token, Direction direction) override;
  IoResult wait(PollEvent* events, uint32_t capacity, double timeout_ms) override;
  bool set_alarm(double at_ms) override;
  void wake() override { wakeup_.ring(); }
  int descriptor() const override { return fd_; }

 private:
  // What is asked of a kOnce descriptor.
  struct Once {
    uint64_t token = 0;
    uint8_t armed = 0;  // Direction bits
  };

  bool open_alarm();
  void clear_alarm();
  int watch_once(int operation, int fd);
  void report_once(int fd, PollEvent* event);

  Wakeup wakeup_;
  int fd_;
  int alarm_ = -1;  // a timerfd, made when it is first wanted
  int error_ = 0;
  uint32_t max_events_;
  std::unique_ptr<epoll_event[]> events_;
  std::vector<Once> once_;  // by descriptor
};

}  // namespace netvolley
