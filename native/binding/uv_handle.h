#pragma once

#include <uv.h>

#include <cstdlib>

namespace netvolley {

// libuv's handles grow from version to version: their size is asked for at run time, so that one binary serves all.
template <class T>
T* allocate_uv_handle(uv_handle_type type) {
  return static_cast<T*>(std::calloc(1, uv_handle_size(type)));
}

inline void free_uv_handle(void* handle) { std::free(handle); }

template <class T>
uv_handle_t* as_handle(T* handle) {
  return reinterpret_cast<uv_handle_t*>(handle);
}

}  // namespace netvolley
