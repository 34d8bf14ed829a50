#include "engine/dispatch.h"

#include <deque>
#include <map>
#include <vector>

#include "test/check.h"

namespace netvolley::test {
namespace {

class CountingBell : public Bell {
 public:
  void ring() override { ++rings; }
  uint32_t rings = 0;
};

// Both ends of one link: Dispatch, and what JavaScript does with the memory.
struct Link {
  explicit Link(uint32_t entries)
      : storage(link_bytes(entries) + kWordBytes),
        memory(aligned(), entries),
        dispatch(memory, bell, CounterPage(counters.data()), CounterPage(engine_counters.data()), 0.5) {}

  uint8_t* aligned() {
    const uintptr_t address = reinterpret_cast<uintptr_t>(storage.data());
    return storage.data() + (kWordBytes - address % kWordBytes) % kWordBytes;
  }
  uint32_t word(LinkWord name) const { return memory.word(name).load(); }
  double counter(ServerCounter id) { return CounterPage(counters.data()).get(id); }

  void open(uint32_t slot) {
    NewRequest request;
    request.origin.place = slot;
    request.origin.offset = slot * 100;
    dispatch.open(request, 1000);
  }
  // The ids of the requests that JavaScript has not taken yet.
  std::vector<uint32_t> take() {
    std::vector<uint32_t> ids;
    uint32_t head = word(LinkWord::kRequestHead);
    for (const uint32_t tail = word(LinkWord::kRequestTail); head != tail; ++head) {
      ids.push_back(memory.request<uint32_t>(RequestColumn::kRequestId)[memory.at(head)]);
    }
    memory.word(LinkWord::kRequestHead).store(head);
    return ids;
  }
  void answer(const Reply& reply) {
    const uint32_t tail = word(LinkWord::kReplyTail);
    CHECK(tail - word(LinkWord::kReplyHead) < memory.entries());
    const uint32_t at = memory.at(tail);
    memory.reply<uint32_t>(ReplyColumn::kRequestId)[at] = reply.request_id;
    memory.reply<uint32_t>(ReplyColumn::kOffset)[at] = reply.offset;
    memory.reply<uint32_t>(ReplyColumn::kBytes)[at] = reply.bytes;
    memory.reply<uint8_t>(ReplyColumn::kFlags)[at] = reply.flags;
    memory.word(LinkWord::kReplyTail).store(tail + 1);
  }

