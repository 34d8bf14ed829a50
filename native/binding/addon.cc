#include <napi.h>

#include "binding/arguments.h"
#include "binding/engine_handle.h"
#include "binding/server_fields.h"
#include "binding/server_handle.h"
#include "engine/counters.h"
#include "io/clock.h"
#include "memory/batch_layout.h"

namespace netvolley {

namespace {

template <size_t N>
Napi::Array columns_array(Napi::Env env, const std::array<Column, N>& columns, uint32_t entries, uint64_t base) {
  Napi::Array array = Napi::Array::New(env);
  for (uint32_t i = 0; i < N; ++i) {
    Napi::Object column = Napi::Object::New(env);
    column.Set("name", columns[i].name);
    column.Set("elementBytes", columns[i].element_bytes);
    column.Set("offset", static_cast<double>(base + column_offset(columns, entries, i)));
    array.Set(i, column);
  }
  return array;
}

template <size_t N>
Napi::Array names_array(Napi::Env env, const std::array<const char*, N>& names) {
  Napi::Array array = Napi::Array::New(env);
  for (uint32_t i = 0; i < N; ++i) array.Set(i, names[i]);
  return array;
}

// layout(ringEntries): the shared memory as native code sees it, for the test that compares it with layout.ts.
Napi::Value layout(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const uint32_t entries = info[0].As<Napi::Number>().Uint32Value();
  Napi::Object result = Napi::Object::New(env);
  result.Set("wordBytes", kWordBytes);
  result.Set("linkWords", static_cast<uint32_t>(LinkWord::kCount));
  result.Set("linkBytes", static_cast<double>(link_bytes(entries)));
  result.Set("requests", columns_array(env, kRequestColumns, entries, kLinkWordsBytes));
  result.Set("replies",
             columns_array(env, kReplyColumns, entries, kLinkWordsBytes + columns_bytes(kRequestColumns, entries)));
  result.Set("peerBytes", kPeerBytes);
  result.Set("serverFields", names_array(env, kServerFieldNames));
  result.Set("engineCounters", names_array(env, kEngineCounterNames));
  result.Set("serverCounters", names_array(env, kServerCounterNames));
  return result;
}

// requestMemoryBytes(config: Float64Array)
Napi::Value request_memory_bytes(const Napi::CallbackInfo& info) {
  const double* fields = bytes_of<double>(info[0], kServerFields * sizeof(double));
  const uint64_t bytes = fields == nullptr ? 0 : server_config_of(fields).request_memory_bytes();
  return Napi::Number::New(info.Env(), static_cast<double>(bytes));
}

// alignedOffset(view): the first byte of it that is aligned for the words; a SharedArrayBuffer is so to 16 only.
Napi::Value aligned_offset(const Napi::CallbackInfo& info) {
  const auto address = reinterpret_cast<uintptr_t>(bytes_of(info[0], 0));
  return Napi::Number::New(info.Env(), static_cast<double>((kWordBytes - address % kWordBytes) % kWordBytes));
}

Napi::Value now_ms(const Napi::CallbackInfo& info) { return Napi::Number::New(info.Env(), MonotonicClock().now_ms()); }

Napi::Object init(Napi::Env env, Napi::Object exports) {
  exports.Set("EngineHandle", EngineHandle::define(env));
  exports.Set("ServerHandle", ServerHandle::define(env));
  exports.Set("layout", Napi::Function::New(env, layout));
  exports.Set("requestMemoryBytes", Napi::Function::New(env, request_memory_bytes));
  exports.Set("alignedOffset", Napi::Function::New(env, aligned_offset));
  exports.Set("nowMs", Napi::Function::New(env, now_ms));
  return exports;
}

}  // namespace

// The macro below writes a plain call.
static Napi::Object InitAddon(Napi::Env env, Napi::Object exports) { return init(env, exports); }

}  // namespace netvolley

using netvolley::InitAddon;
NODE_API_MODULE(netvolley, InitAddon)
