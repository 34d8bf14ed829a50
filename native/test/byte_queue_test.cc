#include "memory/byte_queue.h"

#include <string>

#include "test/check.h"

namespace netvolley::test {
namespace {

void append(ByteQueue& queue, const std::string& bytes) {
  queue.append(reinterpret_cast<const uint8_t*>(bytes.data()), static_cast<uint32_t>(bytes.size()));
}

std::string content(const ByteQueue& queue) {
  return queue.empty() ? "" : std::string(reinterpret_cast<const char*>(queue.data()), queue.size());
}

}  // namespace

TEST("[SV19] a byte queue holds no memory while it is empty") {
  ByteQueue queue;
  CHECK(queue.data() == nullptr);
  queue.append(nullptr, 0);
  CHECK(queue.data() == nullptr);
  append(queue, "abc");
  queue.consume(1);
  CHECK_EQ(content(queue), "bc");
  queue.consume(2);
  CHECK(queue.empty());
  CHECK(queue.data() == nullptr);
  append(queue, "d");
  queue.clear();
  CHECK(queue.data() == nullptr);
}

TEST("[SV19] a byte queue gives back what was put in, in order, through any sequence of operations") {
  Random random;
  uint32_t largest = 0;
  for (uint32_t round = 0; round < 20; ++round) {
    ByteQueue queue;
    std::string model;
    const uint32_t largest_piece = 1u << random.between(2, 13);
    for (uint32_t step = 0; step < 1000; ++step) {
      const Note note("round " + std::to_string(round) + " step " + std::to_string(step));
      if (random.one_in(100)) {
        queue.clear();
        model.clear();
      } else if (random.below(100) < 55) {
        std::string piece(random.below(largest_piece + 1), '\0');
        for (char& byte : piece) byte = static_cast<char>(random.next());
        append(queue, piece);
        model += piece;
      } else {
        const uint32_t count = std::min(random.below(largest_piece + 1), queue.size());
        queue.consume(count);
        model.erase(0, count);
      }
      CHECK_EQ(queue.size(), model.size());
      CHECK_EQ(queue.empty(), model.empty());
      if (step % 8 == 0) CHECK(content(queue) == model);
      largest = std::max(largest, queue.size());
    }
    CHECK(content(queue) == model);
  }
  CHECK(largest > 16384);
}

TEST("[SV19] bytes that pass through a queue that stays almost full are moved about once each") {
  // Appending and consuming single bytes at a constant size must not copy the whole queue each time.
  ByteQueue queue;
  append(queue, std::string(511, 'x'));
  uint32_t moves = 0;
  for (uint32_t step = 0; step < 100000; ++step) {
    const uint8_t* before = queue.data();
    append(queue, "y");
    moves += queue.data() != before;
    queue.consume(1);
  }
  CHECK_EQ(queue.size(), 511);
  CHECK(moves * 511 <= 100000 + 2 * 511);
}

}  // namespace netvolley::test
