#include "binding/thread_drive.h"

namespace netvolley {

ThreadDrive::ThreadDrive(EngineCore& core, uv_loop_t* loop, std::function<void()> deliver)
    : core_(core), bell_(std::make_shared<UvBell>(loop, std::move(deliver))), thread_([&core] { core.reactor().run(); }) {}

void ThreadDrive::close(std::function<void()> closed) {
  core_.reactor().request_stop();
  // The reactor never waits for JavaScript, so this is short.
  thread_.join();
  bell_->close(std::move(closed));
}

}  // namespace netvolley
