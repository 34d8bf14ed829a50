#include "engine/alarm_list.h"

#include "engine/source.h"

namespace netvolley {

void AlarmList::arm(TimerNode& node, double at_ms) {
  disarm(node);
  node.deadline_ms = at_ms;
  // From the end: what is armed last is mostly due last, and equal ones fire in the order of arming.
  TimerNode* before = head_.previous;
  while (before != &head_ && before->deadline_ms > at_ms) before = before->previous;
  node.previous = before;
  node.next = before->next;
  before->next->previous = &node;
  before->next = &node;
}

void AlarmList::disarm(TimerNode& node) {
  if (!node.armed()) return;
  node.previous->next = node.next;
  node.next->previous = node.previous;
  node.previous = node.next = nullptr;
}

uint32_t AlarmList::fire(double now_ms) {
  // Those that are due are taken off first: what a callee arms belongs to a later round, even if it is due by then.
  TimerNode due;
  due.previous = due.next = &due;
  while (head_.next != &head_ && head_.next->deadline_ms <= now_ms) {
    TimerNode& node = *head_.next;
    disarm(node);
    node.previous = due.previous;
    node.next = &due;
    due.previous->next = &node;
    due.previous = &node;
  }
  uint32_t fired = 0;
  while (due.next != &due) {
    TimerNode& node = *due.next;
    disarm(node);
    ++fired;
    node.source->on_deadline(node.key);
  }
  return fired;
}

}  // namespace netvolley
