#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <thread>
#include <vector>

#include "io/back_end.h"
#include "io/clock.h"
#include "test/check.h"

// What Poller promises, asked of every poller on the real kernel.
namespace netvolley::test {
namespace {

constexpr double kNever = -1;

class Pair {
 public:
  explicit Pair(int type = SOCK_DGRAM) { CHECK_EQ(socketpair(AF_UNIX, type | SOCK_NONBLOCK, 0, ends_.data()), 0); }
  ~Pair() {
    finish();
    close(ends_[0]);
  }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;

  int fd() const { return ends_[0]; }
  void send() const { CHECK_EQ(write(ends_[1], "x", 1), 1); }
  void take() const {
    char byte;
    CHECK_EQ(read(ends_[0], &byte, 1), 1);
  }
  // Until the kernel takes no more; gives how many.
  uint32_t fill() const {
    uint32_t count = 0;
    while (write(ends_[0], "x", 1) == 1) ++count;
    return count;
  }
  void empty_other_end(uint32_t count) const {
    char byte;
    for (uint32_t i = 0; i < count; ++i) CHECK_EQ(read(ends_[1], &byte, 1), 1);
  }
  void finish() {
    if (ends_[1] >= 0) close(ends_[1]);
    ends_[1] = -1;
  }

 private:
  std::array<int, 2> ends_;
};

std::vector<PollEvent> wait(Poller& poller, double timeout_ms, uint32_t capacity = 16) {
  std::vector<PollEvent> events(capacity);
  const IoResult result = poller.wait(events.data(), capacity, timeout_ms);
  CHECK(result.ok());
  events.resize(static_cast<size_t>(result.count));
  return events;
}

template <class Run>
void with_each_poller(Run run) {
  for (const BackEnd back_end : {BackEnd::kMmsg, BackEnd::kPoll}) {
    const Note note(std::string("back end ") + kBackEndNames[static_cast<uint32_t>(back_end)]);
    const std::unique_ptr<Poller> poller = make_poller(back_end, 64);
    CHECK_EQ(poller->error(), 0);
    run(*poller);
  }
}

}  // namespace

TEST("[U52] what becomes readable is reported once, and again after rearm") {
  with_each_poller([](Poller& poller) {
    const Pair pair;
    CHECK_EQ(poller.add(pair.fd(), 7, kReadable), 0);
    CHECK(wait(poller, 0).empty());
    pair.send();
    const std::vector<PollEvent> events = wait(poller, kNever);
    CHECK_EQ(events.size(), 1);
    CHECK_EQ(events[0].token, 7);
    CHECK_EQ(events[0].ready, kReadable);
    CHECK(!events[0].hangup);
    CHECK(wait(poller, 0).empty());  // still readable, but it was said
    pair.take();
    poller.rearm(pair.fd(), 7, kReadable);
    CHECK(wait(poller, 0).empty());
    pair.send();
    CHECK_EQ(wait(poller, kNever).size(), 1);
  });
}

TEST("[U52] a direction that was not asked for is silent until it is rearmed") {
  with_each_poller([](Poller& poller) {
    const Pair pair;
    CHECK_EQ(poller.add(pair.fd(), 1, kReadable), 0);
    CHECK(wait(poller, 0).empty());  // writable all the time
    const uint32_t count = pair.fill();
    poller.rearm(pair.fd(), 1, kWritable);
    CHECK(wait(poller, 0).empty());
    pair.empty_other_end(count);
    const std::vector<PollEvent> events = wait(poller, kNever);
    CHECK_EQ(events.size(), 1);
    CHECK_EQ(events[0].ready & kWritable, kWritable);
    CHECK(wait(poller, 0).empty());
  });
}

TEST("[U22, U52] what comes to a kOnce descriptor between its report and rearm is told by the rearm, once") {
  with_each_poller([](Poller& poller) {
    const Pair pair;
    CHECK_EQ(poller.add(pair.fd(), 5, kReadable | kOnce), 0);
    pair.send();
    std::vector<PollEvent> events = wait(poller, kNever);
    CHECK_EQ(events.size(), 1);
    CHECK_EQ(events[0].token, 5);
    CHECK_EQ(events[0].ready, kReadable);
    pair.take();
    pair.send();
    pair.send();
    CHECK(wait(poller, 0).empty());
    poller.rearm(pair.fd(), 5, kReadable);
    events = wait(poller, kNever);
    CHECK_EQ(events.size(), 1);
    CHECK_EQ(events[0].token, 5);
    CHECK(wait(poller, 0).empty());
    poller.remove(pair.fd());
    CHECK_EQ(poller.add(pair.fd(), 6, kReadable), 0);
    CHECK_EQ(wait(poller, kNever)[0].token, 6);
  });
}

TEST("[U22, U52] a direction of a kOnce descriptor that was not reported stays asked for") {
  with_each_poller([](Poller& poller) {
    const Pair pair;
    CHECK_EQ(poller.add(pair.fd(), 8, kReadable | kOnce), 0);
    const uint32_t count = pair.fill();
    poller.rearm(pair.fd(), 8, kWritable);
    pair.send();
    CHECK_EQ(wait(poller, kNever)[0].ready, kReadable);
    CHECK(wait(poller, 0).empty());
    pair.empty_other_end(count);
    const std::vector<PollEvent> events = wait(poller, kNever);
    CHECK_EQ(events.size(), 1);
    CHECK_EQ(events[0].ready, kWritable);
    CHECK(wait(poller, 0).empty());
  });
}

TEST("[U52] the end of a peer is a hangup, and is not reported over and over") {
  with_each_poller([](Poller& poller) {
    Pair pair(SOCK_STREAM);
    CHECK_EQ(poller.add(pair.fd(), 3, kReadable | kWritable), 0);
    wait(poller, 0);
    pair.finish();
    const std::vector<PollEvent> events = wait(poller, kNever);
    CHECK_EQ(events.size(), 1);
    CHECK(events[0].hangup);
    CHECK_EQ(events[0].ready & kReadable, kReadable);
    CHECK(wait(poller, 0).empty());
  });
}

TEST("[U52] a removed descriptor is silent, and the others keep their tokens") {
  with_each_poller([](Poller& poller) {
    const std::array<Pair, 4> pairs;
    for (uint32_t i = 0; i < pairs.size(); ++i) CHECK_EQ(poller.add(pairs[i].fd(), 10 + i, kReadable), 0);
    for (const Pair& pair : pairs) pair.send();
    poller.remove(pairs[1].fd());
    poller.remove(pairs[1].fd());  // twice is harmless
    uint32_t seen = 0;
    for (const PollEvent& event : wait(poller, kNever)) seen |= 1u << (event.token - 10);
    CHECK_EQ(seen, 0b1101);
    CHECK_EQ(poller.add(pairs[1].fd(), 20, kReadable), 0);
    const std::vector<PollEvent> events = wait(poller, kNever);
    CHECK_EQ(events.size(), 1);
    CHECK_EQ(events[0].token, 20);
  });
}

TEST("[U52] with less room than events every descriptor has its turn") {
  with_each_poller([](Poller& poller) {
    const std::array<Pair, 5> pairs;
    for (uint32_t i = 0; i < pairs.size(); ++i) CHECK_EQ(poller.add(pairs[i].fd(), i, kReadable), 0);
    for (const Pair& pair : pairs) pair.send();
    std::array<uint32_t, 5> seen{};
    for (uint32_t turn = 0; turn < 15; ++turn) {
      for (const PollEvent& event : wait(poller, 0, 2)) {
        ++seen[event.token];
        pairs[event.token].take();
        pairs[event.token].send();  // a source that never dries up
        poller.rearm(pairs[event.token].fd(), event.token, kReadable);
      }
    }
    for (const uint32_t count : seen) CHECK(count >= 3);
  });
}

TEST("[U52] a wake-up from another thread ends the wait and takes no place among the events") {
  with_each_poller([](Poller& poller) {
    std::thread other([&poller] { poller.wake(); });
    CHECK(wait(poller, kNever).empty());
    other.join();
    for (uint32_t i = 0; i < 100000; ++i) poller.wake();  // more than a pipe holds: never blocks
    CHECK(wait(poller, kNever).empty());
    MonotonicClock clock;
    const double before = clock.now_ms();
    CHECK(wait(poller, 2).empty());  // taken back: the time has to pass
    CHECK(clock.now_ms() - before >= 2);
  });
}

TEST("[U52] a timeout is never early") {
  with_each_poller([](Poller& poller) {
    MonotonicClock clock;
    for (const double timeout_ms : {0.3, 1.0, 1.7}) {
      const double before = clock.now_ms();
      CHECK(wait(poller, timeout_ms).empty());
      CHECK(clock.now_ms() - before >= timeout_ms);
    }
  });
}

TEST("[U42] an alarm ends a wait without limit at its time, once, and takes no place among the events") {
  const std::unique_ptr<Poller> poller = make_poller(BackEnd::kMmsg, 8);
  MonotonicClock clock;
  CHECK(poller->set_alarm(-1));  // none was set: nothing to do
  for (const double ahead_ms : {0.05, 0.4, 3.0}) {
    const double at = clock.now_ms() + ahead_ms;
    CHECK(poller->set_alarm(at));
    CHECK(wait(*poller, kNever).empty());
    CHECK(clock.now_ms() >= at);
    CHECK(wait(*poller, 0).empty());
  }
}

TEST("[U42] an alarm in the past rings at once, a later one replaces it, and one taken back is silent") {
  const std::unique_ptr<Poller> poller = make_poller(BackEnd::kMmsg, 8);
  MonotonicClock clock;
  for (const double past : {0.0, 1e-7, clock.now_ms() - 10}) {
    CHECK(poller->set_alarm(past));
    CHECK(wait(*poller, kNever).empty());
  }
  CHECK(poller->set_alarm(clock.now_ms() + 1e6));
  const double at = clock.now_ms() + 0.5;
  CHECK(poller->set_alarm(at));
  CHECK(wait(*poller, kNever).empty());
  CHECK(clock.now_ms() >= at);
  CHECK(poller->set_alarm(clock.now_ms() + 0.5));
  CHECK(poller->set_alarm(-1));
  const double before = clock.now_ms();
  CHECK(wait(*poller, 4).empty());
  CHECK(clock.now_ms() - before >= 4);
}

TEST("[U42] an alarm comes beside events and does not hide them") {
  const std::unique_ptr<Poller> poller = make_poller(BackEnd::kMmsg, 8);
  const Pair pair;
  CHECK_EQ(poller->add(pair.fd(), 5, kReadable), 0);
  pair.send();
  CHECK(poller->set_alarm(0));
  const std::vector<PollEvent> events = wait(*poller, kNever);
  CHECK_EQ(events.size(), 1);
  CHECK_EQ(events[0].token, 5);
}

TEST("[U52] poll has no descriptor to be polled by another loop and no alarm; epoll has both") {
  CHECK_EQ(make_poller(BackEnd::kPoll, 8)->descriptor(), -1);
  CHECK(!make_poller(BackEnd::kPoll, 8)->set_alarm(0));
  CHECK(make_poller(BackEnd::kSingle, 8)->descriptor() >= 0);
  CHECK(make_poller(BackEnd::kMmsg, 8)->descriptor() >= 0);
}

}  // namespace netvolley::test
