#include <vector>

#include "engine/reactor.h"
#include "test/fake_clock.h"
#include "test/fake_datagram_io.h"
#include "test/fake_poller.h"
#include "test/fake_stream_io.h"

// The reactor under a source of the test's own.
namespace netvolley::test {

namespace {

struct StubSource final : Source {
  std::function<void(uint32_t)> ready_now;
  std::vector<uint32_t> ready;
  bool busy = false;
  int stops = 0;

  void collect() override {}
  void on_ready(uint32_t key, uint8_t, bool) override {
    ready.push_back(key);
    if (ready_now) ready_now(key);
  }
  void on_deadline(uint32_t) override {}
  void advance() override {}
  void publish() override {}
  bool has_work() override { return busy; }
  bool finished() const override { return false; }
  void stop() override { ++stops; }
};

struct World {
  FakeKernel kernel{random_of(seed()), false, {}};
  FakeClock clock{kernel};
  FakePoller poller{kernel};
  FakeStreamIo streams{kernel};
  FakeDatagramIo datagrams{kernel};
  uint32_t sleeps = 0;
  std::vector<double> counters = std::vector<double>(static_cast<size_t>(EngineCounter::kCount));
  Reactor reactor{{clock, poller, streams, datagrams}, SharedWord(&sleeps), CounterPage(counters.data()), 16};
  std::shared_ptr<StubSource> source = std::make_shared<StubSource>();

  int socket() {
    Address bound;
    return static_cast<int>(datagrams.open(Address(), {}, &bound).count);
  }
};

}  // namespace

TEST("[SV3] a stale event of a place that is used again within one batch touches nothing") {
  World world;
  int error = 0;
  const int first_fd = world.socket();
  const int second_fd = world.socket();
  const uint32_t first = world.reactor.watch(first_fd, *world.source, 1, kReadable | kWritable, &error);
  const uint32_t second = world.reactor.watch(second_fd, *world.source, 2, kReadable | kWritable, &error);
  CHECK(first != second);
  uint32_t third = Reactor::kNone;
  // Whichever event comes first closes the other's descriptor; a third takes its number and its place.
  world.source->ready_now = [&](uint32_t key) {
    if (third != Reactor::kNone) return;
    world.reactor.unwatch(key == 1 ? second : first);
    world.datagrams.close(key == 1 ? second_fd : first_fd);
    const int fd = world.socket();
    CHECK_EQ(fd, key == 1 ? second_fd : first_fd);
    third = world.reactor.watch(fd, *world.source, 3, kReadable | kWritable, &error);
    CHECK_EQ(third, key == 1 ? second : first);
  };
  world.reactor.turn(0);
  CHECK_EQ(world.source->ready.size(), 1u);
  world.reactor.turn(0);  // the third's own event
  CHECK_EQ(world.source->ready.size(), 2u);
  CHECK_EQ(world.source->ready[1], 3u);
  CHECK(world.kernel.violations().empty());
}

TEST("[SV32] a reactor with work does not sleep, one without does, and post() wakes only that one") {
  World world;
  world.reactor.add(world.source);
  world.source->busy = true;
  CHECK(!world.reactor.fall_asleep());
  world.reactor.post([] {});
  CHECK(!world.kernel.woken());
  world.source->busy = false;
  CHECK(!world.reactor.fall_asleep());  // a command waits
  world.reactor.turn(0);
  CHECK(world.reactor.fall_asleep());
  bool ran = false;
  world.reactor.post([&] { ran = true; });
  CHECK(world.kernel.woken());
  world.reactor.turn(0);
  CHECK(ran);
}

TEST("[SV42] stop closes every source once, and later commands never run") {
  World world;
  world.reactor.add(world.source);
  bool ran = false;
  world.reactor.stop();
  world.reactor.post([&] { ran = true; });
  world.reactor.stop();
  CHECK_EQ(world.source->stops, 1);
  CHECK(world.reactor.idle());
  CHECK(!ran);
}

}  // namespace netvolley::test
