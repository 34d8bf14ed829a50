#pragma once

#include <array>
#include <cstdint>

namespace netvolley {

class Source;

// A deadline of something that a Source knows by `key`. Part of its owner, which must disarm it before it goes.
struct TimerNode {
  TimerNode* previous = nullptr;
  TimerNode* next = nullptr;
  Source* source = nullptr;
  uint32_t key = 0;
  double deadline_ms = 0;

  bool armed() const { return previous != nullptr; }
};

// A hashed wheel of 8 ms slots: arming and disarming cost a few stores, a deadline is never early and at most one slot
// late. Owners re-arm lazily: when a node fires before the true deadline they arm it anew, instead of moving it at
// every byte.
class TimerWheel {
 public:
  static constexpr double kSlotMs = 8;

  explicit TimerWheel(double now_ms);
  TimerWheel(const TimerWheel&) = delete;
  TimerWheel& operator=(const TimerWheel&) = delete;

  void arm(TimerNode& node, double deadline_ms);
  void disarm(TimerNode& node);

  // Calls source->on_deadline(key) for every node that is due. The callee may arm and disarm any node.
  uint32_t advance(double now_ms);

  // Time until the next slot that holds a node, or -1 when there is none.
  double next_ms(double now_ms) const;

 private:
  static constexpr uint32_t kSlots = 512;

  static uint64_t tick_of(double at_ms) { return static_cast<uint64_t>(at_ms / kSlotMs); }
  void link(TimerNode& node, uint32_t slot);
  uint32_t fire_slot(uint32_t slot, double now_ms);

  uint64_t tick_;  // the last one that was processed
  std::array<TimerNode, kSlots> heads_;
  std::array<uint64_t, kSlots / 64> used_{};
};

}  // namespace netvolley
