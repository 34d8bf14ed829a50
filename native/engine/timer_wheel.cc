#include "engine/timer_wheel.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "engine/source.h"

namespace netvolley {

TimerWheel::TimerWheel(double now_ms) : tick_(tick_of(now_ms)) {
  for (TimerNode& head : heads_) head.previous = head.next = &head;
}

void TimerWheel::link(TimerNode& node, uint32_t slot) {
  TimerNode& head = heads_[slot];
  node.previous = head.previous;
  node.next = &head;
  head.previous->next = &node;
  head.previous = &node;
  used_[slot / 64] |= uint64_t{1} << (slot % 64);
}

void TimerWheel::arm(TimerNode& node, double deadline_ms) {
  disarm(node);
  node.deadline_ms = deadline_ms;
  // The slot after the deadline's own: when it is processed the deadline has passed.
  const uint64_t tick = std::max(tick_of(std::max(deadline_ms, 0.0)), tick_) + 1;
  link(node, static_cast<uint32_t>(tick % kSlots));
}

void TimerWheel::disarm(TimerNode& node) {
  if (!node.armed()) return;
  node.previous->next = node.next;
  node.next->previous = node.previous;
  node.previous = node.next = nullptr;
}

uint32_t TimerWheel::fire_slot(uint32_t slot, double now_ms) {
  TimerNode& head = heads_[slot];
  used_[slot / 64] &= ~(uint64_t{1} << (slot % 64));
  if (head.next == &head) return 0;
  // The list is taken off first: what a callee arms into this slot belongs to a later round.
  TimerNode due;
  due.next = head.next;
  due.previous = head.previous;
  due.next->previous = due.previous->next = &due;
  head.previous = head.next = &head;
  uint32_t fired = 0;
  while (due.next != &due) {
    TimerNode& node = *due.next;
    disarm(node);
    if (node.deadline_ms > now_ms) {
      link(node, slot);
      continue;
    }
    ++fired;
    node.source->on_deadline(node.key);
  }
  return fired;
}

uint32_t TimerWheel::advance(double now_ms) {
  const uint64_t target = tick_of(now_ms);
  uint32_t fired = 0;
  if (target <= tick_) return 0;
  const uint64_t steps = std::min<uint64_t>(target - tick_, kSlots);
  const uint64_t first = target - steps + 1;
  tick_ = target;
  for (uint64_t tick = first; tick <= target; ++tick) fired += fire_slot(static_cast<uint32_t>(tick % kSlots), now_ms);
  return fired;
}

double TimerWheel::next_ms(double now_ms) const {
  const uint32_t start = static_cast<uint32_t>((tick_ + 1) % kSlots);
  for (uint32_t distance = 0; distance < kSlots;) {
    const uint32_t slot = (start + distance) % kSlots;
    const uint64_t word = used_[slot / 64] >> (slot % 64);
    if (word != 0) {
      distance += static_cast<uint32_t>(std::countr_zero(word));
      if (distance >= kSlots) break;
      return std::max(0.0, static_cast<double>(tick_ + 1 + distance) * kSlotMs - now_ms);
    }
    distance += 64 - slot % 64;
  }
  return -1;
}

}  // namespace netvolley
