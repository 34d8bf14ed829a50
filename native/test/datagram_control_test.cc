#include "io/datagram_control.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>

#include <set>
#include <thread>

#include "io/datagram_fd.h"
#include "test/io_socket.h"

namespace netvolley::test {
namespace {

constexpr SocketKind kFour{Family::kIpv4, false};
constexpr SocketKind kSix{Family::kIpv6, false};
constexpr SocketKind kDual{Family::kIpv6, true};

std::unique_ptr<DatagramIo> make_io() { return make_datagram_io(BackEnd::kSingle, 1); }

DatagramSocketOptions with_info() {
  DatagramSocketOptions options;
  options.traffic_class = options.hop_limit = true;
  return options;
}

// A loopback interface takes part in groups only where it is named.
uint32_t lo() { return if_nametoindex("lo"); }

// One that IPv6 groups are routed to, which loopback is not; what is sent to them with a hop limit of 0 stays here.
uint32_t group_interface6() {
  ifaddrs* all = nullptr;
  CHECK_EQ(getifaddrs(&all), 0);
  uint32_t index = 0;
  for (const ifaddrs* at = all; at != nullptr && index == 0; at = at->ifa_next) {
    const bool six = at->ifa_addr != nullptr && at->ifa_addr->sa_family == AF_INET6;
    const unsigned wanted = IFF_UP | IFF_MULTICAST;
    if (six && (at->ifa_flags & wanted) == wanted) index = if_nametoindex(at->ifa_name);
  }
  freeifaddrs(all);
  if (index == 0) std::printf("left out: no interface here takes IPv6 groups\n");
  return index;
}

}  // namespace

TEST("[U2] a connected socket sends without an address and hears its peer alone") {
  const std::unique_ptr<DatagramIo> io = make_io();
  IoSocket socket(*io);
  IoSocket peer(*io);
  IoSocket stranger(*io);
  CHECK_EQ(connect_datagram(socket.fd(), peer.at()), 0);
  CHECK_EQ(socket.send("a", nullptr), 0);
  CHECK_EQ(receive_one(*io, peer)->text(), "a");
  CHECK_EQ(stranger.send("b", &socket.at()), 0);
  CHECK(is_dry(*io, socket));
  CHECK_EQ(peer.send("c", &socket.at()), 0);
  CHECK_EQ(receive_one(*io, socket)->text(), "c");
  CHECK_EQ(connect_datagram(socket.fd(), stranger.at()), 0);  // to another one, without dissolving the first
  CHECK_EQ(stranger.send("d", &socket.at()), 0);
  CHECK_EQ(receive_one(*io, socket)->text(), "d");
}

TEST("[U2] a dissolved connection leaves the socket at its port, chosen by the system or not, and open to everybody") {
  const std::unique_ptr<DatagramIo> io = make_io();
  std::vector<std::pair<const char*, const char*>> hosts{{"127.0.0.1", "127.0.0.1"}, {"0.0.0.0", "127.0.0.1"}};
  if (has_ipv6()) hosts.push_back({"::", "::1"});
  for (const auto& [host, to] : hosts) {
    const Note note(host);
    uint16_t free_port = 0;
    {
      const IoSocket probe(*io, host);
      free_port = probe.at().port();
    }
    for (const uint16_t port : {uint16_t{0}, free_port}) {
      const IoSocket socket(*io, host, {}, port);
      const IoSocket peer(*io, to);
      IoSocket stranger(*io, to);
      for (uint32_t round = 0; round < 2; ++round) {
        CHECK_EQ(connect_datagram(socket.fd(), peer.at()), 0);
        CHECK_EQ(disconnect_datagram(socket.fd(), socket.at()), 0);
        Address local;
        CHECK_EQ(local_address(socket.fd(), &local), 0);
        CHECK(local == socket.at());
        const Address there = address_of(to, socket.at().port());
        CHECK_EQ(stranger.send("x", &there), 0);
        CHECK_EQ(receive_one(*io, socket)->text(), "x");
      }
    }
  }
}

TEST("[U2] a connection that cannot be made gives its errno") {
  const std::unique_ptr<DatagramIo> io = make_io();
  const IoSocket socket(*io);
  CHECK_EQ(connect_datagram(socket.fd(), address_of("255.255.255.255", 9)), EACCES);
  if (has_ipv6()) CHECK_EQ(connect_datagram(socket.fd(), address_of("::1", 9)), EAFNOSUPPORT);
  CHECK_EQ(connect_datagram(-1, socket.at()), EBADF);
  Address local;
  CHECK_EQ(local_address(-1, &local), EBADF);
}

TEST("[U30] [U32] traffic class and hop limit of a socket may be changed while it is open, for both families of it") {
  const std::unique_ptr<DatagramIo> io = make_io();
  struct Way {
    SocketKind kind;
    const char* host;
    std::vector<const char*> to;
  };
  std::vector<Way> ways{{kFour, "127.0.0.1", {"127.0.0.1"}}};
  if (has_ipv6()) {
    ways.push_back({kSix, "::1", {"::1"}});
    ways.push_back({kDual, "::", {"::1", "::ffff:127.0.0.1"}});
  }
  for (const Way& way : ways) {
    DatagramSocketOptions options = with_info();
    options.ipv6_only = way.kind.family == Family::kIpv6 && !way.kind.dual;
    const IoSocket receiver(*io, way.host, options);
    IoSocket sender(*io, way.host, options);
    for (const char* to : way.to) {
      const Note note(to);
      const Address there = address_of(to, receiver.at().port());
      CHECK_EQ(set_socket_option(sender.fd(), way.kind, SocketOption::kTrafficClass, 0x88), 0);
      CHECK_EQ(set_socket_option(sender.fd(), way.kind, SocketOption::kHopLimit, 7), 0);
      CHECK_EQ(sender.send("x", &there), 0);
      const DatagramInfo first = receive_one(*io, receiver)->vector.info;
      CHECK_EQ(first.traffic_class, 0x88);
      CHECK_EQ(first.hop_limit, 7);
      CHECK_EQ(set_socket_option(sender.fd(), way.kind, SocketOption::kHopLimit, 0), 0);
      CHECK_EQ(sender.send("x", &there), 0);
      CHECK(receive_one(*io, receiver)->vector.info.hop_limit > 7);  // the system's own again
    }
  }
}

TEST("[U37] leave to broadcast may be given and taken back while a socket is open") {
  const std::unique_ptr<DatagramIo> io = make_io();
  IoSocket socket(*io, "0.0.0.0");
  const Address everyone = address_of("127.255.255.255", 9);
  CHECK_EQ(socket.send("x", &everyone), EACCES);
  CHECK_EQ(set_socket_option(socket.fd(), kFour, SocketOption::kBroadcast, 1), 0);
  CHECK_EQ(socket.send("x", &everyone), 0);
  CHECK_EQ(set_socket_option(socket.fd(), kFour, SocketOption::kBroadcast, 0), 0);
  CHECK_EQ(socket.send("x", &everyone), EACCES);
}

TEST("[U37] a broadcast reaches a socket, which can answer from the address that is its own") {
  const std::unique_ptr<DatagramIo> io = make_io();
  DatagramSocketOptions options;
  options.broadcast = options.packet_info = true;
  IoSocket listener(*io, "0.0.0.0", options);
  IoSocket sender(*io, "0.0.0.0", options);
  const Address everyone = address_of("127.255.255.255", listener.at().port());
  CHECK_EQ(sender.send("x", &everyone), 0);
  const std::unique_ptr<Message> message = receive_one(*io, listener);
  CHECK_EQ(message->text(), "x");
  CHECK_EQ(listener.send("y", &message->vector.from, &message->vector.info), 0);
  CHECK_EQ(receive_one(*io, sender)->text(), "y");
}

TEST("[U62] buffer sizes are set at any time and read back as the kernel counts them") {
  const std::unique_ptr<DatagramIo> io = make_io();
  const IoSocket socket(*io);
  for (const SocketOption option : {SocketOption::kReceiveBuffer, SocketOption::kSendBuffer}) {
    CHECK_EQ(set_socket_option(socket.fd(), kFour, option, 65536), 0);
    CHECK_EQ(get_socket_option(socket.fd(), option), 2 * 65536);
    CHECK_EQ(set_socket_option(socket.fd(), kFour, option, 100000), 0);
    CHECK_EQ(get_socket_option(socket.fd(), option), 2 * 100000);
  }
  CHECK_EQ(get_socket_option(socket.fd(), SocketOption::kHopLimit), -1);
  CHECK_EQ(get_socket_option(-1, SocketOption::kSendBuffer), -1);
  CHECK_EQ(set_socket_option(socket.fd(), kFour, SocketOption::kCount, 1), EINVAL);
  CHECK_EQ(set_socket_option(-1, kFour, SocketOption::kBroadcast, 1), EBADF);
}

TEST("[U43] the error queue may be turned on and off while a socket is open") {
  const std::unique_ptr<DatagramIo> io = make_io();
  IoSocket sender(*io);
  Address dead;
  {
    const IoSocket gone(*io);
    dead = gone.at();
  }
  QueuedError error;
  CHECK_EQ(sender.send("x", &dead), 0);
  CHECK(io->read_error(sender.fd(), &error).would_block());
  CHECK_EQ(set_socket_option(sender.fd(), kFour, SocketOption::kErrorQueue, 1), 0);
  CHECK_EQ(sender.send("x", &dead), 0);
  CHECK(io->read_error(sender.fd(), &error).ok());
  CHECK_EQ(error.error, ECONNREFUSED);
  CHECK_EQ(set_socket_option(sender.fd(), kFour, SocketOption::kErrorQueue, 0), 0);
  CHECK_EQ(sender.send("x", &dead), 0);
  CHECK(io->read_error(sender.fd(), &error).would_block());
}

TEST("[U36] a joined group is heard, a left one is not, in each family") {
  const std::unique_ptr<DatagramIo> io = make_io();
  struct Way {
    SocketKind kind;
    const char* host;
    const char* group;
    uint32_t interface;
  };
  std::vector<Way> ways{{kFour, "0.0.0.0", "239.255.7.7", lo()}};
  if (has_ipv6()) ways.push_back({kDual, "::", "::ffff:239.255.7.8", lo()});
  const uint32_t six = group_interface6();
  if (six != 0) ways.push_back({kSix, "::", "ff15::7", six});
  for (const Way& way : ways) {
    const Note note(way.group);
    DatagramSocketOptions options;
    options.multicast_all = false;
    options.packet_info = true;
    options.ipv6_only = way.kind.family == Family::kIpv6 && !way.kind.dual;
    const IoSocket receiver(*io, way.host, options);
    IoSocket sender(*io, way.host, options);
    CHECK_EQ(set_socket_option(sender.fd(), way.kind, SocketOption::kMulticastInterface, way.interface), 0);
    CHECK_EQ(set_socket_option(sender.fd(), way.kind, SocketOption::kMulticastTtl, 0), 0);
    const Address group = address_of(way.group, receiver.at().port());
    Membership membership{group, {}, way.interface, true};
    CHECK_EQ(change_membership(receiver.fd(), membership), 0);
    CHECK_EQ(change_membership(receiver.fd(), membership), EADDRINUSE);
    CHECK_EQ(sender.send("x", &group), 0);
    const std::unique_ptr<Message> message = receive_one(*io, receiver);
    CHECK_EQ(message->text(), "x");
    CHECK(message->vector.info.local.is_multicast());
    CHECK_EQ(message->vector.info.interface_index, way.interface);
    membership.join = false;
    CHECK_EQ(change_membership(receiver.fd(), membership), 0);
    CHECK_EQ(change_membership(receiver.fd(), membership), EADDRNOTAVAIL);
    CHECK_EQ(sender.send("x", &group), 0);
    CHECK(is_dry(*io, receiver));
  }
}

TEST("[U36] with a source named, the group is heard from there alone") {
  const std::unique_ptr<DatagramIo> io = make_io();
  DatagramSocketOptions options;
  options.multicast_all = false;
  const IoSocket receiver(*io, "0.0.0.0", options);
  IoSocket wanted(*io, "127.0.0.1");
  IoSocket other(*io, "127.0.0.2");
  for (const IoSocket* sender : {&wanted, &other}) {
    CHECK_EQ(set_socket_option(sender->fd(), kFour, SocketOption::kMulticastInterface, lo()), 0);
  }
  const Address group = address_of("232.1.2.3", receiver.at().port());
  Membership membership{group, wanted.at(), lo(), true};
  CHECK_EQ(change_membership(receiver.fd(), membership), 0);
  CHECK_EQ(other.send("no", &group), 0);
  CHECK_EQ(wanted.send("yes", &group), 0);
  CHECK_EQ(receive_one(*io, receiver)->text(), "yes");
  CHECK(is_dry(*io, receiver));
  membership.join = false;
  CHECK_EQ(change_membership(receiver.fd(), membership), 0);
  CHECK_EQ(wanted.send("no more", &group), 0);
  CHECK(is_dry(*io, receiver));
  if (!has_ipv6()) return;
  membership.source = address_of(kLoopback6);
  CHECK_EQ(change_membership(receiver.fd(), membership), EINVAL);
}

TEST("[U36] without loopback of groups the machine itself does not hear them; the time to live goes with them") {
  const std::unique_ptr<DatagramIo> io = make_io();
  DatagramSocketOptions options = with_info();
  options.multicast_all = false;
  const IoSocket receiver(*io, "0.0.0.0", options);
  IoSocket sender(*io, "0.0.0.0");
  const Address group = address_of("239.255.7.9", receiver.at().port());
  CHECK_EQ(change_membership(receiver.fd(), {group, {}, lo(), true}), 0);
  CHECK_EQ(set_socket_option(sender.fd(), kFour, SocketOption::kMulticastInterface, lo()), 0);
  CHECK_EQ(set_socket_option(sender.fd(), kFour, SocketOption::kMulticastTtl, 4), 0);
  CHECK_EQ(sender.send("x", &group), 0);
  CHECK_EQ(receive_one(*io, receiver)->vector.info.hop_limit, 4);
  CHECK_EQ(set_socket_option(sender.fd(), kFour, SocketOption::kMulticastLoopback, 0), 0);
  CHECK_EQ(set_socket_option(sender.fd(), kFour, SocketOption::kMulticastInterface, 0), 0);
  // On the loopback interface all that is sent comes back, looped or not: the option is read back instead.
  unsigned char looped = 1;
  socklen_t size = sizeof looped;
  CHECK_EQ(getsockopt(sender.fd(), IPPROTO_IP, IP_MULTICAST_LOOP, &looped, &size), 0);
  CHECK_EQ(looped, 0);
}

TEST("[U36] groups of other sockets of the machine are not heard with multicastAll off") {
  const std::unique_ptr<DatagramIo> io = make_io();
  DatagramSocketOptions options;
  options.reuse_address = true;
  const IoSocket member(*io, "0.0.0.0", options);
  options.multicast_all = false;
  const IoSocket bystander(*io, "0.0.0.0", options, member.at().port());
  IoSocket sender(*io, "127.0.0.1");
  CHECK_EQ(set_socket_option(sender.fd(), kFour, SocketOption::kMulticastInterface, lo()), 0);
  const Address group = address_of("239.255.7.10", member.at().port());
  CHECK_EQ(change_membership(member.fd(), {group, {}, lo(), true}), 0);
  CHECK_EQ(sender.send("x", &group), 0);
  CHECK_EQ(receive_one(*io, member)->text(), "x");
  CHECK(is_dry(*io, bystander));
}

TEST("[U36] an interface is found by its address, its name and its index") {
  CHECK(lo() != 0);
  CHECK_EQ(interface_index("lo"), lo());
  CHECK_EQ(interface_index("127.0.0.1"), lo());
  CHECK_EQ(interface_index(std::to_string(lo())), lo());
  if (has_ipv6()) CHECK_EQ(interface_index("::1"), lo());
  for (const char* nothing : {"", "nosuch0", "192.0.2.1", "0", "4294967295", "99999999999", "-1"}) {
    const Note note(nothing);
    CHECK_EQ(interface_index(nothing), 0);
  }
}

TEST("[U38] steered by processor, all datagrams of one sending thread reach one socket of the group") {
  const std::unique_ptr<DatagramIo> io = make_io();
  DatagramSocketOptions options;
  options.reuse_port = true;
  const IoSocket first(*io, kLoopback4, options);
  const IoSocket second(*io, kLoopback4, options, first.at().port());
  const std::array<const IoSocket*, 2> group{&first, &second};
  const auto sockets_reached = [&] {
    // Many flows: by their hash they spread over both sockets.
    for (uint32_t i = 0; i < 64; ++i) {
      IoSocket sender(*io);
      CHECK_EQ(sender.send("x", &first.at()), 0);
    }
    uint32_t total = 0;
    uint32_t reached = 0;
    for (const IoSocket* socket : group) {
      uint32_t count = 0;
      uint8_t byte;
      ReceiveVector vector = landing(&byte, 1);
      while (io->receive(socket->fd(), &vector, 1, false).ok()) ++count;
      total += count;
      reached += count != 0 ? 1 : 0;
    }
    CHECK_EQ(total, 64);
    return reached;
  };
  CHECK_EQ(sockets_reached(), 2);
  cpu_set_t before;
  CHECK_EQ(sched_getaffinity(0, sizeof before, &before), 0);
  cpu_set_t one;
  CPU_ZERO(&one);
  for (int cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&one) == 0; ++cpu) {
    if (CPU_ISSET(cpu, &before)) CPU_SET(cpu, &one);
  }
  CHECK_EQ(sched_setaffinity(0, sizeof one, &one), 0);
  CHECK_EQ(steer_by_cpu(first.fd(), 2), 0);
  CHECK_EQ(sockets_reached(), 1);
  CHECK_EQ(steer_by_cpu(first.fd(), 0), 0);
  CHECK_EQ(sockets_reached(), 2);
  CHECK_EQ(sched_setaffinity(0, sizeof before, &before), 0);
  CHECK_EQ(steer_by_cpu(-1, 2), EBADF);
}

TEST("[U62] options may be set from another thread while the socket closes") {
  const std::unique_ptr<DatagramIo> io = make_io();
  for (uint32_t round = 0; round < 50; ++round) {
    Address at;
    const IoResult opened = io->open(address_of(kLoopback4), {}, &at);
    CHECK(opened.ok());
    DatagramFd descriptor(*io);
    descriptor.adopt(static_cast<int>(opened.count));
    std::thread owner([&descriptor] {
      int error = 0;
      while (error == 0) {
        error = descriptor.with([](int fd) { return set_socket_option(fd, kFour, SocketOption::kBroadcast, 1); });
        static_cast<void>(descriptor.drops());
      }
      CHECK_EQ(error, EBADF);
    });
    descriptor.close();
    owner.join();
  }
}

}  // namespace netvolley::test
