#pragma once

#include <napi.h>

#include <memory>

#include "binding/engine_handle.h"
#include "engine/request_server.h"

namespace netvolley {

// new ServerHandle(engine: EngineHandle, config: Float64Array, slab, link, transmit, peers, counters: Uint8Array)
// Everything is passed by position and in memory: a worker may be terminated at any instruction, and then properties
// can no longer be read.
class ServerHandle : public Napi::ObjectWrap<ServerHandle> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit ServerHandle(const Napi::CallbackInfo& info);

 private:
  // listen(host, port, tcp, udp, bound: Uint8Array): 0, or libuv's number of the error. `bound` gets two address
  // records of kPeerBytes, TCP's and UDP's; after an error the first byte of the first is 1 where it was UDP's.
  Napi::Value listen(const Napi::CallbackInfo& info);
  void drain(const Napi::CallbackInfo& info);
  void destroy(const Napi::CallbackInfo& info);
  // The server is finished and JavaScript has seen it: its memory is let go.
  void dispose(const Napi::CallbackInfo& info);

  bool open() const { return server_ != nullptr && !parts_->closed; }
  int start(const Address& at, bool tcp, bool udp, uint8_t* bound);

  std::shared_ptr<EngineParts> parts_;
  std::shared_ptr<Views> views_;
  std::shared_ptr<RequestServer> server_;
};

}  // namespace netvolley
