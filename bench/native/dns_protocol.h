#pragma once

#include "datagram_protocol.h"
#include "options.h"

namespace netvolley::bench {

// DNS queries from a file, asked in order again and again with IDs of our own (RFC 1035 section 4.1.1). A reply is
// right when it has QR = 1, the ID, and the question of its query, names compared without case.
class DnsProtocol final : public DatagramProtocol {
 public:
  // --queries FILE: whole queries, each behind its length as u16 big endian.
  static DnsProtocol from(Options& options);

  uint64_t token_count() const override { return 65536; }
  size_t max_request_bytes() const override { return max_query_bytes_; }
  size_t max_reply_bytes() const override { return 4096; }
  void set_slots(size_t count) override { query_of_slot_.assign(count, 0); }
  size_t compose(uint64_t token, size_t slot, uint8_t* into) override;
  std::optional<uint64_t> token_of(std::span<const uint8_t> reply) const override;
  const char* fault_of(uint64_t token, size_t slot, std::span<const uint8_t> reply) override;
  std::vector<std::pair<std::string, uint64_t>> counters() const override;

 private:
  struct Query {
    std::vector<uint8_t> bytes;
    size_t name_end;      // the question's name lies at kHeaderBytes .. name_end
    size_t question_end;  // type and class behind it
  };

  explicit DnsProtocol(std::vector<Query> queries);
  static Query parse(std::vector<uint8_t> bytes, size_t index);

  std::vector<Query> queries_;
  size_t max_query_bytes_ = 0;
  size_t next_query_ = 0;
  std::vector<size_t> query_of_slot_;
  uint64_t truncated_ = 0;
  uint64_t error_replies_ = 0;
};

}  // namespace netvolley::bench
