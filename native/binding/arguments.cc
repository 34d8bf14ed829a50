#include "binding/arguments.h"

namespace netvolley {

uint32_t u32_of(const Napi::Object& object, const char* name) { return object.Get(name).As<Napi::Number>().Uint32Value(); }

double number_of(const Napi::Object& object, const char* name) {
  return object.Get(name).As<Napi::Number>().DoubleValue();
}

bool flag_of(const Napi::Object& object, const char* name) { return object.Get(name).As<Napi::Boolean>().Value(); }

namespace {

uint64_t u64_of(const Napi::Object& object, const char* name) { return static_cast<uint64_t>(number_of(object, name)); }

Framing framing_of(const Napi::Object& object) {
  Framing framing;
  framing.prefix.bytes = static_cast<uint8_t>(u32_of(object, "bytes"));
  framing.prefix.little_endian = flag_of(object, "littleEndian");
  framing.prefix.includes_header = flag_of(object, "includesHeader");
  framing.prefix.offset = u32_of(object, "offset");
  framing.prefix.adjust = object.Get("adjust").As<Napi::Number>().Int32Value();
  return framing;
}

}  // namespace

ServerConfig server_config_of(const Napi::Object& object) {
  ServerConfig config;
  config.framing = framing_of(object.Get("framing").As<Napi::Object>());
  config.framing.max_body_bytes = u32_of(object, "maxBodyBytes");
  config.datagram_framed = flag_of(object, "datagramFramed");
  config.max_connections = u32_of(object, "maxConnections");
  config.max_in_flight_per_connection = u32_of(object, "maxInFlightPerConnection");
  config.max_tcp_in_flight = u32_of(object, "maxTcpInFlight");
  config.max_udp_in_flight = u32_of(object, "maxUdpInFlight");
  config.udp_payload_bytes = u32_of(object, "udpPayloadBytes");
  config.max_buffered_bytes = u64_of(object, "maxBufferedBytes");
  config.write_high_water_bytes = u64_of(object, "writeHighWaterBytes");
  config.write_low_water_bytes = u64_of(object, "writeLowWaterBytes");
  config.write_limit_bytes = u64_of(object, "writeLimitBytes");
  config.header_timeout_ms = number_of(object, "headerTimeoutMs");
  config.body_timeout_ms = number_of(object, "bodyTimeoutMs");
  config.write_timeout_ms = number_of(object, "writeTimeoutMs");
  config.idle_timeout_ms = number_of(object, "idleTimeoutMs");
  config.min_bytes_per_ms = number_of(object, "minBytesPerSec") / 1000;
  config.linger_timeout_ms = number_of(object, "lingerTimeoutMs");
  config.linger_bytes = u64_of(object, "lingerBytes");
  config.ring_entries = u32_of(object, "ringEntries");
  config.udp_peers = u32_of(object, "udpPeers");
  config.clock_offset_ms = number_of(object, "clockOffsetMs");
  const Napi::Array classes = object.Get("slab").As<Napi::Array>();
  for (uint32_t i = 0; i < classes.Length(); ++i) {
    const Napi::Object slab_class = classes.Get(i).As<Napi::Object>();
    config.slab.push_back({u32_of(slab_class, "slots"), u32_of(slab_class, "slotBytes")});
  }
  return config;
}

uint8_t* bytes_of(const Napi::Value& view) { return view.As<Napi::Uint8Array>().Data(); }

Napi::Object address_object(Napi::Env env, const Address& address) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("address", address.host_text());
  object.Set("port", address.port());
  object.Set("family", address.family() == Family::kIpv6 ? "IPv6" : "IPv4");
  return object;
}

Napi::Object failure_object(Napi::Env env, int error, const char* syscall, const Address& address) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("errno", -error);
  object.Set("syscall", syscall);
  object.Set("address", address.host_text());
  object.Set("port", address.port());
  return object;
}

}  // namespace netvolley
