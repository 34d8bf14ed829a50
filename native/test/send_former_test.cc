#include "engine/send_former.h"

#include <algorithm>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "test/check.h"

namespace netvolley::test {
namespace {

struct Vector {
  const char* id;
  uint32_t min_segments;
  bool gather;
  const char* picks;
  const char* messages;
};

const std::vector<Vector>& vectors() {
  static const std::vector<Vector> all{
#include "send_form_vectors.inc"
  };
  return all;
}

std::vector<uint8_t>& memory() {
  static std::vector<uint8_t> bytes(1 << 20);
  return bytes;
}

// As in a page of destinations.
const Address* destination(uint32_t index) {
  static std::vector<Address> page(64);
  return &page[index];
}

QueuedSend pick_of(const Address* to, uint32_t bytes, uint32_t offset, uint16_t segment_bytes = 0) {
  QueuedSend pick;
  pick.to = to;
  pick.data = memory().data() + offset;
  pick.bytes = bytes;
  pick.segment_bytes = segment_bytes;
  return pick;
}

std::string formed(const Vector& vector) {
  std::vector<QueuedSend> picks;
  std::istringstream words(vector.picks);
  for (std::string word; words >> word;) {
    const uint32_t bytes = static_cast<uint32_t>(std::stoul(word.substr(1)));
    picks.push_back(pick_of(destination(static_cast<uint32_t>(word[0] - 'A')), bytes, 0));
  }
  SendFormer former;
  former.set_rules(64, static_cast<uint16_t>(vector.min_segments), vector.gather);
  const uint32_t count = static_cast<uint32_t>(picks.size());
  former.arrange(picks.data(), count);
  const uint32_t messages = former.form(picks.data(), count, {}, {}, GsoState(64), 0);
  std::string text;
  for (uint32_t i = 0; i < messages; ++i) {
    const SendMessage& message = former.messages()[i];
    CHECK_EQ(message.segment_bytes != 0, message.picks > 1);
    CHECK_EQ(former.vectors()[i].segment_bytes, message.segment_bytes);
    text += i == 0 ? "" : " |";
    for (uint32_t at = message.first; at < message.first + message.picks; ++at) {
      const char letter = static_cast<char>('A' + (picks[at].to - destination(0)));
      text += (text.empty() ? "" : " ") + std::string(1, letter) + std::to_string(picks[at].bytes);
    }
  }
  return text;
}

// The bytes of a vector, in one piece.
std::vector<uint8_t> bytes_of(const SendVector& vector) {
  if (vector.slices == nullptr) return std::vector<uint8_t>(vector.data, vector.data + vector.bytes);
  std::vector<uint8_t> bytes;
  for (uint32_t i = 0; i < vector.slice_count; ++i) {
    const IoSlice& slice = vector.slices[i];
    bytes.insert(bytes.end(), slice.data, slice.data + slice.bytes);
  }
  CHECK_EQ(bytes.size(), vector.bytes);
  return bytes;
}

struct Wire {
  const Address* to;
  std::vector<uint8_t> bytes;
  bool operator==(const Wire&) const = default;
};

// What a pick puts on the wire, whoever forms it.
void expect_pick(const QueuedSend& pick, std::vector<Wire>* out) {
  if (pick.segment_bytes == 0) return out->push_back({pick.to, {pick.data, pick.data + pick.bytes}});
  for (uint32_t at = pick.done; at < pick.bytes; at += pick.segment_bytes) {
    const uint32_t end = std::min(pick.bytes, at + pick.segment_bytes);
    out->push_back({pick.to, {pick.data + at, pick.data + end}});
  }
}

void cut_vector(const SendVector& vector, std::vector<Wire>* out) {
  const std::vector<uint8_t> bytes = bytes_of(vector);
  const size_t segment = vector.segment_bytes == 0 ? std::max<size_t>(bytes.size(), 1) : vector.segment_bytes;
  size_t at = 0;
  do {
    const size_t end = std::min(bytes.size(), at + segment);
    out->push_back(
        {vector.to, {bytes.begin() + static_cast<ptrdiff_t>(at), bytes.begin() + static_cast<ptrdiff_t>(end)}});
    at = end;
  } while (at < bytes.size());
}

// What the kernel demands of a message, and what the counters rely on.
void check_message(const SendVector& vector, const SendMessage& message, const GsoState& gso, uint32_t min_segments,
                   bool is_run) {
  CHECK_EQ(vector.bytes, message.bytes);
  if (message.segment_bytes == 0) return CHECK_EQ(message.datagrams, 1u);
  CHECK(message.datagrams >= (is_run ? 2 : min_segments));
  CHECK(message.datagrams <= 64 && message.datagrams <= gso.max_segments(vector.to, message.segment_bytes, 0));
  CHECK(message.bytes <= 65507);
  CHECK_EQ((message.bytes + message.segment_bytes - 1) / message.segment_bytes, message.datagrams);
  CHECK(vector.slice_count <= 64);
}

std::vector<QueuedSend> random_picks(Random& random, const std::vector<DatagramInfo>& infos) {
  std::vector<QueuedSend> picks;
  uint32_t offset = 0;
  const uint32_t sizes[] = {0, 1, 8, 40, 100, 100, 100, 1000, 1200, 1452, 9000, 30000, 65507};
  uint32_t to = random.below(6);
  uint32_t bytes = 100;
  for (uint32_t i = random.below(64); i > 0; --i) {
    if (random.one_in(3)) to = random.below(6);
    if (random.one_in(4)) bytes = sizes[random.below(std::size(sizes))];
    const bool is_run = random.one_in(12);
    if (offset + 70000 > memory().size()) offset = 0;
    if (random.one_in(3)) offset += 64;  // a gap
    QueuedSend pick = is_run ? pick_of(destination(to), 1 + random.below(20000), offset,
                                       static_cast<uint16_t>(random.between(60, 1400)))
                             : pick_of(destination(to), bytes, offset);
    if (random.one_in(8)) pick.info = &infos[random.below(static_cast<uint32_t>(infos.size()))];
    pick.sequence = picks.size();
    offset += pick.bytes;
    picks.push_back(pick);
  }
  return picks;
}

}  // namespace

TEST("[U24] [U25] [U44] picks become the messages of the vectors of the specification") {
  CHECK(vectors().size() >= 2);
  for (const Vector& vector : vectors()) {
    const Note note(vector.id);
    CHECK_EQ(formed(vector), vector.messages);
  }
}

TEST("[U9] [U24] [U25] whatever is formed has the bytes, the borders and the order of the picks, within all limits") {
  Random random;
  for (uint8_t& byte : memory()) byte = static_cast<uint8_t>(random.next());
  std::vector<DatagramInfo> infos(3);
  infos[1].traffic_class = infos[2].traffic_class = 8;
  infos[1].present = infos[2].present = kTrafficClass;
  for (uint32_t round = 0; round < 1500; ++round) {
    const uint32_t batch = random.one_in(3) ? 64 : random.between(1, 64);
    const uint32_t min_segments = random.between(2, 6);
    const bool gather = random.one_in(2);
    GsoState gso(static_cast<uint16_t>(random.one_in(5) ? 1 : random.between(2, 64)));
    if (random.one_in(3)) gso.failed(EMSGSIZE, destination(random.below(6)), 1000, 0, 0);
    SendFormer former;
    former.set_rules(batch, static_cast<uint16_t>(min_segments), gather);
    std::vector<QueuedSend> picks = random_picks(random, infos);
    const std::vector<QueuedSend> before = picks;
    const uint32_t count = static_cast<uint32_t>(picks.size());
    former.arrange(picks.data(), count);
    for (uint32_t i = 1; i < count; ++i) {
      if (!gather || picks[i - 1].to == picks[i].to) CHECK(picks[i - 1].sequence < picks[i].sequence);
    }
    std::vector<Wire> expected;
    for (const QueuedSend& pick : picks) expect_pick(pick, &expected);
    CHECK_EQ(before.size(), picks.size());

    std::vector<Wire> wire;
    SendCursor cursor;
    const SendCursor plain_until{random.below(count + 1), 0};
    while (cursor.pick < count) {
      const uint32_t messages = former.form(picks.data(), count, cursor, plain_until, gso, 0);
      CHECK(messages > 0);
      uint32_t datagrams = 0;
      // As after a short count: the rest is formed anew.
      const uint32_t sent = random.between(1, messages);
      for (uint32_t i = 0; i < messages; ++i) {
        const SendMessage& message = former.messages()[i];
        QueuedSend& pick = picks[message.first];
        const bool is_run = pick.segment_bytes != 0;
        check_message(former.vectors()[i], message, gso, min_segments, is_run);
        if (message.segment_bytes != 0) CHECK(message.first >= plain_until.pick);
        datagrams += message.datagrams;
        if (i >= sent) continue;
        cut_vector(former.vectors()[i], &wire);
        if (is_run) pick.done += message.bytes;
        cursor = {message.first + message.picks, 0};
        if (is_run && pick.done < pick.bytes) cursor = {message.first, pick.done};
      }
      CHECK_EQ(datagrams, former.datagrams());
      CHECK(datagrams <= batch);
    }
    CHECK_EQ(wire.size(), expected.size());
    for (size_t i = 0; i < wire.size(); ++i) CHECK(wire[i] == expected[i]);
  }
}

TEST("[U9] a run is cut into messages of at most 64 segments, and goes on as plain datagrams where GSO failed") {
  SendFormer former;
  former.set_rules(1024, 4, false);
  std::vector<QueuedSend> picks{pick_of(destination(0), 130 * 100 + 7, 0, 100)};
  CHECK_EQ(former.form(picks.data(), 1, {}, {}, GsoState(64), 0), 3u);
  CHECK_EQ(former.messages()[0].datagrams, 64u);
  CHECK_EQ(former.messages()[1].datagrams, 64u);
  CHECK_EQ(former.messages()[2].datagrams, 3u);
  CHECK_EQ(former.messages()[2].bytes, 207u);
  picks[0].done = 6400;
  CHECK_EQ(former.form(picks.data(), 1, {0, 6400}, {0, 12800}, GsoState(64), 0), 65u);
  CHECK_EQ(former.messages()[63].datagrams, 1u);
  CHECK_EQ(former.messages()[63].segment_bytes, 0u);
  CHECK_EQ(former.messages()[64].datagrams, 3u);
  picks[0].done = 0;
  CHECK_EQ(former.form(picks.data(), 1, {}, {}, GsoState(1), 0), 131u);
}

TEST("[U24] datagrams with unequal ancillary data, or to other places, are never joined") {
  SendFormer former;
  former.set_rules(64, 2, false);
  DatagramInfo one;
  one.present = kTrafficClass;
  one.traffic_class = 1;
  DatagramInfo same = one;
  DatagramInfo other = one;
  other.traffic_class = 2;
  std::vector<QueuedSend> picks(6, pick_of(destination(0), 100, 0));
  picks[0].info = &one;
  picks[1].info = &same;
  picks[2].info = &other;
  picks[4].to = destination(1);
  picks[5].to = nullptr;
  CHECK_EQ(former.form(picks.data(), 6, {}, {}, GsoState(64), 0), 5u);
  CHECK_EQ(former.messages()[0].datagrams, 2u);
}

TEST("[U24] neighbours in memory leave as one slice, others as one slice each") {
  SendFormer former;
  former.set_rules(64, 2, false);
  std::vector<QueuedSend> picks;
  for (uint32_t i = 0; i < 8; ++i) picks.push_back(pick_of(destination(0), 64, i * 64));
  CHECK_EQ(former.form(picks.data(), 8, {}, {}, GsoState(64), 0), 1u);
  CHECK(former.vectors()[0].slices == nullptr);
  CHECK_EQ(former.vectors()[0].bytes, 512u);
  for (uint32_t i = 4; i < 8; ++i) picks[i].data += 8;
  CHECK_EQ(former.form(picks.data(), 8, {}, {}, GsoState(64), 0), 1u);
  CHECK_EQ(former.vectors()[0].slice_count, 2u);
}

TEST("[U28] GSO goes off at EIO, at the third EINVAL in a row, and comes back with retry()") {
  GsoState gso(64);
  int error = 1;
  CHECK(!gso.take_change(&error));
  gso.failed(EINVAL, destination(0), 1000, 0, 0);
  gso.failed(EINVAL, destination(0), 1000, 0, 0);
  gso.worked();
  gso.failed(EINVAL, destination(0), 1000, 0, 0);
  gso.failed(EINVAL, destination(0), 1000, 0, 0);
  CHECK_EQ(gso.max_segments(destination(0), 1000, 0), 64);
  gso.failed(EINVAL, destination(0), 1000, 0, 0);
  CHECK_EQ(gso.max_segments(destination(0), 1000, 0), 1);
  CHECK(gso.take_change(&error));
  CHECK_EQ(error, EINVAL);
  gso.retry();
  CHECK(gso.take_change(&error));
  CHECK_EQ(error, 0);
  CHECK_EQ(gso.max_segments(), 64);
  gso.failed(EIO, nullptr, 100, 0, 0);
  CHECK_EQ(gso.max_segments(), 1);
  gso.retry();
  CHECK(!gso.take_change(&error));  // nobody has seen it go
}

TEST("[U29] a segment above the path MTU is a limit of that destination for ten minutes, and 64 are remembered") {
  std::vector<Address> to(70);
  for (uint32_t i = 0; i < to.size(); ++i) CHECK(Address::parse("10.0.0." + std::to_string(i + 1), 9, &to[i]));
  GsoState gso(64);
  gso.failed(EMSGSIZE, &to[0], 1400, 0, 0);
  CHECK_EQ(gso.max_segments(&to[0], 1400, 0), 1);
  CHECK_EQ(gso.max_segments(&to[0], 1399, 0), 64);
  CHECK_EQ(gso.max_segments(&to[1], 1400, 0), 64);
  CHECK_EQ(gso.max_segments(nullptr, 1400, 0), 64);
  gso.failed(EINVAL, &to[0], 1300, 1320, 10);  // above the MTU that is known
  CHECK_EQ(gso.max_segments(&to[0], 1300, 10), 1);
  gso.failed(EINVAL, nullptr, 1453, 0, 10);  // as kernels before 6.14 say it
  CHECK_EQ(gso.max_segments(nullptr, 1453, 10), 1);
  int error = 0;
  CHECK(!gso.take_change(&error));
  CHECK_EQ(gso.max_segments(&to[0], 1300, 10 + GsoState::kLimitMs - 1), 1);
  CHECK_EQ(gso.max_segments(&to[0], 1300, 10 + GsoState::kLimitMs), 64);
  for (uint32_t i = 1; i < to.size(); ++i) gso.failed(EMSGSIZE, &to[i], 1000, 0, 20 + i);
  CHECK_EQ(gso.limits(), GsoState::kMaxLimits);
  CHECK_EQ(gso.max_segments(&to[69], 1000, 100), 1);
  CHECK_EQ(gso.max_segments(&to[0], 1300, 100), 64);  // the oldest made room
}

}  // namespace netvolley::test
