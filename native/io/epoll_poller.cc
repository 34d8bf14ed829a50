#include "io/epoll_poller.h"

#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>

namespace netvolley {

namespace {

// No registration of the engine uses them: the lower half of a token is an index, which does not get that far.
constexpr uint64_t kWakeToken = ~uint64_t{0};
constexpr uint64_t kAlarmToken = kWakeToken - 1;
constexpr uint32_t kOnceMark = ~uint32_t{0};  // the lower half; the upper one is the descriptor

constexpr uint32_t kEdges = EPOLLIN | EPOLLRDHUP | EPOLLET;

int whole_ms(double timeout_ms) {
  if (timeout_ms < 0) return -1;
  // Rounded up: a deadline is never early, and a remainder below 1 ms must not spin.
  return static_cast<int>(std::min(std::ceil(timeout_ms), 1e9));
}

}  // namespace

EpollPoller::EpollPoller(uint32_t max_events)
    : fd_(epoll_create1(EPOLL_CLOEXEC)), max_events_(max_events), events_(new epoll_event[max_events]) {
  if (fd_ < 0 || !wakeup_.valid()) {
    error_ = errno;
    return;
  }
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = kWakeToken;
  if (epoll_ctl(fd_, EPOLL_CTL_ADD, wakeup_.descriptor(), &event) != 0) error_ = errno;
}

EpollPoller::~EpollPoller() {
  if (alarm_ >= 0) close(alarm_);
  if (fd_ >= 0) close(fd_);
}

int EpollPoller::add(int fd, uint64_t token, uint8_t directions) {
  if ((directions & kOnce) != 0 && fd >= 0) {
    if (once_.size() <= static_cast<size_t>(fd)) once_.resize(static_cast<size_t>(fd) + 1);
    once_[static_cast<size_t>(fd)] = {token, directions};
    const int error = watch_once(EPOLL_CTL_ADD, fd);
    if (error != 0) once_[static_cast<size_t>(fd)] = {};
    return error;
  }
  epoll_event event{};
  event.events = kEdges | ((directions & kWritable) != 0 ? EPOLLOUT : 0u);
  event.data.u64 = token;
  return epoll_ctl(fd_, EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : errno;
}

// With no direction but kTrouble left the kernel still reports errors and hangups; with none at all, nothing.
int EpollPoller::watch_once(int operation, int fd) {
  const uint8_t armed = once_[static_cast<size_t>(fd)].armed;
  epoll_event event{};
  event.events = EPOLLONESHOT | ((armed & kReadable) != 0 ? EPOLLIN | EPOLLRDHUP : 0u) |
                 ((armed & kWritable) != 0 ? EPOLLOUT : 0u);
  event.data.u64 = uint64_t{static_cast<uint32_t>(fd)} << 32 | kOnceMark;
  return epoll_ctl(fd_, operation, fd, &event) == 0 ? 0 : errno;
}

// Reading of an edge-triggered one needs nothing: the next edge comes by itself. Writing may not have been watched so
// far.
void EpollPoller::rearm(int fd, uint64_t token, Direction direction) {
  if (static_cast<size_t>(fd) < once_.size() && once_[static_cast<size_t>(fd)].armed != 0) {
    Once& once = once_[static_cast<size_t>(fd)];
    if ((once.armed & direction) != 0) return;
    once.armed |= direction;
    watch_once(EPOLL_CTL_MOD, fd);
    return;
  }
  if (direction != kWritable) return;
  epoll_event event{};
  event.events = kEdges | EPOLLOUT;
  event.data.u64 = token;
  epoll_ctl(fd_, EPOLL_CTL_MOD, fd, &event);
}

void EpollPoller::remove(int fd) {
  if (static_cast<size_t>(fd) < once_.size()) once_[static_cast<size_t>(fd)] = {};
  epoll_ctl(fd_, EPOLL_CTL_DEL, fd, nullptr);
}

// The kernel has forgotten all of it: what was not reported is asked for again.
void EpollPoller::report_once(int fd, PollEvent* event) {
  Once& once = once_[static_cast<size_t>(fd)];
  event->token = once.token;
  once.armed &= static_cast<uint8_t>(~event->ready);
  if (event->hangup) once.armed &= static_cast<uint8_t>(~kTrouble);
  if ((once.armed & ~kOnce) != 0) watch_once(EPOLL_CTL_MOD, fd);
}

// Level-triggered as the wake-up, and for the same reason.
bool EpollPoller::open_alarm() {
  const int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  if (fd < 0) return false;
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = kAlarmToken;
  if (epoll_ctl(fd_, EPOLL_CTL_ADD, fd, &event) != 0) {
    close(fd);
    return false;
  }
  alarm_ = fd;
  return true;
}

bool EpollPoller::set_alarm(double at_ms) {
  if (alarm_ < 0 && at_ms < 0) return true;
  if (alarm_ < 0 && !open_alarm()) return false;
  itimerspec spec{};
  if (at_ms >= 0) {
    const double seconds = std::floor(at_ms / 1e3);
    spec.it_value.tv_sec = static_cast<time_t>(seconds);
    spec.it_value.tv_nsec = static_cast<long>(std::clamp((at_ms - seconds * 1e3) * 1e6, 0.0, 999999999.0));
    // All zero would take the alarm away; the time 0 is past, and so is one nanosecond behind it.
    if (spec.it_value.tv_sec == 0 && spec.it_value.tv_nsec == 0) spec.it_value.tv_nsec = 1;
  }
  return timerfd_settime(alarm_, TFD_TIMER_ABSTIME, &spec, nullptr) == 0;
}

void EpollPoller::clear_alarm() {
  uint64_t times;
  [[maybe_unused]] const ssize_t got = read(alarm_, &times, sizeof times);
}

IoResult EpollPoller::wait(PollEvent* events, uint32_t capacity, double timeout_ms) {
  const int limit = static_cast<int>(std::min(capacity, max_events_));
  const int count = epoll_wait(fd_, events_.get(), limit, whole_ms(timeout_ms));
  if (count < 0) return IoResult::failure(errno);
  uint32_t used = 0;
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events_[i];
    if (event.data.u64 == kWakeToken) {
      wakeup_.clear();
      continue;
    }
    if (event.data.u64 == kAlarmToken) {
      clear_alarm();
      continue;
    }
    PollEvent& out = events[used++];
    out.token = event.data.u64;
    out.hangup = (event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
    out.ready = 0;
    // A half-close or an error is learned by reading: data that came before it is then not lost.
    if ((event.events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) out.ready |= kReadable;
    if ((event.events & (EPOLLOUT | EPOLLERR)) != 0) out.ready |= kWritable;
    if (static_cast<uint32_t>(out.token) == kOnceMark) report_once(static_cast<int>(out.token >> 32), &out);
  }
  return IoResult::success(used);
}

}  // namespace netvolley
