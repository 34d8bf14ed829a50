#include "engine/send_scheduler.h"

#include <algorithm>
#include <cmath>
#include <sstream>
#include <string>
#include <vector>

#include "test/check.h"

namespace netvolley::test {
namespace {

struct Vector {
  const char* id;
  double aging_ms;
  double at_ms;
  const char* queued;
  const char* order;
};

const std::vector<Vector>& vectors() {
  static const std::vector<Vector> all{
#include "send_schedule_vectors.inc"
  };
  return all;
}

uint8_t class_of(char letter) { return letter == 'H' ? 2 : letter == 'N' ? 1 : 0; }

QueuedSend send_of(uint8_t send_class, double queued_ms, uint32_t token, uint16_t link = 0) {
  QueuedSend send;
  send.send_class = send_class;
  send.queued_ms = queued_ms;
  send.token = token;
  send.link = link;
  return send;
}

std::string order_of(const Vector& vector) {
  SendScheduler scheduler(vector.aging_ms);
  std::vector<std::string> names;
  std::istringstream words(vector.queued);
  for (std::string word; words >> word;) {
    const size_t at = word.find('@');
    names.push_back(word.substr(0, at));
    scheduler.push(send_of(class_of(word[0]), std::stod(word.substr(at + 1)), static_cast<uint32_t>(names.size())));
  }
  std::string order;
  while (const QueuedSend* next = scheduler.next(vector.at_ms)) {
    order += (order.empty() ? "" : " ") + names[next->token - 1];
    scheduler.pop();
  }
  return order;
}

// What the specification says, packet by packet.
struct Model {
  std::vector<QueuedSend> waiting;  // in the order of queueing
  double aging_ms = 0;

  int next(double now_ms) const {
    int best = -1;
    uint32_t best_class = 0;
    for (uint32_t c = 0; c < kSendClasses; ++c) {
      const auto head =
          std::find_if(waiting.begin(), waiting.end(), [c](const QueuedSend& send) { return send.send_class == c; });
      if (head == waiting.end()) continue;
      uint32_t effective = c;
      if (aging_ms > 0) {
        const double steps = std::floor((now_ms - head->queued_ms) / aging_ms);
        effective = static_cast<uint32_t>(std::min(2.0, c + steps));
      }
      const int index = static_cast<int>(head - waiting.begin());
      if (best < 0 || effective > best_class || (effective == best_class && index < best)) {
        best = index;
        best_class = effective;
      }
    }
    return best;
  }
};

// A scheduler beside the plain model: the same is done to both, and both must say the same.
class Comparison {
 public:
  explicit Comparison(Random& random) : random_(random), scheduler_(0) {
    age();
    scheduler_.reserve(random.below(20));
  }
  void step() {
    now_ms_ += random_.unit() * 6;
    const uint32_t choice = random_.below(100);
    if (choice < 50) {
      push();
    } else if (choice < 80) {
      take_some();
    } else if (choice < 88) {
      evict();
    } else if (choice < 95) {
      remove_one();
    } else if (choice < 97) {
      remove_all();
    } else {
      age();
    }
    CHECK_EQ(scheduler_.size(), model_.waiting.size());
    double oldest = -1;
    for (const QueuedSend& send : model_.waiting)
      oldest = oldest < 0 ? send.queued_ms : std::min(oldest, send.queued_ms);
    CHECK_EQ(scheduler_.oldest_ms(), oldest);
  }

