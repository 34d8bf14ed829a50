#include "echo_protocol.h"

#include <cstring>

namespace netvolley::bench {

EchoProtocol EchoProtocol::from(Options& options) {
  const size_t body_bytes = options.number("body", 64, sizeof(uint64_t), 65507);
  return {body_bytes, options.number("seed", 1, 0, UINT64_MAX)};
}

size_t EchoProtocol::compose(uint64_t token, size_t, uint8_t* into) {
  pattern_.fill(token, into, body_bytes_);
  std::memcpy(into, &token, sizeof(token));
  return body_bytes_;
}

std::optional<uint64_t> EchoProtocol::token_of(std::span<const uint8_t> reply) const {
  if (reply.size() < sizeof(uint64_t)) return std::nullopt;
  uint64_t token = 0;
  std::memcpy(&token, reply.data(), sizeof(token));
  return token;
}

const char* EchoProtocol::fault_of(uint64_t token, size_t, std::span<const uint8_t> reply) {
  constexpr size_t kFrom = sizeof(uint64_t);
  if (reply.size() != body_bytes_) return "wrong length";
  return pattern_.matches(token, kFrom, reply.data() + kFrom, body_bytes_ - kFrom) ? nullptr : "wrong contents";
}

}  // namespace netvolley::bench
