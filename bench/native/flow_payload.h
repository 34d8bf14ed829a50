#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace netvolley::bench {

// What the datagrams of a flow hold, the same in every language: a sequence number (u32 little-endian), the number of
// its flow (the same), then bytes of one fixed pseudo-random string, shifted by one for odd sequence numbers. A sender
// writes the rest once and only the numbers anew; its buffers hold an even count of datagrams.
class FlowPayload {
 public:
  static constexpr size_t kHeaderBytes = 8;
  static constexpr size_t kMaxBytes = 65507;

  FlowPayload();
  // All of it: `size` is at least kHeaderBytes.
  void fill(uint32_t flow, uint32_t sequence, uint8_t* into, size_t size) const;
  static void number(uint32_t flow, uint32_t sequence, uint8_t* into);
  [[nodiscard]] bool matches(uint32_t sequence, const uint8_t* bytes, size_t size) const;

 private:
  std::vector<uint8_t> bytes_;
};

// What a receiver counts. Order and loss go by the sequence numbers of every datagram; the bytes of some are compared.
class FlowTally {
 public:
  void take(const uint8_t* bytes, size_t size);
  [[nodiscard]] uint64_t received() const { return received_; }
  // One JSON object; `at_ms` is a monotonic time.
  [[nodiscard]] std::string json(double at_ms) const;

 private:
  // A prime, so that not always the same place of a run is looked at.
  static constexpr uint64_t kComparedEvery = 61;

  FlowPayload payload_;
  uint64_t received_ = 0;
  uint64_t bytes_ = 0;
  uint64_t bad_ = 0;
  uint64_t lost_ = 0;
  uint64_t reordered_ = 0;
  uint32_t flow_ = 0;
  uint32_t next_ = 0;
};

}  // namespace netvolley::bench
