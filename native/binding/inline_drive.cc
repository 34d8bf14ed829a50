#include "binding/inline_drive.h"

#include <cmath>
#include <limits>

#include "binding/uv_handle.h"

namespace netvolley {

namespace {

// Rounds of one wake-up, before libuv gets its turn again: other handles of the program must not starve. Short rounds
// may be more, since coming back through libuv costs as much as one of them.
constexpr int kRoundsPerTurn = 4;
constexpr int kMostRoundsPerTurn = 32;
constexpr double kRoundsMs = 0.5;
// The same while it spins: it comes back at once, behind whatever else was waiting.
constexpr double kSpinPerTurnMs = 1;
constexpr double kNever = std::numeric_limits<double>::infinity();

template <class Handle>
InlineDrive* owner(Handle* handle) {
  return static_cast<InlineDrive*>(uv_handle_get_data(as_handle(handle)));
}

}  // namespace

InlineDrive::InlineDrive(EngineCore& core, uv_loop_t* loop, std::function<void()> deliver)
    : core_(core),
      loop_(loop),
      deliver_(std::move(deliver)),
      bell_(std::make_shared<NoteBell>()),
      poll_(allocate_uv_handle<uv_poll_t>(UV_POLL)),
      timer_(allocate_uv_handle<uv_timer_t>(UV_TIMER)),
      timer_at_ms_(kNever) {}

int InlineDrive::open() {
  const int error = uv_poll_init(loop_, poll_, core_.poller().descriptor());
  if (error != 0) return -error;
  uv_timer_init(loop_, timer_);  // cannot fail
  uv_handle_set_data(as_handle(poll_), this);
  uv_handle_set_data(as_handle(timer_), this);
  uv_unref(as_handle(timer_));
  uv_poll_start(poll_, UV_READABLE, [](uv_poll_t* handle, int, int) { owner(handle)->turn(); });
  return 0;
}

InlineDrive::~InlineDrive() {
  free_uv_handle(poll_);
  free_uv_handle(timer_);
}

void InlineDrive::turn() {
  if (busy_ || closing_) return;
  busy_ = true;
  Reactor& reactor = core_.reactor();
  bool asleep = false;
  const double began_ms = core_.now_ms();
  const auto goes_on = [&](int round) {
    if (round < kRoundsPerTurn) return true;
    const double spent_ms = reactor.now_ms() - began_ms;
    return reactor.spins() ? spent_ms < kSpinPerTurnMs : round < kMostRoundsPerTurn && spent_ms < kRoundsMs;
  };
  for (int round = 0; !asleep && !closing_ && goes_on(round); ++round) {
    reactor.turn(0);
    deliver();
    if (closing_) break;
    reactor.settle();
    // A ring since then is for JavaScript, which has to be called once more.
    asleep = !reactor.spins() && reactor.fall_asleep() && !bell_->pending();
  }
  busy_ = false;
  if (closing_) return;
  // A note to itself: the eventfd is level-triggered, so libuv comes back at once.
  if (!asleep) reactor.wake();
  sleep();
}

void InlineDrive::deliver() {
  if (bell_->take()) deliver_();
}

void InlineDrive::run(std::function<void()> command) {
  if (closing_) return;
  core_.reactor().refresh_time();
  command();
  // What the command left to do, such as telling JavaScript, needs a turn that comes from the loop.
  if (!busy_) core_.reactor().wake();
}

void InlineDrive::settle() {
  if (closing_) return;
  core_.reactor().settle();
  if (busy_) return;  // the turn under way goes on
  if (core_.reactor().fall_asleep() && !bell_->pending()) return sleep();
  core_.reactor().wake();
}

// Deadlines come from libuv's timer. It is only ever brought forward: one that fires early finds nothing to do.
void InlineDrive::sleep() {
  const double now_ms = core_.now_ms();
  const double next_ms = core_.reactor().next_deadline_ms();
  if (next_ms < 0 || now_ms + next_ms >= timer_at_ms_) return;
  timer_at_ms_ = now_ms + next_ms;
  const auto on_timer = [](uv_timer_t* handle) {
    owner(handle)->timer_at_ms_ = kNever;
    owner(handle)->turn();
  };
  // libuv counts from the time at which its loop last looked at the clock.
  uv_update_time(uv_handle_get_loop(as_handle(timer_)));
  uv_timer_start(timer_, on_timer, static_cast<uint64_t>(std::ceil(next_ms)), 0);
}

void InlineDrive::set_ref(bool ref) { ref ? uv_ref(as_handle(poll_)) : uv_unref(as_handle(poll_)); }

void InlineDrive::close(std::function<void()> closed) {
  closing_ = true;
  closed_ = std::move(closed);
  uv_poll_stop(poll_);
  uv_timer_stop(timer_);
  core_.reactor().stop();
  const auto on_closed = [](uv_handle_t* handle) { owner(handle)->on_handle_closed(); };
  uv_close(as_handle(poll_), on_closed);
  uv_close(as_handle(timer_), on_closed);
}

void InlineDrive::on_handle_closed() {
  if (--open_handles_ != 0) return;
  // Moved out first: it may hold the last reference to this drive.
  const std::function<void()> closed = std::move(closed_);
  closed();
}

}  // namespace netvolley
