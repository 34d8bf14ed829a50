#pragma once

#include <cstddef>
#include <cstdint>

#include "io/address.h"
#include "io/io_result.h"
#include "io/io_slice.h"

namespace netvolley {

struct StreamOptions {
  bool no_delay = true;
  bool keep_alive = true;
  uint32_t keep_alive_idle_s = 60;
  uint32_t keep_alive_interval_s = 10;
  uint32_t keep_alive_count = 5;
  uint32_t user_timeout_ms = 30000;
};

struct ListenOptions {
  int backlog = 4096;
  bool ipv6_only = false;
  StreamOptions accepted;  // set on the listener: Linux hands them on to every accepted connection, for no call each
};

// Byte streams: listening, accepting, reading, writing. One call is one system call, apart from listen().
class StreamIo {
 public:
  static constexpr uint32_t kMaxSlices = 64;

  virtual ~StreamIo() = default;
  virtual IoResult listen(const Address& at, const ListenOptions& options, Address* bound) = 0;
  // Gives a non-blocking descriptor in `count`.
  virtual IoResult accept(int listener, Address* remote) = 0;
  // 0 bytes = the peer has finished.
  virtual IoResult read(int fd, uint8_t* into, size_t capacity) = 0;
  virtual IoResult write(int fd, const IoSlice* slices, uint32_t count) = 0;
  virtual void finish(int fd) = 0;  // FIN
  virtual void close(int fd) = 0;
  virtual void abort(int fd) = 0;  // RST
  // A descriptor that is good for nothing but to be closed when the process has no other left; -1 = none to be had.
  virtual int reserve() = 0;
};

}  // namespace netvolley
