#pragma once

#include "datagram_protocol.h"
#include "options.h"
#include "payload_pattern.h"

namespace netvolley::bench {

// A datagram of fixed size that must come back as it was: an 8-byte sequence number, then pseudo-random bytes of it.
class EchoProtocol final : public DatagramProtocol {
 public:
  // --body (default 64, at least 8), --seed.
  static EchoProtocol from(Options& options);

  uint64_t token_count() const override { return uint64_t{1} << 62; }
  size_t max_request_bytes() const override { return body_bytes_; }
  // One more than right, so that a longer reply is seen as such.
  size_t max_reply_bytes() const override { return body_bytes_ + 1; }
  void set_slots(size_t) override {}
  size_t compose(uint64_t token, size_t slot, uint8_t* into) override;
  std::optional<uint64_t> token_of(std::span<const uint8_t> reply) const override;
  const char* fault_of(uint64_t token, size_t slot, std::span<const uint8_t> reply) override;

 private:
  EchoProtocol(size_t body_bytes, uint64_t seed) : body_bytes_(body_bytes), pattern_(seed, body_bytes) {}

  size_t body_bytes_;
  PayloadPattern pattern_;
};

}  // namespace netvolley::bench
