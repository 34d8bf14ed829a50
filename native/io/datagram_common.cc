#include "io/datagram_common.h"

#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "io/datagram_control.h"
#include "io/socket_options.h"

namespace netvolley {

namespace {

// Linux' names for what the C library's headers lack.
constexpr int kIpMulticastAll = 49;
constexpr int kIpv6MulticastAll = 29;
constexpr int kSoPreferBusyPoll = 69;

// Sets options until one is refused.
class Setter {
 public:
  Setter(int fd, const Address& at, bool ipv6_only)
      : fd_(fd), six_(at.data()->sa_family == AF_INET6), four_(!six_ || !ipv6_only) {}

  void set(int level, int option, int value) {
    if (error_ == 0 && setsockopt(fd_, level, option, &value, sizeof value) != 0) error_ = errno;
  }
  // A dual-stack socket takes both: IPv4 packets come with IPv4's messages.
  void set_both(int option4, int option6, int value) {
    if (four_) set(IPPROTO_IP, option4, value);
    if (six_) set(IPPROTO_IPV6, option6, value);
  }
  // Of its own family alone: a dual-stack socket would get it twice.
  void set_own(int option4, int option6, int value) {
    if (six_) return set(IPPROTO_IPV6, option6, value);
    set(IPPROTO_IP, option4, value);
  }
  int error() const { return error_; }

 private:
  int fd_;
  bool six_;
  bool four_;
  int error_ = 0;
};

int discovery_of(PathMtu mode) {
  if (mode == PathMtu::kDont) return IP_PMTUDISC_DONT;
  return mode == PathMtu::kDo ? IP_PMTUDISC_DO : IP_PMTUDISC_PROBE;
}

void set_receiving(const DatagramSocketOptions& options, Setter* setter) {
  if (options.gro) setter->set(SOL_UDP, UDP_GRO, 1);
  if (options.traffic_class) setter->set_both(IP_RECVTOS, IPV6_RECVTCLASS, 1);
  if (options.hop_limit) setter->set_both(IP_RECVTTL, IPV6_RECVHOPLIMIT, 1);
  if (options.packet_info) setter->set_own(IP_PKTINFO, IPV6_RECVPKTINFO, 1);
  if (options.timestamps) setter->set(SOL_SOCKET, SO_TIMESTAMPNS, 1);
  if (options.error_queue) setter->set_both(IP_RECVERR, IPV6_RECVERR, 1);
}

void set_sending(const DatagramSocketOptions& options, Setter* setter) {
  if (options.path_mtu != PathMtu::kSystem) {
    setter->set_both(IP_MTU_DISCOVER, IPV6_MTU_DISCOVER, discovery_of(options.path_mtu));
  }
  if (options.send_traffic_class != 0) setter->set_both(IP_TOS, IPV6_TCLASS, options.send_traffic_class);
  if (options.send_hop_limit != 0) setter->set_both(IP_TTL, IPV6_UNICAST_HOPS, options.send_hop_limit);
  if (options.broadcast) setter->set(SOL_SOCKET, SO_BROADCAST, 1);
  if (options.multicast_ttl != 1) setter->set_both(IP_MULTICAST_TTL, IPV6_MULTICAST_HOPS, options.multicast_ttl);
  if (!options.multicast_loopback) setter->set_both(IP_MULTICAST_LOOP, IPV6_MULTICAST_LOOP, 0);
  if (!options.multicast_all) setter->set_both(kIpMulticastAll, kIpv6MulticastAll, 0);
}

// What the system may refuse: the socket works without.
void set_comforts(int fd, const DatagramSocketOptions& options) {
  if (options.receive_buffer_bytes != 0) set_receive_buffer(fd, options.receive_buffer_bytes);
  if (options.send_buffer_bytes != 0) set_send_buffer(fd, options.send_buffer_bytes);
  if (options.busy_poll_us == 0) return;
  const int micros = static_cast<int>(options.busy_poll_us);
  const int prefer = 1;
  setsockopt(fd, SOL_SOCKET, SO_BUSY_POLL, &micros, sizeof micros);
  setsockopt(fd, SOL_SOCKET, kSoPreferBusyPoll, &prefer, sizeof prefer);
}

int set_up(int fd, const Address& at, const DatagramSocketOptions& options) {
  Setter setter(fd, at, options.ipv6_only);
  if (options.reuse_address) setter.set(SOL_SOCKET, SO_REUSEADDR, 1);
  if (options.reuse_port) setter.set(SOL_SOCKET, SO_REUSEPORT, 1);
  // Before bind(): the first datagram may come with it.
  set_receiving(options, &setter);
  set_sending(options, &setter);
  set_comforts(fd, options);
  return setter.error();
}

}  // namespace

IoResult PosixDatagramIo::open(const Address& at, const DatagramSocketOptions& options, Address* bound) {
  const IoResult made = open_socket(at, SOCK_DGRAM, options.ipv6_only);
  if (!made.ok()) return made;
  const int fd = static_cast<int>(made.count);
  const int error = set_up(fd, at, options);
  const IoResult done = error == 0 ? bind_socket(fd, at, bound) : IoResult::failure(error);
  if (!done.ok()) ::close(fd);
  return done.ok() ? made : done;
}

IoResult PosixDatagramIo::read_error(int fd, QueuedError* error) {
  Address to;
  alignas(8) uint8_t control[kReceiveControlBytes];
  uint8_t payload = 0;  // the datagram comes back with the report; nobody wants it
  iovec slice{&payload, sizeof payload};
  msghdr header{};
  header.msg_name = to.data();
  header.msg_namelen = Address::kMaxBytes;
  header.msg_iov = &slice;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof control;
  if (recvmsg(fd, &header, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) return IoResult::failure(errno);
  to.set_size(header.msg_namelen);
  *error = QueuedError{};
  error->to = to;
  read_queued_error(header, error);
  return IoResult::success(1);
}

int PosixDatagramIo::take_error(int fd) {
  int error = 0;
  socklen_t size = sizeof error;
  return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : 0;
}

uint32_t PosixDatagramIo::kernel_drops(int fd) { return socket_drops(fd); }

uint32_t PosixDatagramIo::path_mtu(int fd) {
  int mtu = 0;
  socklen_t size = sizeof mtu;
  if (getsockopt(fd, IPPROTO_IP, IP_MTU, &mtu, &size) == 0 && mtu > 0) return static_cast<uint32_t>(mtu);
  size = sizeof mtu;
  if (getsockopt(fd, IPPROTO_IPV6, IPV6_MTU, &mtu, &size) == 0 && mtu > 0) return static_cast<uint32_t>(mtu);
  return 0;
}

void PosixDatagramIo::close(int fd) { ::close(fd); }

IoResult PosixDatagramIo::receive_one(int fd, ReceiveVector* vector, bool with_info) {
  msghdr header{};
  iovec slices[2];
  prepare_receive(*vector, &header, slices, with_info ? receive_control_ : nullptr);
  const ssize_t got = recvmsg(fd, &header, MSG_DONTWAIT | MSG_TRUNC);
  if (got < 0) return IoResult::failure(errno);
  finish_receive(header, static_cast<uint32_t>(got), with_info, vector);
  return IoResult::success(1);
}

IoResult PosixDatagramIo::send_one(int fd, const SendVector& vector) {
  msghdr header{};
  iovec slice;
  prepare_send(vector, &header, &slice, send_control_);
  return sendmsg(fd, &header, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? IoResult::failure(errno) : IoResult::success(1);
}

}  // namespace netvolley
