#include "io/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>

namespace netvolley {

namespace {

static_assert(sizeof(sockaddr_in6) == Address::kMaxBytes);

const sockaddr_in& v4(const sockaddr* address) { return *reinterpret_cast<const sockaddr_in*>(address); }
const sockaddr_in6& v6(const sockaddr* address) { return *reinterpret_cast<const sockaddr_in6*>(address); }

uint64_t mix(uint64_t value) {
  // The finaliser of MurmurHash3: spreads close addresses and ports over the whole table.
  value ^= value >> 33;
  value *= 0xff51afd7ed558ccdULL;
  value ^= value >> 33;
  value *= 0xc4ceb9fe1a85ec53ULL;
  return value ^ (value >> 33);
}

}  // namespace

bool Address::parse(std::string_view host, uint16_t port, Address* out) {
  const std::string text(host);
  Address result;
  sockaddr_in* four = reinterpret_cast<sockaddr_in*>(result.bytes_.data());
  if (inet_pton(AF_INET, text.c_str(), &four->sin_addr) == 1) {
    four->sin_family = AF_INET;
    four->sin_port = htons(port);
    result.size_ = sizeof(sockaddr_in);
    *out = result;
    return true;
  }
  result.bytes_.fill(0);
  sockaddr_in6* six = reinterpret_cast<sockaddr_in6*>(result.bytes_.data());
  if (inet_pton(AF_INET6, text.c_str(), &six->sin6_addr) != 1) return false;
  six->sin6_family = AF_INET6;
  six->sin6_port = htons(port);
  result.size_ = sizeof(sockaddr_in6);
  *out = result;
  return true;
}

bool Address::is_mapped() const { return data()->sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&v6(data()).sin6_addr); }

Family Address::family() const {
  if (size_ == 0) return Family::kNone;
  if (data()->sa_family == AF_INET || is_mapped()) return Family::kIpv4;
  return data()->sa_family == AF_INET6 ? Family::kIpv6 : Family::kNone;
}

// sin_port and sin6_port lie at the same offset.
uint16_t Address::port() const { return size_ == 0 ? 0 : ntohs(v4(data()).sin_port); }

void Address::set_port(uint16_t port) { reinterpret_cast<sockaddr_in*>(bytes_.data())->sin_port = htons(port); }

uint32_t Address::scope_id() const {
  return size_ != 0 && data()->sa_family == AF_INET6 ? v6(data()).sin6_scope_id : 0;
}

bool Address::is_wildcard() const {
  if (size_ == 0) return true;
  if (data()->sa_family == AF_INET) return v4(data()).sin_addr.s_addr == INADDR_ANY;
  return IN6_IS_ADDR_UNSPECIFIED(&v6(data()).sin6_addr);
}

uint32_t Address::copy_host(uint8_t out[16]) const {
  if (size_ == 0) return 0;
  if (data()->sa_family == AF_INET) {
    std::memcpy(out, &v4(data()).sin_addr, 4);
    return 4;
  }
  const uint8_t* six = v6(data()).sin6_addr.s6_addr;
  if (is_mapped()) {
    std::memcpy(out, six + 12, 4);
    return 4;
  }
  std::memcpy(out, six, 16);
  return 16;
}

std::string Address::host_text() const {
  uint8_t host[16];
  const uint32_t bytes = copy_host(host);
  char text[INET6_ADDRSTRLEN] = "";
  if (bytes != 0) inet_ntop(bytes == 4 ? AF_INET : AF_INET6, host, text, sizeof text);
  return text;
}

bool Address::operator==(const Address& other) const {
  return size_ == other.size_ && std::memcmp(bytes_.data(), other.bytes_.data(), size_) == 0;
}

uint64_t Address::hash() const {
  uint64_t words[4] = {};
  std::memcpy(words, bytes_.data(), size_);
  return mix(words[0] ^ mix(words[1] ^ mix(words[2] ^ words[3] ^ size_)));
}

}  // namespace netvolley
