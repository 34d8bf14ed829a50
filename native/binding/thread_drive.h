#pragma once

#include <thread>

#include "binding/drive.h"
#include "binding/engine_core.h"
#include "binding/uv_bell.h"

namespace netvolley {

// A native thread runs the reactor: a slow handler or a garbage collection stops no socket.
class ThreadDrive final : public Drive {
 public:
  ThreadDrive(EngineCore& core, uv_loop_t* loop, std::function<void()> deliver)
      : core_(core), loop_(loop), bell_(std::make_shared<UvBell>(std::move(deliver))) {}

  int open() override;
  std::shared_ptr<Bell> bell() override { return bell_; }
  void run(std::function<void()> command) override { core_.reactor().post(std::move(command)); }
  void settle() override { core_.reactor().wake(); }
  void set_ref(bool ref) override { bell_->set_ref(ref); }
  void close(std::function<void()> closed) override;

 private:
  void stop_thread();

  EngineCore& core_;
  uv_loop_t* loop_;
  std::shared_ptr<UvBell> bell_;
  std::thread thread_;
};

}  // namespace netvolley
