#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace netvolley::bench {

enum class ReceiveResult { kBytes, kWouldBlock, kEnded };

struct Received {
  ReceiveResult result = ReceiveResult::kWouldBlock;
  std::span<uint8_t> bytes;  // carried bytes and new ones, contiguous; valid until the next receive()
  bool drained = false;      // the socket had less than was asked for: the next bytes raise a new edge
};

// One receive buffer for all connections, so that it stays in the cache. Only the beginning of a frame that is not
// complete yet is kept per connection (`carry`), and put in front again before the next receive.
class ReceiveArea {
 public:
  explicit ReceiveArea(size_t max_frame_bytes) : bytes_(kReceiveBytes + max_frame_bytes) {}

  // One recv. `carry` holds at most max_frame_bytes and is emptied when bytes arrive.
  [[nodiscard]] Received receive(int fd, std::vector<uint8_t>& carry);

 private:
  static constexpr size_t kReceiveBytes = 256 * 1024;

  std::vector<uint8_t> bytes_;
};

}  // namespace netvolley::bench
