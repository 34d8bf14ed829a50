#include "binding/uv_bell.h"

#include "binding/uv_handle.h"

namespace netvolley {

UvBell::UvBell(std::function<void()> on_ring)
    : async_(allocate_uv_handle<uv_async_t>(UV_ASYNC)), on_ring_(std::move(on_ring)) {}

int UvBell::open(uv_loop_t* loop) {
  const auto on_async = [](uv_async_t* async) {
    static_cast<UvBell*>(uv_handle_get_data(as_handle(async)))->on_ring_();
  };
  const int error = uv_async_init(loop, async_, on_async);
  if (error != 0) return -error;
  uv_handle_set_data(as_handle(async_), this);
  const std::lock_guard<std::mutex> lock(mutex_);
  alive_ = true;
  return 0;
}

UvBell::~UvBell() { free_uv_handle(async_); }

void UvBell::ring() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (alive_) uv_async_send(async_);
}

void UvBell::set_ref(bool ref) { ref ? uv_ref(as_handle(async_)) : uv_unref(as_handle(async_)); }

void UvBell::close(std::function<void()> closed) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    alive_ = false;
  }
  closed_ = std::move(closed);
  uv_close(as_handle(async_), [](uv_handle_t* handle) {
    // Moved out first: it may hold the last reference to this bell.
    const std::function<void()> closed = std::move(static_cast<UvBell*>(uv_handle_get_data(handle))->closed_);
    closed();
  });
}

}  // namespace netvolley
