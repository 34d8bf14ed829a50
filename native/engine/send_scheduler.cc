#include "engine/send_scheduler.h"

#include <algorithm>
#include <bit>

namespace netvolley {

void SendScheduler::Queue::grow(uint32_t entries) {
  if (entries <= ring.size()) return;
  std::vector<QueuedSend> larger(std::bit_ceil(entries));
  for (uint32_t i = 0; i < size; ++i) larger[i] = (*this)[i];
  ring.swap(larger);
  first = 0;
}

// The newer ones move up. Rare, and what is taken out lies near the end or among few.
void SendScheduler::Queue::erase(uint32_t index) {
  for (uint32_t i = index; i + 1 < size; ++i) (*this)[i] = (*this)[i + 1];
  --size;
}

void SendScheduler::reserve(uint32_t entries) {
  for (Queue& queue : queues_) queue.grow(entries);
}

void SendScheduler::push(QueuedSend send) {
  Queue& queue = queues_[send.send_class];
  if (queue.size == queue.ring.size()) queue.grow(queue.size + 1);
  send.sequence = ++sequence_;
  queue[queue.size++] = send;
}

uint32_t SendScheduler::effective_class(uint32_t send_class, double now_ms) const {
  const double waited = now_ms - queues_[send_class][0].queued_ms;
  const double steps = waited / aging_ms_;
  if (steps >= kSendClasses - 1) return kSendClasses - 1;
  return std::min(kSendClasses - 1, send_class + (steps > 0 ? static_cast<uint32_t>(steps) : 0));
}

QueuedSend* SendScheduler::next(double now_ms) {
  bool found = false;
  uint32_t best = 0;
  for (uint32_t i = kSendClasses; i-- > 0;) {
    if (queues_[i].size == 0) continue;
    if (aging_ms_ <= 0) {
      chosen_ = i;
      return &queues_[i][0];
    }
    const uint32_t effective = effective_class(i, now_ms);
    const bool earlier = found && queues_[i][0].sequence < queues_[chosen_][0].sequence;
    if (found && (effective < best || (effective == best && !earlier))) continue;
    found = true;
    best = effective;
    chosen_ = i;
  }
  return found ? &queues_[chosen_][0] : nullptr;
}

void SendScheduler::pop() {
  Queue& queue = queues_[chosen_];
  queue.first = (queue.first + 1) & queue.mask();
  --queue.size;
}

void SendScheduler::put_back(const QueuedSend& send) {
  Queue& queue = queues_[send.send_class];
  if (queue.size == queue.ring.size()) queue.grow(queue.size + 1);
  queue.first = (queue.first - 1) & queue.mask();
  ++queue.size;
  queue[0] = send;
}

bool SendScheduler::evict(uint32_t link, uint32_t below_class, QueuedSend* evicted) {
  for (uint32_t c = 0; c < below_class && c < kSendClasses; ++c) {
    Queue& queue = queues_[c];
    for (uint32_t i = queue.size; i-- > 0;) {
      if (queue[i].link != link) continue;
      *evicted = queue[i];
      queue.erase(i);
      return true;
    }
  }
  return false;
}

bool SendScheduler::remove(uint32_t link, uint32_t token, QueuedSend* removed) {
  for (Queue& queue : queues_) {
    for (uint32_t i = 0; i < queue.size; ++i) {
      if (queue[i].token != token || queue[i].link != link) continue;
      *removed = queue[i];
      queue.erase(i);
      return true;
    }
  }
  return false;
}

double SendScheduler::oldest_ms() const {
  double oldest = -1;
  for (const Queue& queue : queues_) {
    if (queue.size != 0 && (oldest < 0 || queue[0].queued_ms < oldest)) oldest = queue[0].queued_ms;
  }
  return oldest;
}

}  // namespace netvolley
