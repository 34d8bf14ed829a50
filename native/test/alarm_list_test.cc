#include "engine/alarm_list.h"

#include <algorithm>
#include <functional>
#include <map>
#include <vector>

#include "test/check.h"
#include "test/deadlines.h"

namespace netvolley::test {
namespace {

struct Bench {
  Bench(uint32_t count, std::function<void(uint32_t)> call) : source(std::move(call)), nodes(count) {
    for (uint32_t i = 0; i < count; ++i) {
      nodes[i].source = &source;
      nodes[i].key = i;
    }
  }

  AlarmList alarms;
  Deadlines source;
  std::vector<TimerNode> nodes;
};

}  // namespace

TEST("[U13] an alarm is never early, and next_ms() is the first of them") {
  Random random(3);
  double now_ms = 1000;
  std::map<uint32_t, double> armed;
  uint32_t fired = 0;
  Bench* bench = nullptr;
  const auto arm = [&](uint32_t key) {
    const double at_ms = now_ms + random.unit() * 3 - 0.5;
    bench->alarms.arm(bench->nodes[key], at_ms);
    armed[key] = at_ms;
  };
  Bench made(12, [&](uint32_t key) {
    CHECK(armed.contains(key));
    CHECK(armed[key] <= now_ms);
    armed.erase(key);
    ++fired;
    if (random.one_in(2)) arm(random.below(12));
    if (random.one_in(3)) {
      const uint32_t other = random.below(12);
      bench->alarms.disarm(bench->nodes[other]);
      armed.erase(other);
    }
  });
  bench = &made;
  for (uint32_t step = 0; step < 20000; ++step) {
    if (random.one_in(2)) arm(random.below(12));
    double next_ms = -1;
    for (const auto& [key, at_ms] : armed) next_ms = next_ms < 0 ? at_ms : std::min(next_ms, at_ms);
    CHECK_EQ(made.alarms.next_ms(), next_ms);
    now_ms += random.unit();
    const uint32_t before = fired;
    const uint32_t told = made.alarms.fire(now_ms);
    CHECK_EQ(told, fired - before);
  }
  CHECK(fired > 5000);
}

TEST("[U42] what fires in one round does not fire again in it, even where it is due at once") {
  uint32_t calls = 0;
  Bench* bench = nullptr;
  Bench made(1, [&](uint32_t) {
    ++calls;
    bench->alarms.arm(bench->nodes[0], 0);
  });
  bench = &made;
  made.alarms.arm(made.nodes[0], 5);
  CHECK_EQ(made.alarms.fire(4.9), 0);
  CHECK_EQ(made.alarms.fire(5), 1);
  CHECK_EQ(calls, 1);
  CHECK_EQ(made.alarms.fire(5), 1);
}

TEST("[U13] equal alarms fire in the order in which they were armed") {
  std::vector<uint32_t> order;
  Bench made(4, [&](uint32_t key) { order.push_back(key); });
  for (const uint32_t key : {2u, 0u, 3u, 1u}) made.alarms.arm(made.nodes[key], key == 3 ? 1 : 7);
  made.alarms.fire(10);
  CHECK(order == std::vector<uint32_t>({3, 2, 0, 1}));
  CHECK_EQ(made.alarms.next_ms(), -1);
}

}  // namespace netvolley::test
