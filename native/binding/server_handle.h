#pragma once

#include <napi.h>

#include <memory>

#include "binding/engine_handle.h"
#include "engine/request_server.h"

namespace netvolley {

// new ServerHandle(engine: EngineHandle, config, { slab, link, transmit, peers, counters }: Uint8Array each)
class ServerHandle : public Napi::ObjectWrap<ServerHandle> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit ServerHandle(const Napi::CallbackInfo& info);

 private:
  // listen({ host, port, tcp, udp, ipv6Only }) -> { tcp?, udp? } or { errno, syscall, address, port }
  Napi::Value listen(const Napi::CallbackInfo& info);
  void drain(const Napi::CallbackInfo& info);
  void destroy(const Napi::CallbackInfo& info);
  // The server is finished and JavaScript has seen it: its memory is let go.
  void dispose(const Napi::CallbackInfo& info);

  bool open() const { return server_ != nullptr && !parts_->closed; }

  std::shared_ptr<EngineParts> parts_;
  std::shared_ptr<Views> views_;
  std::shared_ptr<RequestServer> server_;
};

}  // namespace netvolley