 private:
  void push() {
    const QueuedSend send =
        send_of(static_cast<uint8_t>(random_.below(3)), now_ms_, ++token_, static_cast<uint16_t>(random_.below(3)));
    scheduler_.push(send);
    model_.waiting.push_back(send);
  }
  // Some are taken, and those that the kernel did not want come back.
  void take_some() {
    std::vector<QueuedSend> taken;
    for (uint32_t i = random_.below(6); i > 0; --i) {
      const int expected = model_.next(now_ms_);
      const QueuedSend* next = scheduler_.next(now_ms_);
      CHECK_EQ(next == nullptr, expected < 0);
      if (next == nullptr) break;
      CHECK_EQ(next->token, model_.waiting[static_cast<size_t>(expected)].token);
      taken.push_back(*next);
      scheduler_.pop();
      model_.waiting.erase(model_.waiting.begin() + expected);
    }
    const size_t kept = taken.empty() ? 0 : random_.below(static_cast<uint32_t>(taken.size()) + 1);
    for (size_t i = taken.size(); i-- > kept;) {
      scheduler_.put_back(taken[i]);
      const auto place = std::find_if(model_.waiting.begin(), model_.waiting.end(),
                                      [&](const QueuedSend& send) { return send.token > taken[i].token; });
      model_.waiting.insert(place, taken[i]);
    }
  }
  void evict() {
    const uint16_t link = static_cast<uint16_t>(random_.below(3));
    const uint32_t below = random_.below(4);
    int expected = -1;
    for (uint32_t c = 0; c < std::min(below, kSendClasses) && expected < 0; ++c) {
      for (size_t i = 0; i < model_.waiting.size(); ++i) {
        if (model_.waiting[i].link == link && model_.waiting[i].send_class == c) expected = static_cast<int>(i);
      }
    }
    QueuedSend evicted;
    CHECK_EQ(scheduler_.evict(link, below, &evicted), expected >= 0);
    if (expected < 0) return;
    CHECK_EQ(evicted.token, model_.waiting[static_cast<size_t>(expected)].token);
    model_.waiting.erase(model_.waiting.begin() + expected);
  }
  void remove_one() {
    const uint32_t wanted = 1 + random_.below(token_ + 1);
    const auto found = std::find_if(model_.waiting.begin(), model_.waiting.end(),
                                    [&](const QueuedSend& send) { return send.token == wanted; });
    const bool is_there = found != model_.waiting.end();
    QueuedSend removed;
    CHECK_EQ(scheduler_.remove(is_there ? found->link : 0, wanted, &removed), is_there);
    if (is_there) model_.waiting.erase(found);
  }
  void remove_all() {
    const uint32_t link = random_.one_in(4) ? SendScheduler::kAnyLink : random_.below(3);
    const auto concerned = [&](const QueuedSend& send) { return link == SendScheduler::kAnyLink || send.link == link; };
    size_t removed = 0;
    scheduler_.remove_all(link, [&](const QueuedSend& send) { removed += concerned(send) ? 1 : 1000000; });
    CHECK_EQ(removed, std::erase_if(model_.waiting, concerned));
  }
  void age() {
    model_.aging_ms = random_.one_in(3) ? 0 : random_.between(1, 40);
    scheduler_.set_aging(model_.aging_ms);
  }

  Random& random_;
  Model model_;
  SendScheduler scheduler_;
  double now_ms_ = 100;
  uint32_t token_ = 0;
};

}  // namespace

TEST("[U15] [U17] packets leave in the order of the vectors of the specification, with and without ageing") {
  CHECK(vectors().size() >= 5);
  for (const Vector& vector : vectors()) {
    const Note note(vector.id);
    CHECK_EQ(order_of(vector), vector.order);
  }
}

TEST("[U15] [U17] the order is that of a plain model, whatever is pushed, put back, evicted, removed and re-aged") {
  Random random;
  for (uint32_t round = 0; round < 200; ++round) {
    Comparison compared(random);
    for (uint32_t step = 0; step < 400; ++step) compared.step();
  }
}

TEST("[U17] ten thousand low packets under a constant high load all leave, each before 2 A and what came before it") {
  constexpr double kAgingMs = 10;
  SendScheduler scheduler(kAgingMs);
  double now_ms = 0;
  uint32_t low = 0;
  uint32_t left = 10000;
  for (uint32_t i = 0; i < left; ++i) scheduler.push(send_of(0, now_ms, 1));
  uint64_t pushed = left;
  for (; left > 0; now_ms += 0.01) {
    scheduler.push(send_of(2, now_ms, 2));
    ++pushed;
    CHECK(pushed < 10000000);
    // One more than comes in, so that the queue can empty at all.
    for (int i = 0; i < 2; ++i) {
      const QueuedSend* next = scheduler.next(now_ms);
      if (next == nullptr) break;
      if (next->token == 1) {
        --left;
        ++low;
      } else {
        CHECK(now_ms < 2 * kAgingMs || left == 0);
      }
      scheduler.pop();
    }
  }
  CHECK_EQ(low, 10000u);
}

TEST("[U18] the newest packet of the lowest class makes room, and only for a higher class") {
  SendScheduler scheduler(0);
  scheduler.push(send_of(1, 1, 1));
  scheduler.push(send_of(0, 2, 2));
  scheduler.push(send_of(0, 3, 3));
  scheduler.push(send_of(2, 4, 4));
  QueuedSend evicted;
  CHECK(!scheduler.evict(0, 0, &evicted));
  CHECK(!scheduler.evict(1, 2, &evicted));  // another link's packets stay
  CHECK(scheduler.evict(0, 2, &evicted));
  CHECK_EQ(evicted.token, 3u);
  CHECK(scheduler.evict(0, 1, &evicted));
  CHECK_EQ(evicted.token, 2u);
  CHECK(!scheduler.evict(0, 1, &evicted));
  CHECK(scheduler.evict(0, 2, &evicted));
  CHECK_EQ(evicted.token, 1u);
  CHECK(!scheduler.evict(0, 2, &evicted));
  CHECK_EQ(scheduler.size(2), 1u);
}

}  // namespace netvolley::test
