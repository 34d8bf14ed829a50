#pragma once

#include <cstdint>
#include <vector>

#include "engine/datagram_context.h"
#include "engine/gso_state.h"
#include "engine/queued_send.h"
#include "engine/send_former.h"
#include "engine/send_scheduler.h"
#include "engine/timer_wheel.h"

namespace netvolley {

struct DatagramEvent;

// Sends what the links have queued: chooses, forms, calls the kernel, and gives every datagram exactly one verdict.
// Nothing here can end the socket but an error of its own descriptor. Reactor's thread.
class DatagramSender {
 public:
  explicit DatagramSender(DatagramContext& context);
  ~DatagramSender();
  DatagramSender(const DatagramSender&) = delete;
  DatagramSender& operator=(const DatagramSender&) = delete;

  // A link was added, whose rings hold so many entries of each class.
  void reserve(uint32_t entries);
  void push(const QueuedSend& send);
  void request_flush() { flush_requested_ = true; }
  void evict(uint32_t link, uint32_t below_class, uint32_t count);
  void cancel(uint32_t link, uint32_t token);
  // Settles all of a link, or of SendScheduler::kAnyLink; tokens are answered with `error`. After that of any link no
  // timer is armed.
  void drop(uint32_t link, Verdict verdict, int error);
  void set_connected(bool connected, bool error_queue);
  // Those without a destination get this one, which outlives them.
  void address_queued(const Address& to) {
    scheduler_.visit([&to](QueuedSend& send) {
      if (send.to == nullptr) send.to = &to;
    });
  }
  // context.config has changed.
  void configure();
  void on_writable() { may_write_ = true; }
  // Drains the error queue.
  void on_hangup();
  void on_deadline(uint32_t key);
  // From publish(): sends if a trigger says so, until the kernel is full or nothing is left.
  void flush();
  // Whether flush() would do something.
  bool has_work() const;
  bool empty() const { return scheduler_.empty(); }
  // An errno; the socket ends itself.
  int fatal_error() const { return fatal_; }

 private:
  // datagram_sender.cc: when, what, and the verdicts
  bool is_due(double now_ms) const;
  bool is_turn_over() const;
  void arm(TimerNode& node, double at_ms);
  void disarm(TimerNode& node);
  void take_batch(double now_ms);
  void put_back();
  void count(const QueuedSend& send, Verdict verdict, uint32_t datagrams, uint32_t bytes);
  void drop_one(QueuedSend send, Verdict verdict, int error);
  void settle_message(const SendMessage& message, Verdict verdict, int error, uint32_t mtu_bytes);
  void count_delay(const QueuedSend& send, uint32_t datagrams);
  void report_failed(const QueuedSend& send, int error, uint32_t bytes, uint32_t mtu_bytes);
  void tell_gso_change(double now_ms);

  // send_loop.cc: the kernel and its errors
  enum class Step : uint8_t { kSame, kNext, kForm, kStop };
  void send_batch(double now_ms);
  Step send_formed(uint32_t messages, double now_ms);
  void count_sent(const SendMessage* messages, uint32_t sent, uint32_t offered);
  Step refused(const SendMessage& message, int error, double now_ms);
  Step wait_for_buffers(const SendMessage& message, int error);
  Step repeat_or_fail(const SendMessage& message, int error);
  SendMessage head_of(const SendMessage& message) const;
  Step split(const SendMessage& message);
  Step fail(const SendMessage& message, int error, uint32_t mtu_bytes);
  uint32_t known_mtu();
  uint32_t drain_error_queue();
  void report_peer_error(const DatagramEvent& event);

  DatagramContext& context_;
  SendScheduler scheduler_;
  SendFormer former_;
  GsoState gso_;
  TimerNode flush_timer_;
  TimerNode retry_timer_;
  TimerNode offload_timer_;

  uint32_t reserved_ = 0;   // entries
  uint64_t pending_ = 0;    // datagrams in scheduler_ and picks_
  bool triggered_ = false;  // sends until nothing is left
  bool flush_requested_ = false;
  bool may_write_ = true;
  bool connected_ = false;
  bool error_queue_ = false;
  int fatal_ = 0;
  double retry_ms_ = 0;         // ENOBUFS: how long it waited last; 0 = it went well
  double stuck_since_ms_ = -1;  // ENOBUFS: without progress; -1 = it went well
  uint32_t local_mtu_ = 0;      // what the error queue said of a datagram that was too large

  std::vector<QueuedSend> picks_;  // of the present batch; those before cursor_ are settled
  SendCursor cursor_;
  SendCursor plain_until_;
  uint32_t dealt_with_ = 0;  // datagrams, in this flush
  uint32_t idle_calls_ = 0;  // kernel calls of this flush since the last progress
};

}  // namespace netvolley
