#pragma once

#include <napi.h>

namespace netvolley {

// One JavaScript function that native code calls from the event loop: each call opens a callback scope, so promises and
// nextTick run before it returns, and an exception becomes an uncaught one, as from any other callback.
class JsCall {
 public:
  JsCall(const char* name, Napi::Function function);
  ~JsCall();
  JsCall(const JsCall&) = delete;
  JsCall& operator=(const JsCall&) = delete;

  void call();
  // No call is made afterwards. On the thread of the environment, while it is alive.
  void release();

 private:
  napi_env env_;
  napi_async_context context_ = nullptr;
  Napi::FunctionReference function_;
};

}  // namespace netvolley
