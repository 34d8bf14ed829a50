#pragma once

#include <cstdint>
#include <vector>

#include "io/address.h"

namespace netvolley {

// Whether GSO works: for the socket, and up to which segment size for a destination.
class GsoState {
 public:
  static constexpr uint32_t kMaxLimits = 64;
  static constexpr double kLimitMs = 600000;

  // At most `max_segments` in one message; 1 = never.
  explicit GsoState(uint16_t max_segments) : max_segments_(max_segments) {}

  // 1 = send plain datagrams. `to` null = the connected peer.
  uint16_t max_segments(const Address* to, uint16_t segment_bytes, double now_ms) const;
  // Of the socket, whatever the destination.
  uint16_t max_segments() const { return on_ ? max_segments_ : uint16_t{1}; }

  void worked() { invalid_in_a_row_ = 0; }
  // The kernel refused a GSO message: EIO, EINVAL or EMSGSIZE. `known_mtu` 0 = unknown.
  void failed(int error, const Address* to, uint16_t segment_bytes, uint32_t known_mtu, double now_ms);
  // It went off or on since the last call; `*error` says why it went off, 0 = it is on.
  bool take_change(int* error);
  // The time has come to try again.
  void retry();

  uint32_t limits() const { return static_cast<uint32_t>(limits_.size()); }

 private:
  struct Limit {
    Address to;  // empty = the connected peer
    uint16_t most_bytes = 0;
    double until_ms = 0;
  };

  void turn_off(int error);
  void limit(const Address* to, uint16_t segment_bytes, double now_ms);

  uint16_t max_segments_;
  bool on_ = true;
  bool changed_ = false;
  int error_ = 0;
  uint32_t invalid_in_a_row_ = 0;
  std::vector<Limit> limits_;  // kMaxLimits; the one that ends first makes room
};

}  // namespace netvolley
