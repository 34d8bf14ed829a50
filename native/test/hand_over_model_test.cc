#include <cstdio>
#include <string>

#include "memory/hand_over.h"
#include "test/check.h"
#include "test/interleavings.h"

namespace netvolley::test {
namespace {

// The programs under test are put together from these, so that a wrong one can take the place of a right one.
struct AsWritten {
  template <class Word>
  static bool publish(Word& tail, uint32_t value, Word& sleeps) {
    return netvolley::publish(tail, value, sleeps);
  }
  template <class Word, class HasWork>
  static bool fall_asleep(Word& sleeps, HasWork has_work) {
    return netvolley::fall_asleep(sleeps, has_work);
  }
};

struct LooksBeforeItPublishes : AsWritten {
  template <class Word>
  static bool publish(Word& tail, uint32_t value, Word& sleeps) {
    const bool ring = sleeps.load() != 0 && sleeps.exchange(0) == 1;
    tail.store(value);
    return ring;
  }
};

struct LooksBeforeItSleeps : AsWritten {
  template <class Word, class HasWork>
  static bool fall_asleep(Word& sleeps, HasWork has_work) {
    if (has_work()) return false;
    sleeps.store(1);
    return true;
  }
};

// Takes its word back without looking whether somebody else has: R2 as the design has it.
struct TakesBackByStore : AsWritten {
  template <class Word, class HasWork>
  static bool fall_asleep(Word& sleeps, HasWork has_work) {
    sleeps.store(1);
    if (!has_work()) return true;
    sleeps.store(0);
    return false;
  }
};

// What is wrong and how it comes about; empty = the model holds in every interleaving.
std::string explore(const char* name, Interleavings& model) {
  std::printf("  %s: ", name);
  if (model.explore()) {
    std::printf("%.15g interleavings through %zu states, %zu steps executed\n", model.interleavings(), model.states(),
                model.executed_steps());
  } else {
    std::printf("%s\n", model.violation().c_str());
  }
  return model.violation();
}

bool loses_a_wake_up(const std::string& violation) { return violation.starts_with("lost wake-up"); }

// Requests: the reactor (P1-P3) against JavaScript's drain (C0-C4).
namespace requests {

enum Cell : uint8_t { kTail, kHead, kSleeps, kBell, kImmediate, kSpurious, kYields, kBursts };
enum Program : size_t { kReactor, kJavaScript };

template <class Code>
void reactor(Steps& steps) {
  ModelWord tail(steps, "rx.tail", kTail);
  ModelWord sleeps(steps, "js_sleeps", kSleeps);
  const uint32_t next = steps.step("burst", "ready", 1, [](Cells& cells, uint8_t) {
    if (cells[kBursts] == 0) return Steps::kBlocked;
    --cells[kBursts];
    return cells[kTail] + 1;
  });
  if (!Code::publish(tail, next, sleeps)) return;
  steps.step("bell", "ring", 1, [](Cells& cells, uint8_t) -> int { return ++cells[kBell]; });
}

// A callback begins by the bell (which calls once, however often it was rung), by setImmediate, or for another reason.
int begin_callback(Cells& cells, uint8_t way) {
  uint8_t& reason = cells[way == 0 ? kBell : way == 1 ? kImmediate : kSpurious];
  if (reason == 0) return Steps::kBlocked;
  reason = way == 2 ? reason - 1 : 0;
  return cells[kHead];
}

// Delivers one entry; the other way is that it took so long that the callback has to end.
int deliver(Cells& cells, uint8_t way) {
  if (way == 1 && cells[kYields] == 0) return Steps::kBlocked;
  if (way == 1) --cells[kYields];
  ++cells[kHead];
  return way;
}

template <class Code>
void drain(Steps& steps) {
  ModelWord tail(steps, "rx.tail", kTail);
  ModelWord sleeps(steps, "js_sleeps", kSleeps);
  uint32_t head = steps.step("drain", "begins, head", 3, begin_callback);
  sleeps.store(0);  // C0
  do {
    while (tail.load() != head) {  // C1
      const bool over_time = steps.step("entry", "deliver, over time", 2, deliver) != 0;
      ++head;
      if (over_time && tail.load() != head) {  // C2
        steps.step("setImmediate", "arm", 1, [](Cells& cells, uint8_t) -> int { return cells[kImmediate] = 1; });
        return;
      }
    }
  } while (!Code::fall_asleep(sleeps, [&] { return tail.load() != head; }));  // C3, C4
}

template <class Code>
std::string run(const char* name, uint8_t bursts, uint8_t spurious, uint8_t yields) {
  Cells initial{};
  initial[kSleeps] = 1;
  initial[kBursts] = bursts;
  initial[kSpurious] = spurious;
  initial[kYields] = yields;
  const auto invariant = [spurious](const ModelState& state) -> const char* {
    const Cells& cells = state.cells;
    // A callback that came unasked may fall asleep anew while a ring is under way, and so be rung once more.
    if (cells[kBell] > 1 + spurious - cells[kSpurious]) return "two rings outstanding";
    const bool nobody_comes = state.rests(kJavaScript) && cells[kBell] == 0 && cells[kImmediate] == 0;
    const bool lost = nobody_comes && state.rests(kReactor) && cells[kHead] != cells[kTail];
    return lost ? "lost wake-up: an entry is published, nobody is awake and no ring is under way" : nullptr;
  };
  Interleavings model({{"reactor", reactor<Code>}, {"javascript", drain<Code>}}, initial, invariant);
  return explore(name, model);
}

}  // namespace requests

// Replies: one or two JavaScript threads (S1-S2) against the reactor (R1-R4).
namespace replies {

enum Cell : uint8_t { kTails, kHeads = kTails + 2, kSleeps = kHeads + 2, kPolls, kEvent, kSockets, kBursts };
enum Way : uint8_t { kByWake, kBySocket, kAtOnce, kWays };
enum Program : size_t { kReactor, kWriters };
constexpr uint8_t kAnyNumber = 100;

template <class Code>
void writer(Steps& steps, uint8_t link) {
  ModelWord tail(steps, "tx.tail", kTails + link);
  ModelWord sleeps(steps, "engine_sleeps", kSleeps);
  const uint32_t next = steps.step("replies", "ready", 1, [link](Cells& cells, uint8_t) {
    if (cells[kBursts + link] == 0) return Steps::kBlocked;
    --cells[kBursts + link];
    return cells[kTails + link] + 1;
  });
  if (!Code::publish(tail, next, sleeps)) return;  // S1, S2
  steps.step("eventfd", "write", 1, [](Cells& cells, uint8_t) -> int { return ++cells[kEvent]; });
}

// kPolls: 1 = waits without a limit, 0 = only looks.
int end_poll(Cells& cells, uint8_t way) {
  const bool rung = cells[kEvent] != 0;
  if (way == kByWake && !rung) return Steps::kBlocked;
  if (way == kBySocket && (rung || cells[kSockets] == 0)) return Steps::kBlocked;
  if (way == kAtOnce && (rung || cells[kPolls] == 1)) return Steps::kBlocked;
  if (way == kBySocket) --cells[kSockets];
  return way;
}

template <class Code>
void turn(Steps& steps) {
  ModelWord sleeps(steps, "engine_sleeps", kSleeps);
  ModelWord tails[2] = {{steps, "tx.tail 0", kTails}, {steps, "tx.tail 1", kTails + 1}};
  const uint32_t way = steps.step("poll", "returns", kWays, end_poll);  // R3
  if (way == kByWake) steps.step("eventfd", "read", 1, [](Cells& cells, uint8_t) -> int { return cells[kEvent] = 0; });
  sleeps.store(0);  // R4
  uint32_t heads[2];
  for (uint8_t link = 0; link < 2; ++link) {
    heads[link] = tails[link].load();
    steps.step("replies", "take, head", 1,
               [&](Cells& cells, uint8_t) -> int { return cells[kHeads + link] = static_cast<uint8_t>(heads[link]); });
  }
  const auto has_work = [&] { return tails[0].load() != heads[0] || tails[1].load() != heads[1]; };
  const bool sleeping = Code::fall_asleep(sleeps, has_work);  // R1, R2
  steps.step("poll", "begins, waits", 1, [&](Cells& cells, uint8_t) -> int { return cells[kPolls] = sleeping; });
}

template <class Code>
std::string run(const char* name, uint8_t first_bursts, uint8_t second_bursts, uint8_t sockets,
                uint8_t more_wakes = 0) {
  Cells initial{};
  initial[kSleeps] = initial[kPolls] = 1;
  initial[kBursts] = first_bursts;
  initial[kBursts + 1] = second_bursts;
  initial[kSockets] = sockets;
  const auto invariant = [=](const ModelState& state) -> const char* {
    const Cells& cells = state.cells;
    // Where a socket ends the poll, the reactor may fall asleep anew while a wake-up is under way.
    if (cells[kEvent] > 1 + sockets - cells[kSockets] + more_wakes) return "two wake-ups outstanding";
    const bool writers_rest = state.rests(kWriters) && state.rests(kWriters + 1);
    const bool reactor_waits = state.rests(kReactor) && cells[kPolls] == 1 && cells[kEvent] == 0;
    const bool left = cells[kHeads] != cells[kTails] || cells[kHeads + 1] != cells[kTails + 1];
    return writers_rest && reactor_waits && left ? "lost wake-up: a reply is published and the reactor sleeps"
                                                 : nullptr;
  };
  Interleavings model({{"reactor", turn<Code>},
                       {"javascript 0", [](Steps& steps) { writer<Code>(steps, 0); }},
                       {"javascript 1", [](Steps& steps) { writer<Code>(steps, 1); }}},
                      initial, invariant);
  return explore(name, model);
}

}  // namespace replies

// What is given back: JavaScript moves its head and rings only a reactor that is stalled for it, against a reactor that
// has read all it has room for. The kernel always holds more, so whatever is given back has to be read.
namespace stalls {

enum Cell : uint8_t { kHead, kSeen, kStalled, kSleeps, kPolls, kEvent, kBursts };
enum Program : size_t { kReactor, kJavaScript };
enum class Order { kAsWritten, kLooksBeforeItGives, kStallsAfterItSleeps };

template <Order kOrder>
void give_back(Steps& steps) {
  ModelWord head(steps, "rx.head", kHead);
  ModelWord stalled(steps, "stalled", kStalled);
  ModelWord sleeps(steps, "engine_sleeps", kSleeps);
  const uint32_t next = steps.step("entries", "done", 1, [](Cells& cells, uint8_t) {
    if (cells[kBursts] == 0) return Steps::kBlocked;
    --cells[kBursts];
    return cells[kHead] + 1;
  });
  if (kOrder == Order::kLooksBeforeItGives) {
    const bool wakes = stalled.load() != 0;
    head.store(next);
    if (!wakes) return;
  } else {
    head.store(next);
    if (stalled.load() == 0) return;
  }
  if (sleeps.load() == 0 || sleeps.exchange(0) != 1) return;
  steps.step("eventfd", "write", 1, [](Cells& cells, uint8_t) -> int { return ++cells[kEvent]; });
}

int end_poll(Cells& cells, uint8_t way) {
  if (way == 0 && cells[kEvent] == 0) return Steps::kBlocked;
  if (way == 1 && (cells[kEvent] != 0 || cells[kPolls] == 1)) return Steps::kBlocked;
  return way;
}

template <Order kOrder>
void turn(Steps& steps) {
  ModelWord head(steps, "rx.head", kHead);
  ModelWord stalled(steps, "stalled", kStalled);
  ModelWord sleeps(steps, "engine_sleeps", kSleeps);
  const uint32_t way = steps.step("poll", "returns", 2, end_poll);
  if (way == 0) steps.step("eventfd", "read", 1, [](Cells& cells, uint8_t) -> int { return cells[kEvent] = 0; });
  sleeps.store(0);
  const uint32_t seen = head.load();
  const bool moved = steps.step("entries", "read into", 1, [&](Cells& cells, uint8_t) -> int {
    const bool news = cells[kSeen] != seen;
    cells[kSeen] = static_cast<uint8_t>(seen);
    return news;
  }) != 0;
  // What came back is used up at once, so it is stalled anew.
  if (moved) stalled.store(0);
  if (kOrder != Order::kStallsAfterItSleeps) stalled.store(1);
  const bool sleeping = fall_asleep(sleeps, [&] { return head.load() != seen; });
  if (kOrder == Order::kStallsAfterItSleeps) stalled.store(1);
  steps.step("poll", "begins, waits", 1, [&](Cells& cells, uint8_t) -> int { return cells[kPolls] = sleeping; });
}

template <Order kOrder>
std::string run(const char* name, uint8_t bursts) {
  Cells initial{};
  initial[kBursts] = bursts;
  const auto invariant = [](const ModelState& state) -> const char* {
    const Cells& cells = state.cells;
    if (cells[kEvent] > 1) return "two wake-ups outstanding";
    const bool waits = state.rests(kReactor) && cells[kPolls] == 1 && cells[kEvent] == 0;
    const bool lost = waits && state.rests(kJavaScript) && cells[kHead] != cells[kSeen];
    return lost ? "lost wake-up: room was given back and the reactor sleeps" : nullptr;
  };
  Interleavings model({{"reactor", turn<kOrder>}, {"javascript", give_back<kOrder>}}, initial, invariant);
  return explore(name, model);
}

}  // namespace stalls

}  // namespace

TEST("[SV32] no interleaving of publishing and draining loses a wake-up or rings twice") {
  CHECK_EQ(requests::run<AsWritten>("two bursts", 2, 0, 0), "");
  CHECK_EQ(requests::run<AsWritten>("two bursts, two spurious callbacks", 2, 2, 0), "");
  CHECK_EQ(requests::run<AsWritten>("three bursts, one spurious callback, one over time", 3, 1, 1), "");
  CHECK_EQ(requests::run<AsWritten>("four bursts, one spurious callback, one over time", 4, 1, 1), "");
}

TEST("[SV32] no interleaving of replying and polling loses a wake-up or wakes twice") {
  CHECK_EQ(replies::run<AsWritten>("one thread, two bursts", 2, 0, 0), "");
  CHECK_EQ(replies::run<AsWritten>("one thread, three bursts, two socket events", 3, 0, 2), "");
  CHECK_EQ(replies::run<AsWritten>("two threads, two bursts each", 2, 2, 0), "");
  CHECK_EQ(replies::run<AsWritten>("two threads, two bursts each, one socket event", 2, 2, 1), "");
}

TEST("[SV32] a reactor that takes its word back by a store loses no wake-up, but may be woken twice") {
  CHECK_EQ(
      replies::run<TakesBackByStore>("two threads, two bursts and one, one socket event", 2, 1, 1, replies::kAnyNumber),
      "");
  CHECK(replies::run<TakesBackByStore>("one thread, three bursts", 3, 0, 0).starts_with("two wake-ups"));
}

TEST("[SV32] the checker finds the lost wake-up where P1 and P2 or S1 and S2 are swapped") {
  CHECK(loses_a_wake_up(requests::run<LooksBeforeItPublishes>("P2 before P1", 2, 0, 0)));
  CHECK(loses_a_wake_up(replies::run<LooksBeforeItPublishes>("S2 before S1", 2, 0, 0)));
}

TEST("[SV32] the checker finds the lost wake-up where C3 and C4 or R1 and R2 are swapped") {
  CHECK(loses_a_wake_up(requests::run<LooksBeforeItSleeps>("C4 before C3", 2, 0, 0)));
  CHECK(loses_a_wake_up(replies::run<LooksBeforeItSleeps>("R2 before R1", 2, 0, 0)));
}

TEST("[U6] no interleaving of giving room back and stalling loses a wake-up") {
  CHECK_EQ(stalls::run<stalls::Order::kAsWritten>("two times", 2), "");
  CHECK_EQ(stalls::run<stalls::Order::kAsWritten>("four times", 4), "");
}

TEST("[U6] the checker finds the lost wake-up where a side looks before it has said its own") {
  CHECK(loses_a_wake_up(stalls::run<stalls::Order::kLooksBeforeItGives>("stalled before the head", 2)));
  CHECK(loses_a_wake_up(stalls::run<stalls::Order::kStallsAfterItSleeps>("R2 before stalled", 2)));
}

}  // namespace netvolley::test
