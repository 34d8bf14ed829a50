#include "binding/server_handle.h"

#include <algorithm>

#include "binding/arguments.h"

namespace netvolley {

namespace {

// Port 0 is resolved by TCP; the same number may be taken for UDP.
constexpr int kPortTries = 10;

struct Bound {
  int tcp = -1;
  int udp = -1;
  Address tcp_address;
  Address udp_address;
  int error = 0;
  const char* syscall = "";
  Address failed;
};

Bound failed(int error, const char* syscall, const Address& at) {
  Bound bound;
  bound.error = error;
  bound.syscall = syscall;
  bound.failed = at;
  return bound;
}

Bound bind_once(System& system, const Address& at, bool tcp, bool udp, bool ipv6_only) {
  Bound bound;
  Address datagrams_at = at;
  if (tcp) {
    ListenOptions options;
    options.ipv6_only = ipv6_only;
    const IoResult result = system.streams.listen(at, options, &bound.tcp_address);
    if (!result.ok()) return failed(result.error, "listen", at);
    bound.tcp = static_cast<int>(result.count);
    datagrams_at.set_port(bound.tcp_address.port());
  }
  if (udp) {
    DatagramSocketOptions options;
    options.ipv6_only = ipv6_only;
    options.receive_buffer_bytes = 4 << 20;
    const IoResult result = system.datagrams.open(datagrams_at, options, &bound.udp_address);
    if (!result.ok()) {
      if (bound.tcp >= 0) system.streams.close(bound.tcp);
      return failed(result.error, "bind", datagrams_at);
    }
    bound.udp = static_cast<int>(result.count);
  }
  return bound;
}

}  // namespace

Napi::Function ServerHandle::define(Napi::Env env) {
  return DefineClass(env, "ServerHandle",
                     {InstanceMethod<&ServerHandle::listen>("listen"), InstanceMethod<&ServerHandle::drain>("drain"),
                      InstanceMethod<&ServerHandle::destroy>("destroy"),
                      InstanceMethod<&ServerHandle::dispose>("dispose")});
}

ServerHandle::ServerHandle(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<ServerHandle>(info),
      parts_(EngineHandle::Unwrap(info[0].As<Napi::Object>())->parts()),
      views_(std::make_shared<Views>()) {
  if (parts_->closed) {
    Napi::Error::New(info.Env(), "the engine is closed").ThrowAsJavaScriptException();
    return;
  }
  const ServerConfig config = server_config_of(info[1].As<Napi::Object>());
  const Napi::Object views = info[2].As<Napi::Object>();
  for (const char* name : {"slab", "link", "transmit", "peers", "counters"}) views_->keep(views.Get(name));
  ServerMemory memory;
  memory.slab = bytes_of(views.Get("slab"));
  memory.link = bytes_of(views.Get("link"));
  memory.transmit = bytes_of(views.Get("transmit"));
  memory.transmit_bytes = static_cast<uint32_t>(views.Get("transmit").As<Napi::Uint8Array>().ByteLength());
  memory.peers = bytes_of(views.Get("peers"));
  memory.counters = reinterpret_cast<double*>(bytes_of(views.Get("counters")));
  server_ = std::make_shared<RequestServer>(parts_->core->reactor(), config, memory, parts_->drive->bell());
  parts_->server_views.push_back(views_);
}

Napi::Value ServerHandle::listen(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Napi::Object options = info[0].As<Napi::Object>();
  const std::string host = options.Get("host").As<Napi::String>().Utf8Value();
  const uint32_t port = u32_of(options, "port");
  const bool tcp = flag_of(options, "tcp"), udp = flag_of(options, "udp");
  Address at;
  if (!Address::parse(host, static_cast<uint16_t>(port), &at)) return failure_object(env, EINVAL, "bind", at);
  if (!open()) return failure_object(env, EBADF, "bind", at);
  System& system = parts_->core->reactor().system();
  Bound bound;
  for (int attempt = 0; attempt < kPortTries; ++attempt) {
    bound = bind_once(system, at, tcp, udp, flag_of(options, "ipv6Only"));
    if (bound.error != EADDRINUSE || port != 0) break;
  }
  if (bound.error != 0) return failure_object(env, bound.error, bound.syscall, bound.failed);
  Reactor& reactor = parts_->core->reactor();
  parts_->drive->run([&reactor, server = server_, bound] {
    reactor.add(server);
    // A failure (no room in the poller) finishes the server, which JavaScript is told of.
    [[maybe_unused]] const int error = server->start(bound.tcp, bound.udp);
  });
  Napi::Object result = Napi::Object::New(env);
  if (tcp) result.Set("tcp", address_object(env, bound.tcp_address));
  if (udp) result.Set("udp", address_object(env, bound.udp_address));
  return result;
}

void ServerHandle::drain(const Napi::CallbackInfo& info) {
  const double grace_ms = info[0].As<Napi::Number>().DoubleValue();
  if (open()) parts_->drive->run([server = server_, grace_ms] { server->drain(grace_ms); });
}

void ServerHandle::destroy(const Napi::CallbackInfo&) {
  if (open()) parts_->drive->run([server = server_] { server->destroy(); });
}

void ServerHandle::dispose(const Napi::CallbackInfo&) {
  server_.reset();
  views_->release();
  auto& all = parts_->server_views;
  all.erase(std::remove(all.begin(), all.end(), views_), all.end());
}

}  // namespace netvolley
