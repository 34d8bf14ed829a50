#pragma once

#include <napi.h>

#include <memory>
#include <vector>

#include "binding/engine_handle.h"
#include "engine/relay_bell.h"
#include "engine/udp_socket.h"

namespace netvolley {

// new DatagramHandle(engine: EngineHandle, config: Float64Array, slab, peers, page: Uint8Array)
// A datagram socket with its links. Results are 0 or libuv's number of the error.
class DatagramHandle : public Napi::ObjectWrap<DatagramHandle> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit DatagramHandle(const Napi::CallbackInfo& info);

 private:
  // addLink(link, transmit, destinations: Uint8Array, sizes: Uint32Array): the owner's end; gives its index, or -1.
  Napi::Value add_link(const Napi::CallbackInfo& info);
  // shareLink(the same): one for another thread; gives the number by which it is taken, or -1.
  Napi::Value share_link(const Napi::CallbackInfo& info);
  // forgetLink(link): one of another thread has ended, as its word says: its memory is let go.
  void forget_link(const Napi::CallbackInfo& info);
  // addArea(link, area: Uint8Array): its number for send entries, or -1 where there are no more.
  Napi::Value add_area(const Napi::CallbackInfo& info);
  // open(host, port, bound: Uint8Array): binds and starts; `bound` gets one address record.
  Napi::Value open(const Napi::CallbackInfo& info);
  Napi::Value connect(const Napi::CallbackInfo& info);
  Napi::Value disconnect(const Napi::CallbackInfo& info);
  void set_reading(const Napi::CallbackInfo& info);
  Napi::Value set_socket_option(const Napi::CallbackInfo& info);
  Napi::Value get_socket_option(const Napi::CallbackInfo& info);
  void set_hot(const Napi::CallbackInfo& info);
  // membership(group, source, interfaceName, join)
  Napi::Value membership(const Napi::CallbackInfo& info);
  Napi::Value steer(const Napi::CallbackInfo& info);
  void cancel(const Napi::CallbackInfo& info);
  Napi::Value kernel_drops(const Napi::CallbackInfo& info);
  void close(const Napi::CallbackInfo& info);
  void abort(const Napi::CallbackInfo& info);
  // fail(errno): it could not be opened; what was queued has failed.
  void fail(const Napi::CallbackInfo& info);
  // The socket has finished and JavaScript has seen it: its memory is let go.
  void dispose(const Napi::CallbackInfo& info);

  bool usable() const { return socket_ != nullptr && !parts_->closed; }
  bool add_link(const Napi::CallbackInfo& info, std::shared_ptr<Bell> bell, const std::shared_ptr<Views>& views);
  void let_go(const std::shared_ptr<Views>& views);
  int start(const Address& at, uint8_t* bound);
  int parse(const Napi::CallbackInfo& info, Address* out) const;
  int set_error_queue(bool on);
  int disconnect_now();  // reactor's thread
  Napi::Value result(const Napi::CallbackInfo& info, int error) const { return Napi::Number::New(info.Env(), -error); }

  std::shared_ptr<EngineParts> parts_;
  std::shared_ptr<Views> views_;
  std::shared_ptr<EngineCore> core_;  // the socket refers to it
  std::shared_ptr<UdpSocket> socket_;
  DatagramConfig config_;
  Address local_;
  struct LinkAreas {
    std::shared_ptr<SendAreas> areas;
    uint32_t count = 0;
    std::shared_ptr<Views> views;  // of what it lies in; the owner's link lies in views_
  };
  std::vector<LinkAreas> links_;
};

}  // namespace netvolley
