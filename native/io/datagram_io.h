#pragma once

#include <cstdint>

#include "io/address.h"
#include "io/io_result.h"

namespace netvolley {

// Where one datagram may land: first `data`, what does not fit there in `overflow`.
struct ReceiveVector {
  uint8_t* data = nullptr;
  uint32_t capacity = 0;
  uint8_t* overflow = nullptr;
  uint32_t overflow_capacity = 0;
  // filled by receive()
  uint32_t bytes = 0;      // what is there, in both parts
  bool truncated = false;  // the datagram was longer
  Address from;
};

struct SendVector {
  const uint8_t* data = nullptr;
  uint32_t bytes = 0;
  const Address* to = nullptr;
};

struct DatagramSocketOptions {
  bool reuse_address = false;
  bool ipv6_only = false;
  uint32_t receive_buffer_bytes = 0;  // 0 = the system's default
};

// Datagrams of one socket, in batches. A batch is at most max_batch() long; each call is one system call.
class DatagramIo {
 public:
  virtual ~DatagramIo() = default;
  virtual uint32_t max_batch() const = 0;
  // Gives a non-blocking, bound descriptor in `count`; `bound` is its real address.
  virtual IoResult open(const Address& at, const DatagramSocketOptions& options, Address* bound) = 0;
  virtual IoResult receive(int fd, ReceiveVector* vectors, uint32_t count) = 0;
  // The count is a prefix; an errno belongs to vectors[0].
  virtual IoResult send(int fd, const SendVector* vectors, uint32_t count) = 0;
  // Datagrams that the kernel dropped at this socket since it was opened (SO_MEMINFO), 0 where it does not say.
  virtual uint32_t kernel_drops(int fd) = 0;
  virtual void close(int fd) = 0;
};

}  // namespace netvolley
