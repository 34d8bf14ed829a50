#include "dns_protocol.h"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>

namespace netvolley::bench {
namespace {

constexpr size_t kHeaderBytes = 12;
constexpr size_t kTypeAndClassBytes = 4;
constexpr uint8_t kResponseBit = 0x80;   // QR, in byte 2
constexpr uint8_t kTruncatedBit = 0x02;  // TC, in byte 2
constexpr uint8_t kRcodeMask = 0x0f;     // in byte 3
constexpr uint8_t kNoError = 0;
constexpr uint8_t kNameError = 3;

size_t read_u16(const uint8_t* bytes) { return static_cast<size_t>(bytes[0] << 8 | bytes[1]); }

// Length bytes are at most 63, below every letter, so a whole encoded name can be folded byte by byte.
uint8_t fold(uint8_t byte) { return byte >= 'A' && byte <= 'Z' ? static_cast<uint8_t>(byte | 0x20) : byte; }

bool equal_without_case(const uint8_t* left, const uint8_t* right, size_t size) {
  if (std::memcmp(left, right, size) == 0) return true;
  return std::equal(left, left + size, right, [](uint8_t a, uint8_t b) { return fold(a) == fold(b); });
}

}  // namespace

DnsProtocol DnsProtocol::from(Options& options) {
  const std::string path = options.text("queries", "");
  if (path.empty()) usage_error("--queries FILE is required");
  std::ifstream file(path, std::ios::binary);
  if (!file) usage_error("cannot read " + path);
  const std::vector<uint8_t> bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  std::vector<Query> queries;
  for (size_t at = 0; at < bytes.size();) {
    if (bytes.size() - at < 2 || bytes.size() - at - 2 < read_u16(bytes.data() + at)) {
      usage_error(path + " ends inside query " + std::to_string(queries.size()));
    }
    const uint8_t* begin = bytes.data() + at + 2;
    const size_t size = read_u16(bytes.data() + at);
    queries.push_back(parse({begin, begin + size}, queries.size()));
    at += 2 + size;
  }
  if (queries.empty()) usage_error(path + " holds no queries");
  return DnsProtocol(std::move(queries));
}

DnsProtocol::DnsProtocol(std::vector<Query> queries) : queries_(std::move(queries)) {
  for (const Query& query : queries_) max_query_bytes_ = std::max(max_query_bytes_, query.bytes.size());
}

DnsProtocol::Query DnsProtocol::parse(std::vector<uint8_t> bytes, size_t index) {
  size_t at = kHeaderBytes;
  while (at < bytes.size() && bytes[at] != 0 && bytes[at] < 64) at += 1 + bytes[at];
  const bool has_name = at < bytes.size() && bytes[at] == 0;
  if (!has_name || bytes.size() - at - 1 < kTypeAndClassBytes || read_u16(bytes.data() + 4) != 1) {
    usage_error("query " + std::to_string(index) + " does not hold one question with an uncompressed name");
  }
  return {std::move(bytes), at + 1, at + 1 + kTypeAndClassBytes};
}

size_t DnsProtocol::compose(uint64_t token, size_t slot, uint8_t* into) {
  const Query& query = queries_[next_query_];
  query_of_slot_[slot] = next_query_;
  next_query_ = next_query_ + 1 == queries_.size() ? 0 : next_query_ + 1;
  std::memcpy(into, query.bytes.data(), query.bytes.size());
  into[0] = static_cast<uint8_t>(token >> 8);
  into[1] = static_cast<uint8_t>(token);
  return query.bytes.size();
}

std::optional<uint64_t> DnsProtocol::token_of(std::span<const uint8_t> reply) const {
  if (reply.size() < kHeaderBytes) return std::nullopt;
  return read_u16(reply.data());
}

const char* DnsProtocol::fault_of(uint64_t, size_t slot, std::span<const uint8_t> reply) {
  const Query& query = queries_[query_of_slot_[slot]];
  if ((reply[2] & kResponseBit) == 0) return "not a response";
  if (read_u16(reply.data() + 4) != 1 || reply.size() < query.question_end) return "no question";
  const uint8_t* asked = query.bytes.data();
  if (!equal_without_case(reply.data() + kHeaderBytes, asked + kHeaderBytes, query.name_end - kHeaderBytes) ||
      std::memcmp(reply.data() + query.name_end, asked + query.name_end, kTypeAndClassBytes) != 0) {
    return "another question";
  }
  const uint8_t rcode = reply[3] & kRcodeMask;
  if ((reply[2] & kTruncatedBit) != 0) ++truncated_;
  if (rcode != kNoError && rcode != kNameError) ++error_replies_;
  return nullptr;
}

std::vector<std::pair<std::string, uint64_t>> DnsProtocol::counters() const {
  return {{"truncated", truncated_}, {"errorReplies", error_replies_}};
}

}  // namespace netvolley::bench
