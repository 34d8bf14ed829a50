#include "engine/reactor.h"

#include <algorithm>

namespace netvolley {

namespace {

constexpr double kLongestSleepMs = 10000;

uint64_t token_of(uint32_t index, uint32_t generation) { return uint64_t{generation} << 32 | index; }

}  // namespace

Reactor::Reactor(System system, SharedWord engine_sleeps, CounterPage counters, uint32_t max_events)
    : system_(system),
      engine_sleeps_(engine_sleeps),
      counters_(counters),
      now_ms_(system.clock.now_ms()),
      timers_(now_ms_),
      events_(max_events) {}

Reactor::~Reactor() { stop(); }

void Reactor::post(std::function<void()> command) {
  {
    const std::lock_guard<std::mutex> lock(commands_mutex_);
    if (stopped_) return;
    commands_.push_back(std::move(command));
    has_commands_.store(true);
  }
  if (engine_sleeps_.load() != 0 && engine_sleeps_.exchange(0) == 1) wake();
}

void Reactor::wake() {
  counters_.add_shared(EngineCounter::kWakeCalls);
  system_.poller.wake();
}

void Reactor::request_stop() {
  stopping_.store(true);
  system_.poller.wake();
}

void Reactor::run() {
  while (!stopping_.load()) turn(!spins() && fall_asleep() ? next_timeout_ms() : 0);
  // Commands may own descriptors: they run, so that stop() finds and closes them.
  run_commands();
  stop();
}

void Reactor::turn(double timeout_ms) {
  counters_.add(EngineCounter::kTurns);
  counters_.add(EngineCounter::kPollCalls);
  const IoResult ready = system_.poller.wait(events_.data(), static_cast<uint32_t>(events_.size()), timeout_ms);
  engine_sleeps_.store(0);
  now_ms_ = system_.clock.now_ms();
  const int64_t count = ready.ok() ? ready.count : 0;
  if (spin_ms_ > 0 && (count > 0 || has_work())) active_ms_ = now_ms_;
  run_commands();
  for (const auto& source : sources_) source->collect();
  counters_.add(EngineCounter::kEvents, static_cast<double>(count));
  for (int64_t i = 0; i < count; ++i) dispatch(events_[i]);
  for (const auto& source : sources_) source->advance();
  timers_.advance(now_ms_);
  alarms_.fire(now_ms_);
  for (const auto& source : sources_) source->publish();
  drop_finished();
}

void Reactor::settle() {
  // JavaScript may have taken long: what is written now is not late from the start.
  now_ms_ = system_.clock.now_ms();
  for (const auto& source : sources_) source->collect();
  for (const auto& source : sources_) source->publish();
  drop_finished();
}

bool Reactor::fall_asleep() {
  pass_alarm_on();
  return netvolley::fall_asleep(engine_sleeps_, [this] { return has_work(); });
}

bool Reactor::has_work() {
  if (has_commands_.load() || stopping_.load()) return true;
  return std::any_of(sources_.begin(), sources_.end(), [](const auto& source) { return source->has_work(); });
}

// Only what comes earlier than what the poller has: an alarm that is no longer wanted rings once for nothing, and saves
// the call that would take it back.
void Reactor::pass_alarm_on() {
  const double next_ms = alarms_.next_ms();
  if (next_ms < 0 || (polled_alarm_ms_ > now_ms_ && polled_alarm_ms_ <= next_ms)) return;
  polled_alarm_ms_ = next_ms;
  poller_alarms_ = system_.poller.set_alarm(next_ms);
}

double Reactor::next_deadline_ms() const {
  const double now_ms = system_.clock.now_ms();
  const double timer_ms = timers_.next_ms(now_ms);
  if (poller_alarms_ || alarms_.next_ms() < 0) return timer_ms;
  const double alarm_ms = std::max(0.0, alarms_.next_ms() - now_ms);
  return timer_ms < 0 ? alarm_ms : std::min(timer_ms, alarm_ms);
}

double Reactor::next_timeout_ms() const {
  const double next_ms = next_deadline_ms();
  return next_ms < 0 ? kLongestSleepMs : std::min(next_ms, kLongestSleepMs);
}

void Reactor::run_commands() {
  if (!has_commands_.load()) return;
  std::vector<std::function<void()>> commands;
  {
    const std::lock_guard<std::mutex> lock(commands_mutex_);
    commands.swap(commands_);
    has_commands_.store(false);
  }
  for (const auto& command : commands) command();
}

void Reactor::dispatch(const PollEvent& event) {
  const uint32_t index = static_cast<uint32_t>(event.token);
  if (index >= registrations_.size()) return;
  const Registration registration = registrations_[index];
  // An event of an earlier owner of the place: its descriptor was closed within this very batch.
  if (registration.source == nullptr || registration.generation != event.token >> 32) return;
  registration.source->on_ready(registration.key, event.ready, event.hangup);
}

void Reactor::drop_finished() {
  const auto finished = [](const auto& source) { return source->finished(); };
  sources_.erase(std::remove_if(sources_.begin(), sources_.end(), finished), sources_.end());
}

void Reactor::add(std::shared_ptr<Source> source) { sources_.push_back(std::move(source)); }

void Reactor::stop() {
  stopping_.store(true);
  for (const auto& source : sources_) source->stop();
  sources_.clear();
  // Let go of outside the lock: what a command owns may post when it goes.
  std::vector<std::function<void()>> dropped;
  const std::lock_guard<std::mutex> lock(commands_mutex_);
  stopped_ = true;
  dropped.swap(commands_);
}

uint32_t Reactor::watch(int fd, Source& source, uint32_t key, uint8_t directions, int* error) {
  if (free_registrations_.empty()) {
    free_registrations_.push_back(static_cast<uint32_t>(registrations_.size()));
    registrations_.emplace_back();
  }
  const uint32_t index = free_registrations_.back();
  Registration& registration = registrations_[index];
  *error = system_.poller.add(fd, token_of(index, registration.generation), directions);
  if (*error != 0) return kNone;
  free_registrations_.pop_back();
  registration.source = &source;
  registration.key = key;
  registration.fd = fd;
  return index;
}

void Reactor::unwatch(uint32_t handle) {
  Registration& registration = registrations_[handle];
  system_.poller.remove(registration.fd);
  registration.source = nullptr;
  registration.fd = -1;
  ++registration.generation;
  free_registrations_.push_back(handle);
}

void Reactor::rearm(uint32_t handle, Direction direction) {
  const Registration& registration = registrations_[handle];
  system_.poller.rearm(registration.fd, token_of(handle, registration.generation), direction);
}

}  // namespace netvolley
