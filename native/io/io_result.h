#pragma once

#include <cerrno>
#include <cstdint>

namespace netvolley {

// What a system call gave: a count (bytes, datagrams, events, a descriptor), or an errno. Never both.
struct [[nodiscard]] IoResult {
  int64_t count = 0;
  int error = 0;

  static IoResult success(int64_t count) { return {count, 0}; }
  static IoResult failure(int error) { return {0, error}; }

  bool ok() const { return error == 0; }
  bool would_block() const { return error == EAGAIN || error == EWOULDBLOCK; }
  bool interrupted() const { return error == EINTR; }
};

}  // namespace netvolley
