#include "engine/timer_wheel.h"

#include <cmath>
#include <cstdio>
#include <functional>
#include <map>
#include <vector>

#include "test/check.h"
#include "test/deadlines.h"

namespace netvolley::test {
namespace {

struct Bench {
  explicit Bench(uint32_t count, double start_ms, std::function<void(uint32_t)> call)
      : now_ms(start_ms), wheel(start_ms), source(std::move(call)), nodes(count) {
    for (uint32_t i = 0; i < count; ++i) {
      nodes[i].source = &source;
      nodes[i].key = i;
    }
  }
  uint32_t advance_to(double ms) {
    now_ms = ms;
    return wheel.advance(ms);
  }

  double now_ms;
  TimerWheel wheel;
  Deadlines source;
  std::vector<TimerNode> nodes;
};

// The slowest timers there could be: all deadlines in a map, looked through at every step.
class Model {
 public:
  explicit Model(uint32_t count, double start_ms)
      : random_(7), bench_(count, start_ms, [this](uint32_t key) { on(key); }) {}

  void step() {
    const double before_ms = bench_.now_ms;
    for (uint32_t i = random_.below(6); i > 0; --i) change(random_.below(static_cast<uint32_t>(bench_.nodes.size())));
    check_next(before_ms);
    // Mostly small turns, sometimes a long pause, sometimes more than the 4,096 ms of one revolution.
    const uint32_t kind = random_.below(100);
    const double pause_ms = kind < 80 ? random_.unit() * 12 : kind < 98 ? random_.unit() * 300 : random_.unit() * 9000;
    last_turn_ms_ = before_ms;
    const uint32_t fired_before = fired_;
    const uint32_t fired = bench_.advance_to(before_ms + pause_ms);
    CHECK_EQ(fired, fired_ - fired_before);
    check_none_is_late();
  }
  uint32_t fired() const { return fired_; }
  uint32_t long_ones() const { return long_ones_; }

 private:
  void arm(uint32_t key) {
    const uint32_t kind = random_.below(10);
    const double delay_ms = kind == 0   ? -random_.unit() * 50
                            : kind == 1 ? 0
                            : kind < 8  ? random_.unit() * 500
                                        : random_.unit() * 20000;
    long_ones_ += delay_ms > 4096;
    bench_.wheel.arm(bench_.nodes[key], bench_.now_ms + delay_ms);
    armed_[key] = {bench_.now_ms + delay_ms, bench_.now_ms};
    CHECK(bench_.nodes[key].armed());
  }
  void disarm(uint32_t key) {
    bench_.wheel.disarm(bench_.nodes[key]);
    armed_.erase(key);
    CHECK(!bench_.nodes[key].armed());
  }
  void change(uint32_t key) { random_.one_in(4) ? disarm(key) : arm(key); }

  void on(uint32_t key) {
    ++fired_;
    const auto entry = armed_.find(key);
    CHECK(entry != armed_.end());
    CHECK(entry->second.deadline_ms <= bench_.now_ms);
    // What the last turn had to fire is not fired in this one.
    CHECK(last_turn_ms_ < latest_fire_ms(entry->second));
    CHECK(!bench_.nodes[key].armed());
    armed_.erase(entry);
    for (uint32_t i = random_.below(4); i > 0; --i) change(random_.below(static_cast<uint32_t>(bench_.nodes.size())));
    if (random_.one_in(2)) arm(key);
  }

  struct Armed {
    double deadline_ms;
    double armed_at_ms;
  };
  // The wheel has to fire in a turn at this time or later: the end of the slot after the deadline, or after the turn in
  // which a deadline was armed that had passed already.
  static double latest_fire_ms(const Armed& armed) {
    return std::max(armed.deadline_ms, armed.armed_at_ms) + TimerWheel::kSlotMs;
  }
  void check_none_is_late() {
    for (const auto& [key, armed] : armed_) CHECK(bench_.now_ms < latest_fire_ms(armed));
  }
  // Sleeping for next_ms() makes no deadline later than a slot.
  void check_next(double now_ms) {
    const double next = bench_.wheel.next_ms(now_ms);
    if (armed_.empty()) return;
    CHECK(next >= 0);
    for (const auto& [key, armed] : armed_) CHECK(now_ms + next <= latest_fire_ms(armed));
  }

