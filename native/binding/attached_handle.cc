#include "binding/attached_handle.h"

#include "binding/arguments.h"

namespace netvolley {

namespace {

// Ends the link. It is done when its word says so, or with the reactor.
void end_link(const SharedLink& shared, bool flush_first) {
  shared.core->reactor().post(
      [socket = shared.socket, link = shared.link, flush_first] { socket->end_link(link, flush_first); });
}

void close_parts(std::shared_ptr<AttachedParts> parts) {
  if (parts->closed) return;
  parts->closed = true;
  parts->shared.bell->disconnect();
  parts->bell->close([parts] {
    parts->deliver->release();
    napi_remove_async_cleanup_hook(parts->hook);
    parts->self.reset();
  });
  parts->shared.socket.reset();
  parts->shared.core.reset();
  // The owner of the socket has references of its own to all that the reactor still reads.
  parts->views.release(parts->env);
}

// The environment ends while the link is open. What it has queued is dropped: nobody is left to hear of it.
void on_teardown(napi_async_cleanup_hook_handle, void* data) {
  const std::shared_ptr<AttachedParts> parts = static_cast<AttachedParts*>(data)->self;
  if (!parts->closed) end_link(parts->shared, false);
  close_parts(parts);
}

}  // namespace

Napi::Function AttachedHandle::define(Napi::Env env) {
  using Handle = AttachedHandle;
  return DefineClass(env, "AttachedHandle",
                     {InstanceAccessor<&Handle::attached>("attached"), InstanceMethod<&Handle::wake>("wake"),
                      InstanceMethod<&Handle::cancel>("cancel"), InstanceMethod<&Handle::set_ref>("setRef"),
                      InstanceMethod<&Handle::detach>("detach"), InstanceMethod<&Handle::close>("close")});
}

AttachedHandle::AttachedHandle(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<AttachedHandle>(info), parts_(std::make_shared<AttachedParts>()) {
  const Napi::Env env = info.Env();
  uv_loop_t* loop = nullptr;
  if (!info[5].IsFunction() || napi_get_uv_event_loop(env, &loop) != napi_ok) return;
  std::optional<SharedLink> shared = SharedLinks::instance().take(u32_of(info[0]));
  if (!shared) return;
  AttachedParts& parts = *parts_;
  parts.env = env;
  parts.shared = std::move(*shared);
  parts.deliver = std::make_unique<JsCall>("netvolley.attached", info[5].As<Napi::Function>());
  parts.bell = std::make_shared<UvBell>([call = parts.deliver.get()] { call->call(); });
  if (parts.bell->open(loop) != 0) {
    parts.deliver->release();
    end_link(parts.shared, false);
    return;
  }
  for (int i = 1; i <= 4; ++i) parts.views.keep(info[i]);
  parts.closed = false;
  parts.bell->set_ref(false);
  parts.self = parts_;
  napi_add_async_cleanup_hook(env, on_teardown, parts_.get(), &parts.hook);
  parts.shared.bell->connect(parts.bell);
}

Napi::Value AttachedHandle::attached(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), !parts_->closed);
}

void AttachedHandle::wake(const Napi::CallbackInfo&) {
  if (!parts_->closed) parts_->shared.core->reactor().wake();
}

void AttachedHandle::cancel(const Napi::CallbackInfo& info) {
  const uint32_t token = u32_of(info[0]);
  if (parts_->closed) return;
  const SharedLink& shared = parts_->shared;
  shared.core->reactor().post([socket = shared.socket, link = shared.link, token] { socket->cancel(link, token); });
}

void AttachedHandle::set_ref(const Napi::CallbackInfo& info) {
  if (!parts_->closed) parts_->bell->set_ref(bool_of(info[0]));
}

void AttachedHandle::detach(const Napi::CallbackInfo& info) {
  if (!parts_->closed) end_link(parts_->shared, bool_of(info[0]));
}

void AttachedHandle::close(const Napi::CallbackInfo&) { close_parts(parts_); }

}  // namespace netvolley
