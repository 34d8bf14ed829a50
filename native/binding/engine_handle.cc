#include "binding/engine_handle.h"

#include "binding/arguments.h"
#include "binding/inline_drive.h"
#include "binding/shared_links.h"
#include "binding/thread_drive.h"
#include "memory/batch_layout.h"

namespace netvolley {

namespace {

void close_parts(std::shared_ptr<EngineParts> parts) {
  if (parts->closed) return;
  parts->closed = true;
  SharedLinks::instance().forget(parts->core.get());
  parts->drive->close([parts] {
    // Not sooner: JavaScript that closes its engine may be running inside this very call.
    parts->deliver->release();
    napi_remove_async_cleanup_hook(parts->hook);
    // Also during the teardown of the environment, which goes on when the hook is taken away.
    parts->drive.reset();
    parts->core.reset();
    parts->self.reset();
  });
  // The reactor has stopped: nothing native touches these any more.
  for (const auto& views : parts->socket_views) views->release(parts->env);
  parts->socket_views.clear();
  parts->views.release(parts->env);
}

// The environment ends (exit, or the end of a worker) while the engine is open.
void on_teardown(napi_async_cleanup_hook_handle, void* data) { close_parts(static_cast<EngineParts*>(data)->self); }

void throw_errno(Napi::Env env, int error) {
  Napi::Error thrown = Napi::Error::New(env, "the engine could not be opened");
  thrown.Set("errno", Napi::Number::New(env, -error));
  thrown.ThrowAsJavaScriptException();
}

}  // namespace

Napi::Function EngineHandle::define(Napi::Env env) {
  return DefineClass(env, "EngineHandle",
                     {InstanceMethod<&EngineHandle::settle>("settle"), InstanceMethod<&EngineHandle::set_ref>("setRef"),
                      InstanceMethod<&EngineHandle::close>("close")});
}

EngineHandle::EngineHandle(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<EngineHandle>(info), parts_(std::make_shared<EngineParts>()) {
  const Napi::Env env = info.Env();
  const size_t page_bytes = kWordBytes + kEngineCounterNames.size() * sizeof(double);
  const uint32_t back_end = u32_of(info[1]);
  uint8_t* page = bytes_of(info[3], page_bytes);
  uv_loop_t* loop = nullptr;
  // An environment that is being terminated: JavaScript will not see this object.
  if (page == nullptr || !info[4].IsFunction() || napi_get_uv_event_loop(env, &loop) != napi_ok) return;
  if (back_end >= static_cast<uint32_t>(BackEnd::kCount)) {
    throw_errno(env, EINVAL);
    return;
  }
  EngineParts& parts = *parts_;
  parts.env = env;
  parts.core = std::make_shared<EngineCore>(static_cast<BackEnd>(back_end), reinterpret_cast<uint32_t*>(page),
                                            reinterpret_cast<double*>(page + kWordBytes));
  if (parts.core->error() != 0) {
    throw_errno(env, parts.core->error());
    return;
  }
  parts.core->reactor().set_spin(number_of(info[2]) / 1000);
  parts.deliver = std::make_unique<JsCall>("netvolley.engine", info[4].As<Napi::Function>());
  const auto deliver = [call = parts.deliver.get()] { call->call(); };
  if (bool_of(info[0])) {
    parts.drive = std::make_unique<ThreadDrive>(*parts.core, loop, deliver);
  } else {
    parts.drive = std::make_unique<InlineDrive>(*parts.core, loop, deliver);
  }
  const int error = parts.drive->open();
  if (error != 0) {
    parts.deliver->release();
    throw_errno(env, error);
    return;
  }
  parts.views.keep(info[3]);
  parts.closed = false;
  // Nothing is served yet: an engine by itself keeps no process alive.
  parts.drive->set_ref(false);
  // Until the engine is closed its parts own themselves: the hook may come after the JavaScript object is gone.
  parts.self = parts_;
  napi_add_async_cleanup_hook(env, on_teardown, parts_.get(), &parts.hook);
}

void EngineHandle::settle(const Napi::CallbackInfo&) {
  if (!parts_->closed) parts_->drive->settle();
}

void EngineHandle::set_ref(const Napi::CallbackInfo& info) {
  if (!parts_->closed) parts_->drive->set_ref(info[0].As<Napi::Boolean>().Value());
}

void EngineHandle::close(const Napi::CallbackInfo&) { close_parts(parts_); }

}  // namespace netvolley
