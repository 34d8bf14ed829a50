#include "binding/js_call.h"

namespace netvolley {

JsCall::JsCall(const char* name, Napi::Function function)
    : env_(function.Env()), function_(Napi::Persistent(function)) {
  const Napi::Env env(env_);
  napi_async_init(env_, nullptr, Napi::String::New(env, name), &context_);
}

// The owner has called release() while the environment lived; a reference that is deleted later would touch a dead one.
JsCall::~JsCall() { function_.SuppressDestruct(); }

void JsCall::release() {
  if (function_.IsEmpty()) return;
  function_.Reset();
  napi_async_destroy(env_, context_);
}

void JsCall::call() {
  if (function_.IsEmpty()) return;
  const Napi::Env env(env_);
  const Napi::HandleScope scope(env);
  napi_value result;
  const napi_status status = napi_make_callback(env_, context_, env.Global(), function_.Value(), 0, nullptr, &result);
  if (status == napi_ok) return;
  // A worker that is being terminated has no exception to report.
  bool pending = false;
  if (napi_is_exception_pending(env_, &pending) != napi_ok || !pending) return;
  napi_value error;
  if (napi_get_and_clear_last_exception(env_, &error) == napi_ok) napi_fatal_exception(env_, error);
}

}  // namespace netvolley
