#include <napi.h>

#include <cerrno>
#include <cstring>

#include "binding/arguments.h"
#include "binding/attached_handle.h"
#include "binding/datagram_fields.h"
#include "binding/datagram_handle.h"
#include "binding/engine_handle.h"
#include "binding/layout_report.h"
#include "binding/server_fields.h"
#include "binding/server_handle.h"
#include "engine/peer_table.h"
#include "io/clock.h"
#include "io/offload_probe.h"
#include "memory/batch_layout.h"

namespace netvolley {

namespace {

// requestMemoryBytes(config: Float64Array)
Napi::Value request_memory_bytes(const Napi::CallbackInfo& info) {
  const double* fields = bytes_of<double>(info[0], kServerFields * sizeof(double));
  const uint64_t bytes = fields == nullptr ? 0 : server_config_of(fields).request_memory_bytes();
  return Napi::Number::New(info.Env(), static_cast<double>(bytes));
}

// datagramSlabBytes(config: Float64Array)
Napi::Value slab_bytes(const Napi::CallbackInfo& info) {
  const double* fields = bytes_of<double>(info[0], kDatagramFields * sizeof(double));
  const uint64_t bytes = fields == nullptr ? 0 : datagram_slab_bytes(datagram_config_of(fields));
  return Napi::Number::New(info.Env(), static_cast<double>(bytes));
}

// alignedOffset(view): the first byte of it that is aligned for the words; a SharedArrayBuffer is so to 16 only.
Napi::Value aligned_offset(const Napi::CallbackInfo& info) {
  const auto address = reinterpret_cast<uintptr_t>(bytes_of(info[0], 0));
  return Napi::Number::New(info.Env(), static_cast<double>((kWordBytes - address % kWordBytes) % kWordBytes));
}

// writeDestination(destinations: Uint8Array, index, host, port, dual): one record as the reactor reads it; 0 or
// -EINVAL.
Napi::Value write_destination(const Napi::CallbackInfo& info) {
  const size_t at = size_t{u32_of(info[1])} * kDestinationBytes;
  uint8_t* records = bytes_of(info[0], at + kDestinationBytes);
  Address to;
  if (records == nullptr ||
      !Address::parse_scoped(ShortText(info[2]).view(), static_cast<uint16_t>(u32_of(info[3])), &to))
    return Napi::Number::New(info.Env(), -EINVAL);
  if (bool_of(info[4])) to = to.mapped();
  std::memcpy(records + at, &to, sizeof to);
  return Napi::Number::New(info.Env(), 0);
}

// parseAddress(record: Uint8Array, host, port): as in the peer page; 0 or -EINVAL.
Napi::Value parse_address(const Napi::CallbackInfo& info) {
  uint8_t* record = bytes_of(info[0], kPeerBytes);
  Address address;
  const bool parsed =
      Address::parse_scoped(ShortText(info[1]).view(), static_cast<uint16_t>(u32_of(info[2])), &address);
  if (record == nullptr || !parsed) return Napi::Number::New(info.Env(), -EINVAL);
  write_peer(record, 0, address);
  return Napi::Number::New(info.Env(), 0);
}

// probeOffloads(4 | 6): segments of one message, and 65536 more where GRO works.
Napi::Value probe(const Napi::CallbackInfo& info) {
  const Offloads offloads = probe_offloads(u32_of(info[0]) == 6 ? Family::kIpv6 : Family::kIpv4);
  return Napi::Number::New(info.Env(), offloads.gso_max_segments | (offloads.gro ? 1u << 16 : 0));
}

// interfaceIndex(name): 0 = no such interface.
Napi::Value interface_number(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), interface_index(ShortText(info[0]).view()));
}

Napi::Value now_ms(const Napi::CallbackInfo& info) { return Napi::Number::New(info.Env(), MonotonicClock().now_ms()); }

Napi::Object init(Napi::Env env, Napi::Object exports) {
  exports.Set("EngineHandle", EngineHandle::define(env));
  exports.Set("ServerHandle", ServerHandle::define(env));
  exports.Set("DatagramHandle", DatagramHandle::define(env));
  exports.Set("AttachedHandle", AttachedHandle::define(env));
  exports.Set("layout", Napi::Function::New(env, layout));
  exports.Set("datagramLayout", Napi::Function::New(env, datagram_layout));
  exports.Set("backEnds", Napi::Function::New(env, back_ends));
  exports.Set("requestMemoryBytes", Napi::Function::New(env, request_memory_bytes));
  exports.Set("datagramSlabBytes", Napi::Function::New(env, slab_bytes));
  exports.Set("alignedOffset", Napi::Function::New(env, aligned_offset));
  exports.Set("writeDestination", Napi::Function::New(env, write_destination));
  exports.Set("parseAddress", Napi::Function::New(env, parse_address));
  exports.Set("probeOffloads", Napi::Function::New(env, probe));
  exports.Set("interfaceIndex", Napi::Function::New(env, interface_number));
  exports.Set("nowMs", Napi::Function::New(env, now_ms));
  return exports;
}

}  // namespace

// The macro below writes a plain call.
static Napi::Object InitAddon(Napi::Env env, Napi::Object exports) { return init(env, exports); }

}  // namespace netvolley

using netvolley::InitAddon;
NODE_API_MODULE(netvolley, InitAddon)
