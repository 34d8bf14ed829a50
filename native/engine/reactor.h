#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "engine/alarm_list.h"
#include "engine/counters.h"
#include "engine/source.h"
#include "engine/timer_wheel.h"
#include "io/system.h"
#include "memory/hand_over.h"

namespace netvolley {

// Poller, sockets and timers, without an opinion on who runs it: a thread of its own (run), or the JavaScript thread
// that owns it (turn, settle). Everything but post() and wake() belongs to the thread that runs it.
class Reactor {
 public:
  static constexpr uint32_t kNone = ~uint32_t{0};

  // `engine_sleeps` and `counters` are shared with JavaScript and outlive the reactor, as does `system`.
  Reactor(System system, SharedWord engine_sleeps, CounterPage counters, uint32_t max_events);
  ~Reactor();
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;

  // Runs `command` in a coming turn. Any thread; after stop() it is dropped.
  void post(std::function<void()> command);
  // Makes a sleeping reactor turn. Any thread.
  void wake();
  // Makes run() return. Any thread.
  void request_stop();

  // Turns until request_stop(), then stop().
  void run();
  // Reads the clock: what is done outside a turn must not count from the last one.
  void refresh_time() { now_ms_ = system_.clock.now_ms(); }
  // One turn: waits at most `timeout_ms` (< 0 = no limit), then does all there is to do within the budgets.
  void turn(double timeout_ms);
  // The second half of an inline turn: takes and writes out what JavaScript has answered meanwhile.
  void settle();
  // Says that the reactor sleeps, then looks once more. False = there is work: turn again instead.
  [[nodiscard]] bool fall_asleep();
  // Time until the next deadline that the poller will not tell by itself, at most 10 s; for a wait() that follows
  // fall_asleep().
  double next_timeout_ms() const;
  // The same without the limit, -1 = there is none.
  double next_deadline_ms() const;
  // Whether the reactor goes on looking instead of sleeping: see set_spin(). After a turn.
  bool spins() const { return spin_ms_ > 0 && now_ms_ - active_ms_ < spin_ms_; }
  // Closes every source. Nothing may be added afterwards.
  void stop();

  void add(std::shared_ptr<Source> source);
  bool idle() const { return sources_.empty(); }

  // For so long after the last turn that had something to do it looks again at once: the next packet then waits for no
  // thread to wake up. 0 = it sleeps as soon as it can.
  void set_spin(double ms) { spin_ms_ = ms; }

  // Registers a descriptor of `source`; gives a handle, or kNone with `error` set.
  uint32_t watch(int fd, Source& source, uint32_t key, uint8_t directions, int* error);
  void unwatch(uint32_t handle);
  void rearm(uint32_t handle, Direction direction);

  System& system() { return system_; }
  TimerWheel& timers() { return timers_; }
  // Deadlines that the wheel's 8 ms are too coarse for.
  AlarmList& alarms() { return alarms_; }
  CounterPage& counters() { return counters_; }
  // The time at which the present turn began.
  double now_ms() const { return now_ms_; }

 private:
  struct Registration {
    Source* source = nullptr;
    uint32_t key = 0;
    uint32_t generation = 0;
    int fd = -1;
  };

  void run_commands();
  void dispatch(const PollEvent& event);
  void drop_finished();
  bool has_work();
  void pass_alarm_on();

  System system_;
  SharedWord engine_sleeps_;
  CounterPage counters_;
  double now_ms_;
  TimerWheel timers_;
  AlarmList alarms_;
  double polled_alarm_ms_ = -1;  // what the poller was told last, -1 = nothing
  bool poller_alarms_ = false;   // whether it could take it
  double spin_ms_ = 0;
  double active_ms_ = 0;  // the last turn that had something to do
  std::vector<PollEvent> events_;
  std::vector<Registration> registrations_;
  std::vector<uint32_t> free_registrations_;
  std::vector<std::shared_ptr<Source>> sources_;

  std::mutex commands_mutex_;
  std::vector<std::function<void()>> commands_;
  std::atomic<bool> has_commands_{false};
  std::atomic<bool> stopping_{false};
  bool stopped_ = false;  // under the mutex: what is posted now is dropped
};

}  // namespace netvolley
