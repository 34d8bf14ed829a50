#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace netvolley::bench {

// What the datagrams of a load say. A token names one request: it is written into the request, comes back in the reply,
// and is unique among the outstanding ones. `slot` is the place in the window that the request occupies.
class DatagramProtocol {
 public:
  virtual ~DatagramProtocol() = default;

  // Tokens are below this; when they are used up they begin again.
  [[nodiscard]] virtual uint64_t token_count() const = 0;
  [[nodiscard]] virtual size_t max_request_bytes() const = 0;
  [[nodiscard]] virtual size_t max_reply_bytes() const = 0;
  // Once, before the first compose().
  virtual void set_slots(size_t count) = 0;
  // Writes a request, returns its size.
  [[nodiscard]] virtual size_t compose(uint64_t token, size_t slot, uint8_t* into) = 0;
  // Nothing when the reply is too short to hold one.
  [[nodiscard]] virtual std::optional<uint64_t> token_of(std::span<const uint8_t> reply) const = 0;
  // What is wrong with the reply to the request in that slot, nullptr when it is right.
  [[nodiscard]] virtual const char* fault_of(uint64_t token, size_t slot, std::span<const uint8_t> reply) = 0;
  // Counters of its own for the report.
  [[nodiscard]] virtual std::vector<std::pair<std::string, uint64_t>> counters() const { return {}; }
};

}  // namespace netvolley::bench
