#include "io/wakeup.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>

namespace netvolley {

Wakeup::Wakeup() : fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}

Wakeup::~Wakeup() {
  if (fd_ >= 0) close(fd_);
}

void Wakeup::ring() const {
  const uint64_t one = 1;
  // EAGAIN means that the counter is full: then it is readable, which is all that is wanted.
  [[maybe_unused]] const ssize_t written = write(fd_, &one, sizeof one);
}

void Wakeup::clear() const {
  uint64_t value;
  [[maybe_unused]] const ssize_t got = read(fd_, &value, sizeof value);
}

}  // namespace netvolley
