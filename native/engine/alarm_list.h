#pragma once

#include <cstdint>

#include "engine/timer_wheel.h"

namespace netvolley {

// Deadlines finer than the wheel's slots, for the few things that need them: a list in the order of time.
class AlarmList {
 public:
  AlarmList() { head_.previous = head_.next = &head_; }
  AlarmList(const AlarmList&) = delete;
  AlarmList& operator=(const AlarmList&) = delete;

  void arm(TimerNode& node, double at_ms);
  void disarm(TimerNode& node);
  // When the next one is due, -1 = there is none.
  double next_ms() const { return head_.next == &head_ ? -1 : head_.next->deadline_ms; }
  // Calls source->on_deadline(key) for every node that is due. The callee may arm and disarm any node.
  uint32_t fire(double now_ms);

 private:
  TimerNode head_;
};

}  // namespace netvolley
