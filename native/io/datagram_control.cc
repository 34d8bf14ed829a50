#include "io/datagram_control.h"

#include <ifaddrs.h>
#include <linux/filter.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <string>

#include "io/socket_options.h"

namespace netvolley {

namespace {

int set_int(int fd, int level, int option, int value) {
  return setsockopt(fd, level, option, &value, sizeof value) == 0 ? 0 : errno;
}

// A dual-stack socket takes both: what leaves it as IPv4 obeys IPv4's options.
int set_both(int fd, SocketKind kind, int option4, int option6, int value) {
  int error = 0;
  if (kind.family == Family::kIpv6) error = set_int(fd, IPPROTO_IPV6, option6, value);
  if (error != 0 || (kind.family == Family::kIpv6 && !kind.dual)) return error;
  return set_int(fd, IPPROTO_IP, option4, value);
}

int set_multicast_interface(int fd, SocketKind kind, int index) {
  if (kind.family == Family::kIpv6) {
    const int error = set_int(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, index);
    if (error != 0 || !kind.dual) return error;
  }
  ip_mreqn request{};
  request.imr_ifindex = index;
  return setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &request, sizeof request) == 0 ? 0 : errno;
}

// The kernel wants the group of IPv4 as such, also on a dual-stack socket.
void copy_group(const Address& from, sockaddr_storage* to) {
  uint8_t host[16];
  const uint32_t bytes = from.copy_host(host);
  const Address plain = Address::from_host(host, bytes, from.scope_id());
  std::memcpy(to, plain.data(), plain.size());
}

uint32_t index_of_address(const Address& wanted) {
  uint8_t host[16];
  const uint32_t bytes = wanted.copy_host(host);
  ifaddrs* all = nullptr;
  if (getifaddrs(&all) != 0) return 0;
  uint32_t index = 0;
  for (const ifaddrs* at = all; at != nullptr && index == 0; at = at->ifa_next) {
    if (at->ifa_addr == nullptr) continue;
    uint8_t own[16];
    const Address address = Address::from_system(at->ifa_addr);
    if (address.copy_host(own) == bytes && std::memcmp(own, host, bytes) == 0) index = if_nametoindex(at->ifa_name);
  }
  freeifaddrs(all);
  return index;
}

// What a socket of this system has from the start; the system tells twice of what it takes. 0 = it does not tell.
uint32_t default_buffer_bytes(int option) {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  int value = 0;
  socklen_t size = sizeof value;
  if (fd >= 0) getsockopt(fd, SOL_SOCKET, option, &value, &size);
  if (fd >= 0) close(fd);
  return static_cast<uint32_t>(value / 2);
}

}  // namespace

int set_socket_option(int fd, SocketKind kind, SocketOption option, int64_t value) {
  const int number = static_cast<int>(value);
  switch (option) {
    case SocketOption::kReceiveBuffer:
      set_receive_buffer(fd, number == 0 ? default_buffer_bytes(SO_RCVBUF) : static_cast<uint32_t>(value));
      return 0;
    case SocketOption::kSendBuffer:
      set_send_buffer(fd, number == 0 ? default_buffer_bytes(SO_SNDBUF) : static_cast<uint32_t>(value));
      return 0;
    case SocketOption::kTrafficClass:
      return set_both(fd, kind, IP_TOS, IPV6_TCLASS, number);
    case SocketOption::kHopLimit:
      return set_both(fd, kind, IP_TTL, IPV6_UNICAST_HOPS, number == 0 ? -1 : number);
    case SocketOption::kBroadcast:
      return set_int(fd, SOL_SOCKET, SO_BROADCAST, number);
    case SocketOption::kMulticastTtl:
      return set_both(fd, kind, IP_MULTICAST_TTL, IPV6_MULTICAST_HOPS, number);
    case SocketOption::kMulticastLoopback:
      return set_both(fd, kind, IP_MULTICAST_LOOP, IPV6_MULTICAST_LOOP, number);
    case SocketOption::kMulticastInterface:
      return set_multicast_interface(fd, kind, number);
    case SocketOption::kErrorQueue:
      return set_both(fd, kind, IP_RECVERR, IPV6_RECVERR, number);
    case SocketOption::kCount:
      break;
  }
  return EINVAL;
}

