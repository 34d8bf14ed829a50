#pragma once

#include <cerrno>
#include <mutex>

#include "io/datagram_io.h"

namespace netvolley {

// The descriptor of a datagram socket. The reactor reads, writes and alone closes it; the thread that owns the socket
// changes its options meanwhile. The lock is taken by options and by close(), never to send or receive.
class DatagramFd {
 public:
  explicit DatagramFd(DatagramIo& io) : io_(io) {}  // `io` outlives it
  DatagramFd(const DatagramFd&) = delete;
  DatagramFd& operator=(const DatagramFd&) = delete;
  ~DatagramFd() { close(); }

  void adopt(int fd);              // before the reactor has it
  int get() const { return fd_; }  // reactor's thread only; -1 = closed

  // Calls `call(fd)` while the descriptor cannot be closed. EBADF afterwards. Any thread.
  template <class Call>
  int with(Call call) {
    const std::lock_guard<std::mutex> lock(mutex_);
    return fd_ < 0 ? EBADF : call(fd_);
  }

  // Dropped by the kernel so far, beyond 2^32; stays readable after close(). Any thread.
  uint64_t drops();
  void close();  // reactor's thread

 private:
  void read_drops();

  DatagramIo& io_;
  std::mutex mutex_;
  int fd_ = -1;
  uint32_t last_drops_ = 0;
  uint64_t drops_ = 0;
};

}  // namespace netvolley
