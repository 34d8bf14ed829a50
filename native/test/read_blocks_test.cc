#include "memory/read_blocks.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "test/check.h"

namespace netvolley::test {

namespace {

constexpr uint32_t kBlockBytes = 256;

// As large as the blocks say, so that a write past them is seen by AddressSanitizer.
struct Memory {
  explicit Memory(uint32_t count)
      : bytes(new uint8_t[uint64_t{count} * kBlockBytes]()), blocks(bytes.get(), count, kBlockBytes) {}
  std::unique_ptr<uint8_t[]> bytes;
  ReadBlocks blocks;
};

}  // namespace

TEST("[SV19] a block is used to its last quarter, then the next one") {
  Memory memory(2);
  ReadBlocks::Room room = memory.blocks.room();
  CHECK_EQ(room.bytes, kBlockBytes);
  CHECK(memory.blocks.room().data == room.data);  // nothing was kept: the same room
  const uint32_t first = memory.blocks.keep(room.data, 192);
  room = memory.blocks.room();
  CHECK_EQ(room.bytes, 64);
  CHECK_EQ(memory.blocks.keep(room.data, 1), first);
  room = memory.blocks.room();
  CHECK_EQ(room.bytes, kBlockBytes);
  const uint32_t second = memory.blocks.keep(room.data, kBlockBytes);
  CHECK(second != first && ReadBlocks::is_place(first) && ReadBlocks::is_place(second));
  CHECK(memory.blocks.room().data == nullptr);
  CHECK_EQ(memory.blocks.free_blocks(), 0);
  memory.blocks.release(first);
  CHECK(memory.blocks.room().data == nullptr);  // one part of it is still held
  memory.blocks.release(first);
  CHECK_EQ(memory.blocks.room().bytes, kBlockBytes);
  memory.blocks.release(second);
  CHECK_EQ(memory.blocks.free_blocks(), 2);
}

TEST("[SV19] without blocks there is never room") {
  Memory memory(0);
  CHECK(memory.blocks.room().data == nullptr);
  CHECK_EQ(memory.blocks.free_blocks(), 0);
}

TEST("[SV19] what is kept is not written again before it is released") {
  Memory memory(4);
  Random random;
  struct Part {
    uint32_t place;
    uint8_t* data;
    uint32_t bytes;
    uint8_t mark;
  };
  std::vector<Part> parts;
  uint32_t refused = 0;
  for (uint32_t step = 0; step < 20000; ++step) {
    const Note note("step " + std::to_string(step));
    const ReadBlocks::Room room = memory.blocks.room();
    if (room.data == nullptr) {
      ++refused;
    } else {
      CHECK(room.bytes >= kBlockBytes / 4);
      const uint32_t read = 1 + static_cast<uint32_t>(random.below(room.bytes));
      const uint8_t mark = static_cast<uint8_t>(random.next());
      std::fill(room.data, room.data + read, mark);
      // Some of it is frames, the rest is carried away.
      for (uint32_t at = 0; at < read && !random.one_in(4);) {
        const uint32_t bytes = 1 + static_cast<uint32_t>(random.below(read - at));
        parts.push_back({memory.blocks.keep(room.data + at, bytes), room.data + at, bytes, mark});
        at += bytes;
      }
    }
    while (!parts.empty() && random.below(3) != 0) {
      const uint32_t at = random.below(static_cast<uint32_t>(parts.size()));
      const Part part = parts[at];
      for (uint32_t i = 0; i < part.bytes; ++i) CHECK_EQ(part.data[i], part.mark);
      memory.blocks.release(part.place);
      parts[at] = parts.back();
      parts.pop_back();
    }
    if (parts.empty()) CHECK_EQ(memory.blocks.free_blocks(), 4);
  }
  CHECK(refused > 100);
}

}  // namespace netvolley::test
