#pragma once

#include <uv.h>

#include <utility>

#include "binding/drive.h"
#include "binding/engine_core.h"

namespace netvolley {

// The JavaScript thread that owns the engine runs the reactor, from its own libuv loop: no hand-over between threads.
class InlineDrive final : public Drive {
 public:
  InlineDrive(EngineCore& core, uv_loop_t* loop, std::function<void()> deliver);
  ~InlineDrive() override;
  InlineDrive(const InlineDrive&) = delete;
  InlineDrive& operator=(const InlineDrive&) = delete;

  int open() override;
  std::shared_ptr<Bell> bell() override { return bell_; }
  void run(std::function<void()> command) override;
  void settle() override;
  void set_ref(bool ref) override;
  void close(std::function<void()> closed) override;

 private:
  // Rung within a turn, answered later in the same turn.
  class NoteBell final : public Bell {
   public:
    void ring() override { rung_ = true; }
    bool take() { return std::exchange(rung_, false); }
    bool pending() const { return rung_; }

   private:
    bool rung_ = false;
  };

  void turn();
  void deliver();
  void sleep();
  void on_handle_closed();

  EngineCore& core_;
  uv_loop_t* loop_;
  std::function<void()> deliver_;
  std::shared_ptr<NoteBell> bell_;
  uv_poll_t* poll_;
  uv_timer_t* timer_;
  double timer_at_ms_;
  bool busy_ = false;  // within turn(): JavaScript that calls back in finds it set
  bool closing_ = false;
  int open_handles_ = 2;
  std::function<void()> closed_;
};

}  // namespace netvolley
