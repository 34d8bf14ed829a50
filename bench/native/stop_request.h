#pragma once

namespace netvolley::bench {

// A bench server lives as long as its standard input: when the runner ends, however it ends, the pipe closes and the
// server with it. No orphan holds a CPU during the next run.
class StopRequest {
 public:
  // Level-triggered in that epoll; `tag()` is its data.ptr. An input that cannot be watched (/dev/null) never stops.
  void watch(int epoll_fd);
  [[nodiscard]] void* tag() { return this; }
  // Call when the tag was reported: reads what is there, true at end of input.
  [[nodiscard]] bool is_end_of_input();
};

}  // namespace netvolley::bench
