#include "io/pipe_wakeup.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdint>

namespace netvolley {

PipeWakeup::PipeWakeup() {
  if (pipe(ends_.data()) != 0) {
    ends_ = {-1, -1};
    return;
  }
  for (const int end : ends_) {
    fcntl(end, F_SETFL, O_NONBLOCK);
    fcntl(end, F_SETFD, FD_CLOEXEC);
  }
}

PipeWakeup::~PipeWakeup() {
  for (const int end : ends_) {
    if (end >= 0) close(end);
  }
}

void PipeWakeup::ring() const {
  const uint8_t one = 1;
  // EAGAIN means that the pipe is full: then it is readable, which is all that is wanted.
  [[maybe_unused]] const ssize_t written = write(ends_[1], &one, sizeof one);
}

void PipeWakeup::clear() const {
  uint8_t bytes[256];
  while (read(ends_[0], bytes, sizeof bytes) == static_cast<ssize_t>(sizeof bytes)) {
  }
}

}  // namespace netvolley
