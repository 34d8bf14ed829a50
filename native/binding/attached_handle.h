#pragma once

#include <napi.h>

#include <memory>

#include "binding/js_call.h"
#include "binding/shared_links.h"
#include "binding/uv_bell.h"
#include "binding/views.h"

namespace netvolley {

// What an attached link needs to live until libuv has let go of its bell.
struct AttachedParts {
  napi_env env = nullptr;
  Views views;  // first: it goes last
  SharedLink shared;
  std::unique_ptr<JsCall> deliver;
  std::shared_ptr<UvBell> bell;
  napi_async_cleanup_hook_handle hook = nullptr;
  bool closed = true;  // until it is open
  std::shared_ptr<AttachedParts> self;
};

// new AttachedHandle(shareId, link, transmit, destinations, enginePage: Uint8Array, deliver: () => void)
// One end of a socket that another thread owns. Everything goes by the reactor's commands and by shared memory; nothing
// here waits.
class AttachedHandle : public Napi::ObjectWrap<AttachedHandle> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit AttachedHandle(const Napi::CallbackInfo& info);

 private:
  // False: unknown, taken before, or the socket has ended.
  Napi::Value attached(const Napi::CallbackInfo& info);
  void wake(const Napi::CallbackInfo& info);
  void cancel(const Napi::CallbackInfo& info);
  void set_ref(const Napi::CallbackInfo& info);
  // detach(flushFirst): the link ends; its word says when.
  void detach(const Napi::CallbackInfo& info);
  // Once it has ended.
  void close(const Napi::CallbackInfo& info);

  std::shared_ptr<AttachedParts> parts_;
};

}  // namespace netvolley