int64_t get_socket_option(int fd, SocketOption option) {
  const bool receive = option == SocketOption::kReceiveBuffer;
  if (!receive && option != SocketOption::kSendBuffer) return -1;
  int value = 0;
  socklen_t size = sizeof value;
  return getsockopt(fd, SOL_SOCKET, receive ? SO_RCVBUF : SO_SNDBUF, &value, &size) == 0 ? value : -1;
}

int connect_datagram(int fd, const Address& to) { return connect(fd, to.data(), to.size()) == 0 ? 0 : errno; }

int disconnect_datagram(int fd, const Address& local) {
  sockaddr nobody{};
  nobody.sa_family = AF_UNSPEC;
  if (connect(fd, &nobody, sizeof nobody) != 0) return errno;
  // What the last peer refused must not become the error of the first datagram to another one: reading takes it.
  int pending = 0;
  socklen_t size = sizeof pending;
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &pending, &size);
  Address left;
  const int error = local_address(fd, &left);
  // A port that bind() was asked for stays; one that the system chose is gone.
  if (error != 0 || left.port() == local.port()) return error;
  return bind(fd, local.data(), local.size()) == 0 ? 0 : errno;
}

int local_address(int fd, Address* local) {
  socklen_t size = Address::kMaxBytes;
  if (getsockname(fd, local->data(), &size) != 0) return errno;
  local->set_size(size);
  return 0;
}

int change_membership(int fd, const Membership& membership) {
  const int level = membership.group.family() == Family::kIpv4 ? IPPROTO_IP : IPPROTO_IPV6;
  if (membership.source.family() == Family::kNone) {
    group_req request{};
    request.gr_interface = membership.interface_index;
    copy_group(membership.group, &request.gr_group);
    const int option = membership.join ? MCAST_JOIN_GROUP : MCAST_LEAVE_GROUP;
    return setsockopt(fd, level, option, &request, sizeof request) == 0 ? 0 : errno;
  }
  if (membership.source.family() != membership.group.family()) return EINVAL;
  group_source_req request{};
  request.gsr_interface = membership.interface_index;
  copy_group(membership.group, &request.gsr_group);
  copy_group(membership.source, &request.gsr_source);
  const int option = membership.join ? MCAST_JOIN_SOURCE_GROUP : MCAST_LEAVE_SOURCE_GROUP;
  return setsockopt(fd, level, option, &request, sizeof request) == 0 ? 0 : errno;
}

uint32_t interface_index(std::string_view interface) {
  uint32_t index = 0;
  const char* end = interface.data() + interface.size();
  const auto [stopped, error] = std::from_chars(interface.data(), end, index);
  char name[IF_NAMESIZE];
  if (error == std::errc() && stopped == end) return if_indextoname(index, name) == nullptr ? 0 : index;
  Address address;
  if (Address::parse_scoped(interface, 0, &address)) return index_of_address(address);
  return if_nametoindex(std::string(interface).c_str());
}

int steer_by_cpu(int fd, uint32_t count) {
  if (count == 0) return set_int(fd, SOL_SOCKET, SO_DETACH_REUSEPORT_BPF, 0);
  sock_filter code[] = {
      {BPF_LD | BPF_W | BPF_ABS, 0, 0, static_cast<uint32_t>(SKF_AD_OFF + SKF_AD_CPU)},
      {BPF_ALU | BPF_MOD | BPF_K, 0, 0, count},
      {BPF_RET | BPF_A, 0, 0, 0},
  };
  const sock_fprog program{3, code};
  return setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof program) == 0 ? 0 : errno;
}

}  // namespace netvolley