  Random random_;
  Bench bench_;
  std::map<uint32_t, Armed> armed_;
  double last_turn_ms_ = 0;
  uint32_t fired_ = 0;
  uint32_t long_ones_ = 0;
};

}  // namespace

TEST("[SV20] a deadline fires in the slot after its own, not before") {
  std::vector<uint32_t> fired;
  Bench bench(2, 1000, [&](uint32_t key) { fired.push_back(key); });
  bench.wheel.arm(bench.nodes[0], 1010);
  CHECK_EQ(bench.advance_to(1009.9), 0);
  CHECK_EQ(bench.advance_to(1010 + TimerWheel::kSlotMs), 1);
  CHECK_EQ(fired.size(), 1);
  CHECK(!bench.nodes[0].armed());
  CHECK_EQ(bench.advance_to(1e6), 0);
}

TEST("[SV20] an idle wheel has no next deadline") {
  Bench bench(1, 1000, [](uint32_t) {});
  CHECK_EQ(bench.wheel.next_ms(1000), -1);
  bench.wheel.arm(bench.nodes[0], 1500);
  const double next = bench.wheel.next_ms(1000);
  CHECK(next >= 500 && next <= 500 + TimerWheel::kSlotMs);
  CHECK_EQ(bench.advance_to(1000 + next), 1);
  CHECK_EQ(bench.wheel.next_ms(bench.now_ms), -1);
}

TEST("[SV20] a deadline that has passed already fires in the next slot") {
  uint32_t fired = 0;
  Bench bench(1, 1000, [&](uint32_t) { ++fired; });
  bench.wheel.arm(bench.nodes[0], 3);
  CHECK_EQ(bench.wheel.advance(1000), 0);
  CHECK_EQ(bench.advance_to(1000 + TimerWheel::kSlotMs), 1);
  CHECK_EQ(fired, 1);
}

TEST("[SV20] what a callback arms for at once waits for the next turn, so that a turn ends") {
  Bench* all = nullptr;
  uint32_t fired = 0;
  Bench bench(1, 0, [&](uint32_t key) {
    ++fired;
    all->wheel.arm(all->nodes[key], all->now_ms);
  });
  all = &bench;
  bench.wheel.arm(bench.nodes[0], 5);
  CHECK_EQ(bench.advance_to(1e5), 1);
  CHECK_EQ(bench.advance_to(1e5 + TimerWheel::kSlotMs), 1);
  CHECK_EQ(fired, 2);
}

TEST("[SV20] a callback may disarm its neighbours in the same slot") {
  Bench* all = nullptr;
  uint32_t fired = 0;
  Bench bench(8, 0, [&](uint32_t) {
    ++fired;
    for (TimerNode& node : all->nodes) all->wheel.disarm(node);
  });
  all = &bench;
  for (TimerNode& node : bench.nodes) bench.wheel.arm(node, 5);
  CHECK_EQ(bench.advance_to(100), 1);
  CHECK_EQ(fired, 1);
}

TEST("[SV20] a deadline some revolutions away fires once, in its own") {
  uint32_t fired = 0;
  Bench bench(1, 0, [&](uint32_t) { ++fired; });
  bench.wheel.arm(bench.nodes[0], 15000);
  for (double now_ms = 0; now_ms < 15000; now_ms += 100) CHECK_EQ(bench.advance_to(now_ms), 0);
  CHECK_EQ(bench.advance_to(15000 + TimerWheel::kSlotMs), 1);
  CHECK_EQ(fired, 1);
}

TEST("[SV20] no deadline is early, and none is later than one slot and one turn") {
  uint32_t fired = 0;
  uint32_t long_ones = 0;
  for (const double start_ms : {0.0, 1234.5, 9e9}) {
    Model model(200, start_ms);
    for (uint32_t step = 0; step < 10000; ++step) model.step();
    fired += model.fired();
    long_ones += model.long_ones();
  }
  std::printf("  %u fired, %u armed for more than a revolution\n", fired, long_ones);
  CHECK(fired > 10000 && long_ones > 1000);
}

}  // namespace netvolley::test
