#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <memory>
#include <mutex>
#include <thread>

#include "memory/batch_layout.h"
#include "memory/hand_over.h"
#include "test/check.h"

namespace netvolley::test {
namespace {

constexpr uint32_t kEntries = 1'000'000;
constexpr uint32_t kRing = 256;
constexpr std::chrono::seconds kLost{30};

// What an eventfd or a uv_async is in the engine: calls that come before anybody waits are kept, as one.
class TestBell {
 public:
  void ring() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      rung_ = true;
      ++rings_;
    }
    called_.notify_one();
  }
  // Nobody comes any more only where a wake-up was lost.
  void wait() {
    std::unique_lock<std::mutex> lock(mutex_);
    CHECK(called_.wait_for(lock, kLost, [this] { return rung_; }));
    rung_ = false;
  }
  uint32_t rings() const { return rings_; }

 private:
  std::mutex mutex_;
  std::condition_variable called_;
  bool rung_ = false;
  uint32_t rings_ = 0;
};

// A ring of plain entries with the words of a link: the consumer sleeps for entries, the producer for room.
struct Link {
  enum Name { kTail, kHead, kConsumerSleeps, kProducerSleeps, kNames };

  SharedWord word(Name name) { return SharedWord(reinterpret_cast<uint32_t*>(words + name * kWordBytes)); }

  alignas(kWordBytes) uint8_t words[kNames * kWordBytes] = {};
  uint64_t entries[kRing] = {};
  TestBell consumer_bell;
  TestBell producer_bell;
};

uint64_t entry_of(uint32_t index) { return uint64_t{index} * 0x9e3779b97f4a7c15ULL; }

// Sometimes nothing, sometimes a few steps, sometimes the rest of this thread's time: sleeping, waking and working
// sides meet in every order.
void pause(Random& random) {
  const uint32_t kind = random.below(64);
  if (kind == 0) return std::this_thread::yield();
  if (kind > 8) return;
  for (uint32_t step = random.below(200); step > 0; --step) {
    if (random.next() == 0) std::this_thread::yield();
  }
}

void produce(Link& link) {
  Random random(1);
  SharedWord tail = link.word(Link::kTail);
  SharedWord consumer_sleeps = link.word(Link::kConsumerSleeps);
  SharedWord sleeps = link.word(Link::kProducerSleeps);
  const SharedWord head = link.word(Link::kHead);
  uint32_t next = 0;
  uint32_t most = kRing;
  while (next < kEntries) {
    const auto has_room = [&] { return next - head.load() < most; };
    if (!has_room()) {
      if (fall_asleep(sleeps, has_room)) link.producer_bell.wait();
      sleeps.store(0);
      continue;
    }
    const uint32_t room = kRing - (next - head.load());
    const uint32_t burst = std::min({random.between(1, 32), room, kEntries - next});
    for (uint32_t i = 0; i < burst; ++i, ++next) link.entries[next % kRing] = entry_of(next);
    if (publish(tail, next, consumer_sleeps)) link.consumer_bell.ring();
    // Now and then nothing follows until all is taken: no later ring makes good for one that was lost.
    most = random.one_in(8) ? 1 : kRing;
    pause(random);
  }
}

void consume(Link& link) {
  Random random(2);
  const SharedWord tail = link.word(Link::kTail);
  SharedWord sleeps = link.word(Link::kConsumerSleeps);
  SharedWord producer_sleeps = link.word(Link::kProducerSleeps);
  SharedWord head = link.word(Link::kHead);
  uint32_t next = 0;
  while (next < kEntries) {
    const uint32_t seen = tail.load();
    if (seen == next) {
      pause(random);  // the moment in which an entry is overlooked by those who do not look again
      if (fall_asleep(sleeps, [&] { return tail.load() != next; })) link.consumer_bell.wait();
      sleeps.store(0);
      continue;
    }
    CHECK(seen - next <= kRing);
    for (; next != seen; ++next) CHECK_EQ(link.entries[next % kRing], entry_of(next));
    if (publish(head, next, producer_sleeps)) link.producer_bell.ring();
    pause(random);
  }
}

}  // namespace

TEST("[SV32] a million entries between two threads arrive in order, and no side sleeps for ever") {
  const auto link = std::make_unique<Link>();
  std::thread producer([&] { produce(*link); });
  std::thread consumer([&] { consume(*link); });
  producer.join();
  consumer.join();
  CHECK_EQ(link->word(Link::kTail).load(), kEntries);
  CHECK_EQ(link->word(Link::kHead).load(), kEntries);
  std::printf("  %u entries, %u rings for entries, %u for room\n", kEntries, link->consumer_bell.rings(),
              link->producer_bell.rings());
  // Both sides have slept, or the hand-over was not put to the test.
  CHECK(link->consumer_bell.rings() > 0 && link->producer_bell.rings() > 0);
}

}  // namespace netvolley::test
