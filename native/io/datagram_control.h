#pragma once

#include <cstdint>
#include <string_view>

#include "io/address.h"

namespace netvolley {

// By number, as lib/native/datagram-layout.ts names them (SOCKET_OPTIONS).
enum class SocketOption : uint32_t {
  kReceiveBuffer,
  kSendBuffer,
  kTrafficClass,
  kHopLimit,
  kBroadcast,
  kMulticastTtl,
  kMulticastLoopback,
  kMulticastInterface,  // its index
  kErrorQueue,
  kCount,
};

struct SocketKind {
  Family family = Family::kIpv4;
  bool dual = false;
};

// All give an errno, 0 = done. A hop limit of 0 is the system's own.
int set_socket_option(int fd, SocketKind kind, SocketOption option, int64_t value);
// kReceiveBuffer, kSendBuffer: bytes as the kernel reports them (twice the request). -1 = not known.
int64_t get_socket_option(int fd, SocketOption option);

int connect_datagram(int fd, const Address& to);
// Dissolves the connection and takes the port back that Linux lets go of with it.
int disconnect_datagram(int fd, const Address& local);
int local_address(int fd, Address* local);

struct Membership {
  Address group;
  Address source;  // empty = any
  uint32_t interface_index = 0;
  bool join = true;
};
int change_membership(int fd, const Membership& membership);

// By address, name or decimal index; 0 = no such interface.
uint32_t interface_index(std::string_view interface);

// SO_ATTACH_REUSEPORT_CBPF: datagrams go to socket (CPU mod count) of the group. count 0 detaches.
int steer_by_cpu(int fd, uint32_t count);

}  // namespace netvolley
