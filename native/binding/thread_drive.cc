#include "binding/thread_drive.h"

#include <system_error>

namespace netvolley {

int ThreadDrive::open() {
  try {
    thread_ = std::thread([this] { core_.reactor().run(); });
  } catch (const std::system_error& error) {
    // A limit on threads, as containers have: an error like any other.
    return error.code().value();
  }
  const int error = bell_->open(loop_);
  if (error != 0) stop_thread();
  return error;
}

void ThreadDrive::stop_thread() {
  core_.reactor().request_stop();
  // The reactor never waits for JavaScript, so this is short.
  thread_.join();
}

void ThreadDrive::close(std::function<void()> closed) {
  stop_thread();
  bell_->close(std::move(closed));
}

}  // namespace netvolley
