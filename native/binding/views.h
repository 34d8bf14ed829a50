#pragma once

#include <napi.h>

#include <vector>

namespace netvolley {

// Strong references to memory that JavaScript made and native code uses. Released on the JavaScript thread, after
// native code has stopped using it; never by a destructor that may run when the environment is gone.
class Views {
 public:
  Views() = default;
  Views(const Views&) = delete;
  Views& operator=(const Views&) = delete;
  ~Views() {
    for (Napi::ObjectReference& view : views_) view.SuppressDestruct();
  }

  void keep(const Napi::Value& view) { views_.push_back(Napi::Persistent(view.As<Napi::Object>())); }
  // V8 does not count shared memory when it decides whether to collect garbage.
  void account(napi_env env, int64_t bytes) {
    int64_t total;
    accounted_ += bytes;
    napi_adjust_external_memory(env, bytes, &total);
  }
  void release(napi_env env) {
    for (Napi::ObjectReference& view : views_) view.Reset();
    views_.clear();
    account(env, -accounted_);
  }

 private:
  std::vector<Napi::ObjectReference> views_;
  int64_t accounted_ = 0;
};

}  // namespace netvolley
