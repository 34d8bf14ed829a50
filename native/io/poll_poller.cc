#include "io/poll_poller.h"

#include <poll.h>

#include <algorithm>
#include <cmath>

namespace netvolley {

namespace {

constexpr short kErrors = POLLERR | POLLHUP | POLLNVAL;

int whole_ms(double timeout_ms) {
  if (timeout_ms < 0) return -1;
  // Rounded up: a deadline is never early, and a remainder below 1 ms must not spin.
  return static_cast<int>(std::min(std::ceil(timeout_ms), 1e9));
}

}  // namespace

PollPoller::PollPoller() {
  if (!wakeup_.valid()) error_ = errno;
  polled_.push_back({wakeup_.descriptor(), POLLIN, 0});
}

PollPoller::~PollPoller() = default;

int PollPoller::add(int fd, uint64_t token, uint8_t directions) {
  if (fd < 0) return EBADF;
  if (!places_.emplace(fd, watches_.size()).second) return EEXIST;
  watches_.push_back({fd, static_cast<uint8_t>(directions & ~kOnce), token});
  polled_.push_back({});
  ask(watches_.size() - 1);
  return 0;
}

void PollPoller::remove(int fd) {
  const auto found = places_.find(fd);
  if (found == places_.end()) return;
  const size_t place = found->second;
  places_.erase(found);
  if (place != watches_.size() - 1) {
    watches_[place] = watches_.back();
    places_[watches_[place].fd] = place;
    ask(place);
  }
  watches_.pop_back();
  polled_.pop_back();
}

void PollPoller::rearm(int fd, uint64_t token, Direction direction) {
  const auto found = places_.find(fd);
  if (found == places_.end()) return;
  watches_[found->second].token = token;
  watches_[found->second].directions |= direction;
  ask(found->second);
}

// Errors and hangups are reported whether asked for or not: a descriptor of which nothing is wanted is left out.
void PollPoller::ask(size_t place) {
  const Watch& watch = watches_[place];
  pollfd& polled = polled_[place + 1];
  polled.fd = watch.directions == 0 ? -1 : watch.fd;
  polled.events = static_cast<short>(((watch.directions & kReadable) != 0 ? POLLIN : 0) |
                                     ((watch.directions & kWritable) != 0 ? POLLOUT : 0));
  polled.revents = 0;
}

void PollPoller::report(size_t place, PollEvent* event) {
  Watch& watch = watches_[place];
  const short seen = polled_[place + 1].revents;
  event->token = watch.token;
  event->hangup = (seen & kErrors) != 0;
  event->ready = 0;
  // A half-close or an error is learned by reading: data that came before it is then not lost.
  if ((seen & (POLLIN | kErrors)) != 0) event->ready |= kReadable;
  if ((seen & (POLLOUT | kErrors)) != 0) event->ready |= kWritable;
  watch.directions &= static_cast<uint8_t>(~event->ready);
  if (event->hangup) watch.directions &= static_cast<uint8_t>(~kTrouble);
  ask(place);
}

IoResult PollPoller::wait(PollEvent* events, uint32_t capacity, double timeout_ms) {
  const int ready = poll(polled_.data(), static_cast<nfds_t>(polled_.size()), whole_ms(timeout_ms));
  if (ready < 0) return IoResult::failure(errno);
  if (polled_[0].revents != 0) wakeup_.clear();
  uint32_t used = 0;
  const size_t count = watches_.size();
  for (size_t i = 0; ready > 0 && i < count && used < capacity; ++i) {
    const size_t place = (next_ + i) % count;
    if (polled_[place + 1].revents == 0) continue;
    report(place, &events[used++]);
    if (used == capacity) next_ = place + 1;
  }
  return IoResult::success(used);
}

}  // namespace netvolley
