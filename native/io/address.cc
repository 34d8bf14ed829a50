#include "io/address.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <charconv>
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

// 0 = there is no such interface. An index is taken as it is: the kernel says where it does not exist.
uint32_t zone_index(std::string_view zone) {
  uint32_t index = 0;
  const char* end = zone.data() + zone.size();
  const auto [stopped, error] = std::from_chars(zone.data(), end, index);
  if (error == std::errc() && stopped == end) return index;
  return if_nametoindex(std::string(zone).c_str());
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

bool Address::parse_scoped(std::string_view host, uint16_t port, Address* out) {
  const size_t percent = host.find('%');
  if (percent == std::string_view::npos) return parse(host, port, out);
  Address result;
  if (!parse(host.substr(0, percent), port, &result) || result.data()->sa_family != AF_INET6) return false;
  const uint32_t scope = zone_index(host.substr(percent + 1));
  if (scope == 0) return false;
  reinterpret_cast<sockaddr_in6*>(result.bytes_.data())->sin6_scope_id = scope;
  *out = result;
  return true;
}

Address Address::from_system(const sockaddr* address) {
  Address result;
  const bool four = address->sa_family == AF_INET;
  if (!four && address->sa_family != AF_INET6) return result;
  result.size_ = four ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
  std::memcpy(result.bytes_.data(), address, result.size_);
  return result;
}

Address Address::from_host(const void* host, uint32_t bytes, uint32_t scope_id) {
  Address result;
  if (bytes == 4) {
    sockaddr_in* four = reinterpret_cast<sockaddr_in*>(result.bytes_.data());
    four->sin_family = AF_INET;
    std::memcpy(&four->sin_addr, host, 4);
    result.size_ = sizeof(sockaddr_in);
    return result;
  }
  sockaddr_in6* six = reinterpret_cast<sockaddr_in6*>(result.bytes_.data());
  six->sin6_family = AF_INET6;
  six->sin6_scope_id = scope_id;
  std::memcpy(&six->sin6_addr, host, 16);
  result.size_ = sizeof(sockaddr_in6);
  return result;
}

Address Address::mapped() const {
  if (size_ == 0 || data()->sa_family != AF_INET) return *this;
  uint8_t host[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  std::memcpy(host + 12, &v4(data()).sin_addr, 4);
  Address result = from_host(host, 16, 0);
  result.set_port(port());
  return result;
}

bool Address::is_multicast() const {
  uint8_t host[16];
  const uint32_t bytes = copy_host(host);
  return bytes == 4 ? host[0] >> 4 == 14 : bytes == 16 && host[0] == 0xff;
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
