#pragma once

#include <memory>
#include <mutex>

#include "engine/bell.h"

namespace netvolley {

// A bell whose target comes later, from another thread: that of a link which was handed over and is not attached yet.
class RelayBell final : public Bell {
 public:
  // A ring that comes before connect() is remembered.
  void ring() override;
  // Rings at once where one was remembered.
  void connect(std::shared_ptr<Bell> target);
  // Rings go nowhere from now on.
  void disconnect();

 private:
  std::mutex mutex_;
  std::shared_ptr<Bell> target_;
  bool rung_ = false;
};

}  // namespace netvolley
