#include "io/datagram_fd.h"

namespace netvolley {

void DatagramFd::adopt(int fd) {
  const std::lock_guard<std::mutex> lock(mutex_);
  fd_ = fd;
}

uint64_t DatagramFd::drops() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (fd_ >= 0) read_drops();
  return drops_;
}

void DatagramFd::close() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (fd_ < 0) return;
  // The last loss: nothing tells of it once the socket has gone.
  read_drops();
  io_.close(fd_);
  fd_ = -1;
}

void DatagramFd::read_drops() {
  const uint32_t now = io_.kernel_drops(fd_);
  drops_ += now - last_drops_;  // modulo 2^32, as the kernel counts
  last_drops_ = now;
}

}  // namespace netvolley
