#include "binding/server_handle.h"

#include <algorithm>

#include "binding/arguments.h"
#include "binding/server_fields.h"
#include "engine/peer_table.h"

namespace netvolley {

namespace {

// Port 0 is resolved by TCP; the same number may be taken for UDP.
constexpr int kPortTries = 10;
// A burst of 2,000 datagrams of full size, or of many more small ones, while JavaScript is busy.
constexpr uint32_t kReceiveBufferBytes = 4 << 20;

struct Bound {
  int tcp = -1;
  int udp = -1;
  Address tcp_address;
  Address udp_address;
  int error = 0;
  bool udp_failed = false;
};

// A wildcard IPv6 address takes IPv4 too.
Bound bind_once(System& system, const Address& at, bool tcp, bool udp) {
  Bound bound;
  Address datagrams_at = at;
  if (tcp) {
    const IoResult result = system.streams.listen(at, ListenOptions(), &bound.tcp_address);
    bound.error = result.error;
    if (!result.ok()) return bound;
    bound.tcp = static_cast<int>(result.count);
    datagrams_at.set_port(bound.tcp_address.port());
  }
  if (udp) {
    DatagramSocketOptions options;
    options.receive_buffer_bytes = kReceiveBufferBytes;
    const IoResult result = system.datagrams.open(datagrams_at, options, &bound.udp_address);
    bound.error = result.error;
    bound.udp_failed = !result.ok();
    if (!result.ok() && bound.tcp >= 0) system.streams.close(bound.tcp);
    bound.udp = static_cast<int>(result.count);
  }
  return bound;
}

}  // namespace

Napi::Function ServerHandle::define(Napi::Env env) {
  return DefineClass(
      env, "ServerHandle",
      {InstanceMethod<&ServerHandle::listen>("listen"), InstanceMethod<&ServerHandle::drain>("drain"),
       InstanceMethod<&ServerHandle::destroy>("destroy"), InstanceMethod<&ServerHandle::dispose>("dispose")});
}

ServerHandle::ServerHandle(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<ServerHandle>(info), views_(std::make_shared<Views>()) {
  EngineHandle* engine = EngineHandle::Unwrap(info[0].As<Napi::Object>());
  const double* fields = bytes_of<double>(info[1], kServerFields * sizeof(double));
  // An environment that is being terminated: JavaScript will not see this object.
  if (engine == nullptr || engine->parts()->closed || fields == nullptr) return;
  const ServerConfig config = server_config_of(fields);
  const uint64_t slab_bytes = config.request_memory_bytes(), ring_bytes = link_bytes(config.ring_entries);
  const uint64_t peer_bytes = (uint64_t{config.max_connections} + config.udp_peers) * kPeerBytes;
  ServerMemory memory;
  memory.slab = bytes_of(info[2], slab_bytes);
  memory.link = bytes_of(info[3], ring_bytes);
  memory.transmit = bytes_of(info[4], 1);
  memory.peers = bytes_of(info[5], peer_bytes);
  memory.counters = reinterpret_cast<double*>(bytes_of(info[6], kServerCounterNames.size() * sizeof(double)));
  for (const void* area : {memory.slab, memory.link, memory.transmit, memory.peers}) {
    if (area == nullptr) return;
  }
  if (memory.counters == nullptr) return;
  memory.transmit_bytes = static_cast<uint32_t>(info[4].As<Napi::Uint8Array>().ByteLength());
  parts_ = engine->parts();
  for (int i = 2; i <= 6; ++i) views_->keep(info[i]);
  views_->account(parts_->env, static_cast<int64_t>(slab_bytes + ring_bytes + peer_bytes + memory.transmit_bytes));
  server_ = std::make_shared<RequestServer>(parts_->core->reactor(), config, memory, parts_->drive->bell());
  parts_->socket_views.push_back(views_);
}

Napi::Value ServerHandle::listen(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  char host[64] = "";
  size_t host_bytes = 0;
  napi_get_value_string_utf8(env, info[0], host, sizeof host, &host_bytes);
  const uint32_t port = info[1].As<Napi::Number>().Uint32Value();
  const bool tcp = info[2].As<Napi::Boolean>().Value(), udp = info[3].As<Napi::Boolean>().Value();
  uint8_t* bound = bytes_of(info[4], 2 * kPeerBytes);
  Address at;
  int error = bound == nullptr || !open() ? EBADF : 0;
  if (error == 0 && !Address::parse({host, host_bytes}, static_cast<uint16_t>(port), &at)) error = EINVAL;
  if (error == 0) error = start(at, tcp, udp, bound);
  return Napi::Number::New(env, -error);
}

int ServerHandle::start(const Address& at, bool tcp, bool udp, uint8_t* bound) {
  Reactor& reactor = parts_->core->reactor();
  Bound sockets;
  for (int attempt = 0; attempt < kPortTries; ++attempt) {
    sockets = bind_once(reactor.system(), at, tcp, udp);
    if (sockets.error != EADDRINUSE || at.port() != 0) break;
  }
  if (sockets.error != 0) {
    bound[0] = sockets.udp_failed ? 1 : 0;
    return sockets.error;
  }
  write_peer(bound, 0, sockets.tcp_address);
  write_peer(bound + kPeerBytes, 0, sockets.udp_address);
  // A failure to watch them finishes the server: its page says so, and JavaScript is rung.
  parts_->drive->run([&reactor, server = server_, tcp_fd = sockets.tcp, udp_fd = sockets.udp] {
    reactor.add(server);
    server->start(tcp_fd, udp_fd);
  });
  return 0;
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
  if (parts_ == nullptr) return;
  views_->release(parts_->env);
  auto& all = parts_->socket_views;
  all.erase(std::remove(all.begin(), all.end(), views_), all.end());
}

}  // namespace netvolley
