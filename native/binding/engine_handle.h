#pragma once

#include <napi.h>

#include <memory>
#include <vector>

#include "binding/drive.h"
#include "binding/engine_core.h"
#include "binding/js_call.h"
#include "binding/views.h"

namespace netvolley {

// What an engine's parts need to live until libuv has let go of them, also where the JavaScript object is gone first.
struct EngineParts {
  napi_env env = nullptr;
  Views views;  // first: it goes last
  std::shared_ptr<EngineCore> core;
  std::unique_ptr<JsCall> deliver;
  std::unique_ptr<Drive> drive;
  std::vector<std::shared_ptr<Views>> socket_views;  // of servers and datagram sockets
  napi_async_cleanup_hook_handle hook = nullptr;
  bool closed = true;  // until it is open
  std::shared_ptr<EngineParts> self;
};

// new EngineHandle(thread: boolean, backEnd: number, spinUs: number, page: Uint8Array, deliver: () => void)
class EngineHandle : public Napi::ObjectWrap<EngineHandle> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit EngineHandle(const Napi::CallbackInfo& info);

  const std::shared_ptr<EngineParts>& parts() const { return parts_; }

 private:
  void settle(const Napi::CallbackInfo& info);
  void set_ref(const Napi::CallbackInfo& info);
  void close(const Napi::CallbackInfo& info);

  std::shared_ptr<EngineParts> parts_;
};

}  // namespace netvolley
