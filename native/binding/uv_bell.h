#pragma once

#include <uv.h>

#include <functional>
#include <mutex>

#include "engine/bell.h"

namespace netvolley {

// A bell in one JavaScript thread, made of a uv_async: any thread may ring it at any time, also after that JavaScript
// thread has gone. (A threadsafe function that is rung then aborts the process.)
class UvBell final : public Bell {
 public:
  // On the JavaScript thread, like everything but ring(). `on_ring` runs from its loop.
  explicit UvBell(std::function<void()> on_ring);
  ~UvBell() override;
  UvBell(const UvBell&) = delete;
  UvBell& operator=(const UvBell&) = delete;

  // Returns an errno. Before it is open a bell is silent.
  [[nodiscard]] int open(uv_loop_t* loop);
  void ring() override;
  void set_ref(bool ref);
  // Silent from now on. `closed` runs once libuv has let go of the handle; the bell must live until then.
  void close(std::function<void()> closed);

 private:
  std::mutex mutex_;
  bool alive_ = false;
  // Not a member by value: the size of libuv's handles is not part of its ABI.
  uv_async_t* async_;
  std::function<void()> on_ring_;
  std::function<void()> closed_;
};

}  // namespace netvolley
