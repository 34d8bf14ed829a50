#pragma once

#include <napi.h>

namespace netvolley {

// The bytes of a typed array over shared memory (Node-API does not take the SharedArrayBuffer itself); null where the
// value is something else. Works also while the environment is being terminated, which reading properties does not.
template <class T = uint8_t>
T* bytes_of(const Napi::Value& view, size_t at_least) {
  if (view.IsEmpty() || !view.IsTypedArray()) return nullptr;
  napi_typedarray_type type;
  size_t length = 0, offset = 0;
  void* data = nullptr;
  napi_value buffer;
  if (napi_get_typedarray_info(view.Env(), view, &type, &length, &data, &buffer, &offset) != napi_ok) return nullptr;
  return length * sizeof(T) < at_least ? nullptr : static_cast<T*>(data);
}

}  // namespace netvolley
