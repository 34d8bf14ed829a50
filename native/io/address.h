#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

struct sockaddr;

namespace netvolley {

enum class Family : uint8_t { kNone = 0, kIpv4 = 4, kIpv6 = 6 };

// An IPv4 or IPv6 address with its port, stored as the kernel's own structure (28 bytes hold either).
class Address {
 public:
  static constexpr uint32_t kMaxBytes = 28;

  Address() = default;
  // Returns false where `host` is not an IP literal; `%scope` is not taken.
  [[nodiscard]] static bool parse(std::string_view host, uint16_t port, Address* out);
  // As parse(), and `%zone` (a name or an index) behind an IPv6 literal.
  [[nodiscard]] static bool parse_scoped(std::string_view host, uint16_t port, Address* out);
  // What the kernel filled in; anything but IPv4 and IPv6 gives an empty address.
  static Address from_system(const sockaddr* address);
  // `bytes` is 4 or 16, in network order.
  static Address from_host(const void* host, uint32_t bytes, uint32_t scope_id);

  Family family() const;
  uint16_t port() const;
  void set_port(uint16_t port);
  uint32_t scope_id() const;
  bool is_wildcard() const;
  bool is_multicast() const;
  // An IPv4 address as ::ffff:a.b.c.d, as a dual-stack socket wants it; others unchanged.
  Address mapped() const;
  // 4 or 16 bytes in network order; an IPv4-mapped IPv6 address gives its 4 bytes and counts as IPv4.
  uint32_t copy_host(uint8_t out[16]) const;
  std::string host_text() const;

  sockaddr* data() { return reinterpret_cast<sockaddr*>(bytes_.data()); }
  const sockaddr* data() const { return reinterpret_cast<const sockaddr*>(bytes_.data()); }
  uint32_t size() const { return size_; }
  void set_size(uint32_t size) { size_ = size < kMaxBytes ? size : kMaxBytes; }

  bool operator==(const Address& other) const;
  uint64_t hash() const;

 private:
  bool is_mapped() const;

  alignas(8) std::array<uint8_t, kMaxBytes> bytes_{};
  uint32_t size_ = 0;
};

// JavaScript keeps arrays of them in shared memory.
static_assert(sizeof(Address) == 32 && std::is_trivially_copyable_v<Address>);

}  // namespace netvolley