  std::vector<uint8_t> storage;
  LinkMemory memory;
  std::vector<double> counters = std::vector<double>(static_cast<size_t>(ServerCounter::kCount));
  std::vector<double> engine_counters = std::vector<double>(static_cast<size_t>(EngineCounter::kCount));
  CountingBell bell;
  Dispatch dispatch;
};

}  // namespace

TEST("[SV25] a request is invisible until it is published, then all its columns can be read") {
  Link link(8);
  NewRequest request;
  request.origin.place = 3;
  request.origin.connection = 5;
  request.origin.connection_generation = 9;
  request.origin.offset = 640;
  request.header_bytes = 2;
  request.origin.frame_bytes = 79;
  request.peer_id = 11;
  request.flags = kRequestUdp;
  link.dispatch.open(request, 1000);
  CHECK_EQ(link.word(LinkWord::kRequestTail), 0);
  link.dispatch.publish();
  CHECK_EQ(link.word(LinkWord::kRequestTail), 1);
  const LinkMemory& memory = link.memory;
  CHECK_EQ(memory.request<uint32_t>(RequestColumn::kOffset)[0], 640);
  CHECK_EQ(memory.request<uint32_t>(RequestColumn::kHeaderBytes)[0], 2);
  CHECK_EQ(memory.request<uint32_t>(RequestColumn::kBodyBytes)[0], 77);
  CHECK_EQ(memory.request<uint32_t>(RequestColumn::kConnectionId)[0], 5);
  CHECK_EQ(memory.request<uint32_t>(RequestColumn::kConnectionGeneration)[0], 9);
  CHECK_EQ(memory.request<uint32_t>(RequestColumn::kPeerId)[0], 11);
  CHECK_EQ(memory.request<uint8_t>(RequestColumn::kFlags)[0], kRequestUdp);
  CHECK_EQ(memory.request<double>(RequestColumn::kReceivedAtMs)[0], 1000.5);
  const InFlight* owner = link.dispatch.find(memory.request<uint32_t>(RequestColumn::kRequestId)[0]);
  CHECK(owner != nullptr);
  CHECK_EQ(owner->place, 3);
  CHECK_EQ(link.counter(ServerCounter::kRequestsUdp), 1);
  CHECK_EQ(link.counter(ServerCounter::kRequestsTcp), 0);
}

TEST("[SV32] only a JavaScript that sleeps is rung, once for each time it fell asleep") {
  Link link(8);
  link.open(0);
  link.dispatch.publish();
  CHECK_EQ(link.bell.rings, 0);
  link.memory.word(LinkWord::kJsSleeps).store(1);
  link.dispatch.publish();
  CHECK_EQ(link.bell.rings, 0);  // nothing new
  link.open(1);
  link.dispatch.publish();
  CHECK_EQ(link.bell.rings, 1);
  CHECK_EQ(link.word(LinkWord::kJsSleeps), 0);
  link.open(2);
  link.dispatch.publish();
  CHECK_EQ(link.bell.rings, 1);
  CHECK_EQ(CounterPage(link.engine_counters.data()).get(EngineCounter::kBellCalls), 1);
}

TEST("[SV33] a JavaScript that waits for reply room is rung when replies were taken") {
  Link link(4);
  link.memory.word(LinkWord::kJsWaits).store(1);
  link.dispatch.publish();
  CHECK_EQ(link.bell.rings, 0);
  link.answer({});
  Reply reply;
  CHECK(link.dispatch.next_reply(&reply));
  CHECK_EQ(link.word(LinkWord::kReplyHead), 0);  // its bytes may still be read
  link.dispatch.publish();
  CHECK_EQ(link.word(LinkWord::kReplyHead), 1);
  CHECK_EQ(link.bell.rings, 1);
  CHECK_EQ(link.word(LinkWord::kJsWaits), 0);
}

TEST("[SV15] an id that was settled, or never given, finds nothing") {
  Link link(4);
  for (uint32_t id = 0; id < 100; ++id) CHECK(link.dispatch.find(id) == nullptr);
  link.open(7);
  link.dispatch.publish();
  const uint32_t id = link.take().at(0);
  CHECK(link.dispatch.find(id) != nullptr);
  CHECK(link.dispatch.find(id + 1) == nullptr);
  CHECK(link.dispatch.find(id ^ 0x80000000) == nullptr);
  link.dispatch.settle(id);
  CHECK(link.dispatch.find(id) == nullptr);
  link.open(8);
  link.dispatch.publish();
  const uint32_t next = link.take().at(0);
  CHECK(next != id);
  CHECK(link.dispatch.find(id) == nullptr);
  CHECK_EQ(link.dispatch.find(next)->place, 8);
}

TEST("[SV34] there are never more requests in flight than places, and room comes back with each that is settled") {
  Link link(4);
  for (uint32_t i = 0; i < 4; ++i) {
    CHECK_EQ(link.dispatch.room(), 4 - i);
    link.open(i);
  }
  CHECK_EQ(link.dispatch.room(), 0);
  link.dispatch.publish();
  const std::vector<uint32_t> ids = link.take();
  CHECK_EQ(ids.size(), 4);
  link.dispatch.settle(ids[2]);
  CHECK_EQ(link.dispatch.room(), 1);
  link.dispatch.publish();
  CHECK_EQ(link.counter(ServerCounter::kInFlight), 3);
  CHECK_EQ(link.counter(ServerCounter::kInFlightPeak), 4);
}

TEST("[SV42] abandoning visits each request in flight once and leaves none") {
  Link link(8);
  for (uint32_t i = 0; i < 5; ++i) link.open(i);
  link.dispatch.publish();
  const std::vector<uint32_t> ids = link.take();
  link.dispatch.settle(ids[1]);
  std::map<uint32_t, uint32_t> visits;
  link.dispatch.abandon([&](const InFlight& request) { ++visits[request.place]; });
  CHECK(visits == (std::map<uint32_t, uint32_t>{{0, 1}, {2, 1}, {3, 1}, {4, 1}}));
  CHECK_EQ(link.dispatch.room(), 8);
  for (const uint32_t id : ids) CHECK(link.dispatch.find(id) == nullptr);
}

TEST("[SV42] a retired link says so and rings") {
  Link link(4);
  link.dispatch.retire();
  CHECK_EQ(link.word(LinkWord::kLife), static_cast<uint32_t>(LinkLife::kRetired));
  CHECK_EQ(link.bell.rings, 1);
}

TEST("[SV15, SV34] requests and replies keep their owners while rings and ids go round many times") {
  constexpr uint32_t kEntries = 16;
  Link link(kEntries);
  Random random;
  std::map<uint32_t, uint32_t> owned;  // id -> slot, in JavaScript's hands or on the way there
  std::deque<uint32_t> on_the_way;     // slots, in order
  std::vector<uint32_t> held;
  std::vector<uint32_t> stale;
  std::deque<Reply> sent;
  uint32_t next_slot = 0;
  uint32_t settled = 0;
  for (uint32_t step = 0; step < 50000; ++step) {
    const Note note("step " + std::to_string(step));
    for (uint32_t i = random.below(5); i > 0 && link.dispatch.room() > 0; --i) {
      link.open(next_slot);
      on_the_way.push_back(next_slot++);
    }
    if (!random.one_in(4)) link.dispatch.publish();
    for (const uint32_t id : link.take()) {
      CHECK(!on_the_way.empty());
      CHECK(owned.emplace(id, on_the_way.front()).second);
      on_the_way.pop_front();
      held.push_back(id);
    }
    while (!held.empty() && random.below(3) != 0 && sent.size() < kEntries &&
           link.word(LinkWord::kReplyTail) - link.word(LinkWord::kReplyHead) < kEntries) {
      const uint32_t at = random.below(static_cast<uint32_t>(held.size()));
      sent.push_back(
          {held[at], static_cast<uint32_t>(random.next()), static_cast<uint32_t>(random.next()), kReplyInPlace});
      link.answer(sent.back());
      held[at] = held.back();
      held.pop_back();
    }
    CHECK_EQ(link.dispatch.has_replies(), !sent.empty());
    Reply reply;
    while (link.dispatch.next_reply(&reply)) {
      CHECK(!sent.empty());
      CHECK_EQ(reply.request_id, sent.front().request_id);
      CHECK_EQ(reply.offset, sent.front().offset);
      CHECK_EQ(reply.bytes, sent.front().bytes);
      CHECK_EQ(reply.flags, sent.front().flags);
      sent.pop_front();
      const InFlight* owner = link.dispatch.find(reply.request_id);
      CHECK(owner != nullptr);
      CHECK_EQ(owner->place, owned.at(reply.request_id));
      link.dispatch.settle(reply.request_id);
      owned.erase(reply.request_id);
      stale.push_back(reply.request_id);
      ++settled;
    }
    CHECK(sent.empty());
    if (!stale.empty()) {
      const uint32_t id = stale[random.below(static_cast<uint32_t>(stale.size()))];
      CHECK(link.dispatch.find(id) == nullptr);
    }
    CHECK_EQ(link.dispatch.in_flight(), owned.size() + on_the_way.size());
    CHECK_EQ(link.dispatch.room() + link.dispatch.in_flight(), kEntries);
  }
  CHECK(settled > kEntries * 1000);
}

}  // namespace netvolley::test
