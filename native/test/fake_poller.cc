#include "test/fake_poller.h"

namespace netvolley::test {

IoResult FakePoller::wait(PollEvent* events, uint32_t capacity, double) {
  if (kernel_.chance(kernel_.faults.interrupted)) return IoResult::failure(EINTR);
  kernel_.clear_wake();
  return IoResult::success(kernel_.take_events(events, capacity));
}

}  // namespace netvolley::test
