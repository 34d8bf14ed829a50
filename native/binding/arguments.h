#pragma once

#include <napi.h>

#include <array>
#include <string_view>

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

// A short string: an address, the name of an interface. Longer ones are cut, and then are no address any more.
class ShortText {
 public:
  explicit ShortText(const Napi::Value& value) {
    napi_get_value_string_utf8(value.Env(), value, text_.data(), text_.size(), &bytes_);
  }
  std::string_view view() const { return {text_.data(), bytes_}; }
  bool empty() const { return bytes_ == 0; }

 private:
  std::array<char, 128> text_{};
  size_t bytes_ = 0;
};

inline uint32_t u32_of(const Napi::Value& value) {
  uint32_t result = 0;
  napi_get_value_uint32(value.Env(), value, &result);
  return result;
}

inline double number_of(const Napi::Value& value) {
  double result = 0;
  napi_get_value_double(value.Env(), value, &result);
  return result;
}

inline bool bool_of(const Napi::Value& value) {
  bool result = false;
  napi_get_value_bool(value.Env(), value, &result);
  return result;
}

}  // namespace netvolley
