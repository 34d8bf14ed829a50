#pragma once

#include <array>

namespace netvolley {

// A pipe to oneself, for systems without an eventfd: any thread may ring, the poller reads it back. Rings between two
// reads are one.
class PipeWakeup {
 public:
  PipeWakeup();
  ~PipeWakeup();
  PipeWakeup(const PipeWakeup&) = delete;
  PipeWakeup& operator=(const PipeWakeup&) = delete;

  bool valid() const { return ends_[0] >= 0; }
  int descriptor() const { return ends_[0]; }
  void ring() const;
  void clear() const;

 private:
  std::array<int, 2> ends_{-1, -1};
};

}  // namespace netvolley
