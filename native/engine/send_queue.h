#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "io/address.h"

namespace netvolley {

// Copies of datagrams that the kernel did not take, in order. Bounded: what does not fit is refused.
class SendQueue {
 public:
  struct Datagram {
    Address to;
    std::vector<uint8_t> bytes;
  };

  explicit SendQueue(uint32_t max_datagrams) : max_datagrams_(max_datagrams) {}

  [[nodiscard]] bool push(const Address& to, const uint8_t* data, uint32_t bytes) {
    if (datagrams_.size() >= max_datagrams_) return false;
    datagrams_.push_back({to, std::vector<uint8_t>(data, data + bytes)});
    return true;
  }
  const Datagram& operator[](size_t index) const { return datagrams_[index]; }
  void pop(uint32_t count) { datagrams_.erase(datagrams_.begin(), datagrams_.begin() + count); }
  uint32_t size() const { return static_cast<uint32_t>(datagrams_.size()); }
  bool empty() const { return datagrams_.empty(); }

 private:
  uint32_t max_datagrams_;
  std::deque<Datagram> datagrams_;
};

}  // namespace netvolley
