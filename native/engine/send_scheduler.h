#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "engine/queued_send.h"
#include "memory/datagram_layout.h"

namespace netvolley {

// The three classes of a socket's pending sends: strict priority, first in first out inside a class, ageing between
// their heads. Pure: it knows no link and no socket. Its arrays grow by reserve(), so that pushing allocates nothing.
class SendScheduler {
 public:
  static constexpr uint32_t kAnyLink = ~uint32_t{0};

  // 0 = no ageing.
  explicit SendScheduler(double aging_ms) : aging_ms_(aging_ms) {}
  SendScheduler(const SendScheduler&) = delete;
  SendScheduler& operator=(const SendScheduler&) = delete;

  void set_aging(double aging_ms) { aging_ms_ = aging_ms; }
  // Room for so many in each class, in all. Control plane.
  void reserve(uint32_t entries);

  // Gives it the next sequence number.
  void push(QueuedSend send);
  // The next one in the order of leaving; null = empty. Valid until the next call of anything.
  QueuedSend* next(double now_ms);
  // Takes away what next() gave.
  void pop();
  // To the front of its class, with its old sequence number: those that were popped, the last one first.
  void put_back(const QueuedSend& send);

  // Takes the newest one of `link` in the lowest class below `below_class` where it has any. False = it has none.
  bool evict(uint32_t link, uint32_t below_class, QueuedSend* evicted);
  // Takes the one with this token. False = it is not here.
  bool remove(uint32_t link, uint32_t token, QueuedSend* removed);
  // Takes all of a link, or of kAnyLink; visit(const QueuedSend&) must not call back.
  template <class Visit>
  void remove_all(uint32_t link, Visit visit) {
    for (Queue& queue : queues_) {
      uint32_t kept = 0;
      for (uint32_t i = 0; i < queue.size; ++i) {
        const QueuedSend send = queue[i];
        if (link == kAnyLink || send.link == link) {
          visit(send);
        } else {
          queue[kept++] = send;
        }
      }
      queue.size = kept;
    }
  }

  template <class Visit>
  void visit(Visit visit) {
    for (Queue& queue : queues_) {
      for (uint32_t i = 0; i < queue.size; ++i) visit(queue[i]);
    }
  }

  bool empty() const { return size() == 0; }
  uint32_t size() const { return queues_[0].size + queues_[1].size + queues_[2].size; }
  uint32_t size(uint32_t send_class) const { return queues_[send_class].size; }
  // When the oldest of the three heads was queued, -1 = empty.
  double oldest_ms() const;

 private:
  // A ring of a power of two.
  struct Queue {
    std::vector<QueuedSend> ring;
    uint32_t first = 0;
    uint32_t size = 0;
    uint32_t mask() const { return static_cast<uint32_t>(ring.size()) - 1; }
    QueuedSend& operator[](uint32_t index) { return ring[(first + index) & mask()]; }
    const QueuedSend& operator[](uint32_t index) const { return ring[(first + index) & mask()]; }
    void grow(uint32_t entries);
    void erase(uint32_t index);
  };

  uint32_t effective_class(uint32_t send_class, double now_ms) const;

  double aging_ms_;
  uint64_t sequence_ = 0;
  uint32_t chosen_ = 0;  // by next()
  std::array<Queue, kSendClasses> queues_;
};

}  // namespace netvolley
