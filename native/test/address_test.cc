#include "io/address.h"

#include <net/if.h>
#include <netinet/in.h>

#include <cstring>
#include <set>

#include "test/check.h"

namespace netvolley::test {
namespace {

Address parsed(std::string_view host, uint16_t port) {
  Address address;
  CHECK(Address::parse(host, port, &address));
  return address;
}

}  // namespace

TEST("[SV2] IPv4 and IPv6 literals keep their host, port and family") {
  struct Literal {
    const char* host;
    Family family;
    uint32_t bytes;
  };
  // The last one has 39 characters, the longest there is.
  for (const Literal& literal :
       {Literal{"127.0.0.1", Family::kIpv4, 4}, Literal{"255.255.255.255", Family::kIpv4, 4},
        Literal{"::1", Family::kIpv6, 16}, Literal{"2001:db8:1111:2222:3333:4444:5555:6666", Family::kIpv6, 16},
        Literal{"fdff:abcd:ef01:2345:6789:abcd:ef01:2345", Family::kIpv6, 16}}) {
    const Note note(literal.host);
    const Address address = parsed(literal.host, 65535);
    CHECK_EQ(address.host_text(), literal.host);
    CHECK_EQ(address.port(), 65535);
    CHECK(address.family() == literal.family);
    uint8_t host[16];
    CHECK_EQ(address.copy_host(host), literal.bytes);
    CHECK_EQ(address.size(), literal.bytes == 4 ? sizeof(sockaddr_in) : sizeof(sockaddr_in6));
    CHECK(!address.is_wildcard());
  }
}

TEST("[SV2] an IPv4 address inside IPv6 counts as IPv4, as on a dual stack socket") {
  const Address address = parsed("::ffff:192.0.2.1", 80);
  CHECK(address.family() == Family::kIpv4);
  CHECK_EQ(address.host_text(), "192.0.2.1");
  uint8_t host[16];
  CHECK_EQ(address.copy_host(host), 4);
  CHECK_EQ(host[0], 192);
  CHECK_EQ(host[3], 1);
  CHECK(!(address == parsed("192.0.2.1", 80)));  // another socket address: replies have to go to this one
}

TEST("[SV2] what is no address is refused and changes nothing") {
  for (const char* host : {"", "localhost", "1.2.3", "1.2.3.4.5", "256.1.1.1", "1.2.3.4 ", ":::", "fe80::1%lo", "[::1]",
                           "12345::", "01.2.3.4x"}) {
    const Note note(host);
    Address address = parsed("192.0.2.9", 9);
    CHECK(!Address::parse(host, 1, &address));
    CHECK(address == parsed("192.0.2.9", 9));
  }
}

TEST("[SV2] wildcards are recognised in both families") {
  CHECK(parsed("0.0.0.0", 1).is_wildcard());
  CHECK(parsed("::", 1).is_wildcard());
  CHECK(Address().is_wildcard());
  CHECK(!parsed("::2", 1).is_wildcard());
}

TEST("[SV2] an address that was never set has no family, no port and no host") {
  const Address address;
  CHECK(address.family() == Family::kNone);
  CHECK_EQ(address.port(), 0);
  CHECK_EQ(address.scope_id(), 0);
  CHECK_EQ(address.host_text(), "");
  uint8_t host[16];
  CHECK_EQ(address.copy_host(host), 0);
}

TEST("[SV2] the scope of a link-local address is kept, and tells addresses apart") {
  Address first = parsed("fe80::1", 53);
  Address second = first;
  sockaddr_in6 six;
  std::memcpy(&six, second.data(), sizeof six);
  six.sin6_scope_id = 7;
  std::memcpy(second.data(), &six, sizeof six);
  CHECK_EQ(first.scope_id(), 0);
  CHECK_EQ(second.scope_id(), 7);
  CHECK(!(first == second));
}

TEST("[SV2] the size that a kernel reports never goes over the storage") {
  Address address;
  address.set_size(128);
  CHECK_EQ(address.size(), Address::kMaxBytes);
}

TEST("[U35] an IPv6 literal may carry its zone, as an index or as the name of an interface") {
  Address address;
  CHECK(Address::parse_scoped("fe80::1%3", 53, &address));
  CHECK_EQ(address.scope_id(), 3);
  CHECK_EQ(address.port(), 53);
  CHECK_EQ(address.host_text(), "fe80::1");
  CHECK(Address::parse_scoped("fe80::1%lo", 53, &address));
  CHECK_EQ(address.scope_id(), if_nametoindex("lo"));
  CHECK(Address::parse_scoped("::1", 1, &address));
  CHECK_EQ(address.scope_id(), 0);
  CHECK(Address::parse_scoped("127.0.0.1", 1, &address));
  for (const char* host : {"127.0.0.1%lo", "127.0.0.1%1", "fe80::1%", "fe80::1%0", "fe80::1%nosuch0", "fe80::1%1%2",
                           "%1", "fe80::1%99999999999"}) {
    const Note note(host);
    Address kept = parsed("192.0.2.9", 9);
    CHECK(!Address::parse_scoped(host, 1, &kept));
    CHECK(kept == parsed("192.0.2.9", 9));
  }
}

TEST("[U35] an IPv4 address is mapped into IPv6 for a dual-stack socket; others stay as they are") {
  const Address mapped = parsed("192.0.2.1", 80).mapped();
  CHECK(mapped == parsed("::ffff:192.0.2.1", 80));
  CHECK_EQ(mapped.size(), sizeof(sockaddr_in6));
  CHECK(mapped.mapped() == mapped);
  CHECK(parsed("::1", 80).mapped() == parsed("::1", 80));
  CHECK(Address().mapped() == Address());
}

TEST("[U36] group addresses are told from others in both families") {
  for (const char* host : {"224.0.0.1", "239.255.255.255", "ff02::1", "::ffff:224.0.0.1"}) {
    CHECK(parsed(host, 1).is_multicast());
  }
  for (const char* host : {"223.255.255.255", "240.0.0.1", "fe80::1", "::1"}) CHECK(!parsed(host, 1).is_multicast());
  CHECK(!Address().is_multicast());
}

TEST("[U35] addresses come from the kernel's structures and from bare hosts") {
  const Address six = parsed("fe80::7", 5);
  CHECK(Address::from_system(six.data()) == six);
  const Address four = parsed("127.0.0.9", 5);
  CHECK(Address::from_system(four.data()) == four);
  sockaddr other{};
  other.sa_family = AF_UNIX;
  CHECK(Address::from_system(&other).family() == Family::kNone);
  uint8_t host[16];
  CHECK(Address::from_host(host, four.copy_host(host), 0) == parsed("127.0.0.9", 0));
  CHECK_EQ(six.copy_host(host), 16);
  CHECK_EQ(Address::from_host(host, 16, 4).scope_id(), 4);
}

TEST("[SV17] addresses that are close to each other have hashes that spread over a table") {
  std::set<uint64_t> hashes;
  std::set<uint64_t> places;
  for (uint32_t i = 0; i < 4096; ++i) {
    Address address = parsed("10.0.0." + std::to_string(i % 256), static_cast<uint16_t>(40000 + i / 256));
    hashes.insert(address.hash());
    places.insert(address.hash() % 8192);
    const Address same = address;
    CHECK_EQ(same.hash(), address.hash());
    address.set_port(1);
    CHECK(same.hash() != address.hash());
  }
  CHECK_EQ(hashes.size(), 4096);
  // 4,096 keys thrown at random into 8,192 places meet about 3,224 of them.
  CHECK(places.size() > 3000);
}

}  // namespace netvolley::test
