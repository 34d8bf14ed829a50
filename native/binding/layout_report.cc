#include "binding/layout_report.h"

#include "binding/arguments.h"
#include "binding/datagram_fields.h"
#include "binding/server_fields.h"
#include "engine/counters.h"
#include "engine/datagram_counters.h"
#include "io/back_end.h"
#include "memory/batch_layout.h"
#include "memory/datagram_layout.h"

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

}  // namespace

Napi::Value layout(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const uint32_t entries = u32_of(info[0]);
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

Napi::Value datagram_layout(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const uint32_t* sizes = bytes_of<uint32_t>(info[0], 4 * sizeof(uint32_t));
  if (sizes == nullptr) return env.Undefined();
  Napi::Object result = Napi::Object::New(env);
  uint64_t at = kDatagramRingsAt;
  const auto ring = [&](const char* name, const auto& columns, uint32_t entries) {
    result.Set(name, columns_array(env, columns, entries, at));
    at += columns_bytes(columns, entries);
  };
  ring("receive", kReceiveColumns, sizes[0]);
  ring("returns", kReturnColumns, sizes[1]);
  ring("sendLow", kSendColumns, sizes[2]);
  ring("sendNormal", kSendColumns, sizes[2]);
  ring("sendHigh", kSendColumns, sizes[2]);
  ring("completions", kCompletionColumns, sizes[3]);
  ring("events", kEventColumns, kEventEntries);
  result.Set("words", static_cast<uint32_t>(DatagramWord::kCount));
  result.Set("countersAt", static_cast<double>(kDatagramWordsBytes));
  const DatagramLinkSizes all{sizes[0], sizes[1], sizes[2], sizes[3]};
  result.Set("linkBytes", static_cast<double>(datagram_link_bytes(all)));
  result.Set("pageBytes", static_cast<double>(socket_page_bytes(u32_of(info[1]))));
  result.Set("destinationBytes", kDestinationBytes);
  result.Set("receivedPeer", kReceivedPeer);
  result.Set("fields", names_array(env, kDatagramFieldNames));
  result.Set("linkCounters", names_array(env, kLinkCounterNames));
  result.Set("socketCounters", names_array(env, kSocketCounterNames));
  Napi::Array errors = Napi::Array::New(env);
  for (uint32_t i = 0; i < kCountedErrors.size(); ++i) errors.Set(i, kCountedErrors[i]);
  result.Set("countedErrors", errors);
  return result;
}

Napi::Value back_ends(const Napi::CallbackInfo& info) { return names_array(info.Env(), kBackEndNames); }

}  // namespace netvolley
