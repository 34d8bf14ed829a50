#pragma once

#include <cstdint>

#include "io/address.h"
#include "io/io_result.h"
#include "io/io_slice.h"

namespace netvolley {

enum InfoBit : uint8_t { kTrafficClass = 1, kHopLimit = 2, kLocalAddress = 4, kTimestamp = 8 };

// What a datagram carries beside its payload. A field counts where its bit is set.
struct DatagramInfo {
  uint8_t present = 0;        // InfoBit
  uint8_t traffic_class = 0;  // DSCP << 2 | ECN
  uint8_t hop_limit = 0;
  Family family = Family::kNone;  // of the packet on the wire: IPv4 also for a mapped address. Sending: must be set
  uint32_t interface_index = 0;   // with kLocalAddress; 0 = any
  Address local;         // with kLocalAddress: where it arrived, or leaves from; port 0; empty = the interface alone
  uint32_t seconds = 0;  // with kTimestamp: received at, realtime
  uint32_t nanoseconds = 0;
  bool operator==(const DatagramInfo&) const = default;
};

// Where one message may land: first `data`, what does not fit there in `overflow`.
struct ReceiveVector {
  uint8_t* data = nullptr;
  uint32_t capacity = 0;
  uint8_t* overflow = nullptr;
  uint32_t overflow_capacity = 0;
  // filled by receive()
  uint32_t bytes = 0;          // what is there, in both parts
  uint32_t full_bytes = 0;     // what it had
  bool truncated = false;      // full_bytes > bytes
  uint16_t segment_bytes = 0;  // GRO: several datagrams of this size, the last may be shorter; 0 = one datagram
  Address from;
  DatagramInfo info;  // only when `with_info` was asked for
};

struct SendVector {
  const uint8_t* data = nullptr;
  uint32_t bytes = 0;                  // of all pieces
  const Address* to = nullptr;         // null = the connected peer
  uint16_t segment_bytes = 0;          // GSO: cut into datagrams of this size; 0 = one datagram
  const DatagramInfo* info = nullptr;  // null = nothing beside the payload
  const IoSlice* slices = nullptr;     // instead of `data`
  uint32_t slice_count = 0;            // at most 64
};

// One entry of a socket's error queue.
struct QueuedError {
  int error = 0;       // errno
  uint8_t origin = 0;  // 1 local, 2 ICMP, 3 ICMPv6
  uint8_t type = 0;
  uint8_t code = 0;
  uint32_t mtu_bytes = 0;  // with EMSGSIZE, else 0
  Address to;              // whom the datagram was for
  Address offender;        // who complained; empty where unknown
};

enum class PathMtu : uint8_t { kSystem, kDont, kDo, kProbe };

// The defaults leave the system's own alone.
struct DatagramSocketOptions {
  bool reuse_address = false;
  bool reuse_port = false;
  bool ipv6_only = false;
  uint32_t receive_buffer_bytes = 0;
  uint32_t send_buffer_bytes = 0;
  bool gro = false;
  bool traffic_class = false;  // the next four: receive it
  bool packet_info = false;
  bool hop_limit = false;
  bool timestamps = false;
  bool error_queue = false;  // IP_RECVERR
  PathMtu path_mtu = PathMtu::kSystem;
  uint8_t send_traffic_class = 0;
  uint8_t send_hop_limit = 0;  // 0 = the system's
  bool broadcast = false;
  uint8_t multicast_ttl = 1;
  bool multicast_loopback = true;
  bool multicast_all = true;  // Linux' default; UdpSocket says false
  uint32_t busy_poll_us = 0;
};

// Datagrams of one socket, in batches. A batch is at most max_batch() long; receive() and send() are one system call.
// receive() and send() belong to the reactor's thread; the rest keeps no state and may be called from any thread while
// the descriptor is open.
class DatagramIo {
 public:
  virtual ~DatagramIo() = default;
  virtual uint32_t max_batch() const = 0;
  // Gives a non-blocking, bound descriptor in `count`; `bound` is its real address. What only makes a socket better
  // (buffers, busy poll) may be refused by the system; the rest fails with its errno.
  virtual IoResult open(const Address& at, const DatagramSocketOptions& options, Address* bound) = 0;
  virtual IoResult receive(int fd, ReceiveVector* vectors, uint32_t count, bool with_info) = 0;
  // The count is a prefix; an errno belongs to vectors[0].
  virtual IoResult send(int fd, const SendVector* vectors, uint32_t count) = 0;
  // Takes one entry of the error queue: 1, or EAGAIN.
  virtual IoResult read_error(int fd, QueuedError* error) = 0;
  // Takes the error that stands at the socket itself, an errno: one that found no room in the queue. 0 = none.
  virtual int take_error(int) { return 0; }
  // Datagrams that the kernel dropped at this socket (SO_MEMINFO), modulo 2^32; 0 where it does not say.
  virtual uint32_t kernel_drops(int fd) = 0;
  // Of a connected socket; 0 = unknown.
  virtual uint32_t path_mtu(int fd) = 0;
  virtual void close(int fd) = 0;
};

}  // namespace netvolley
