#include "engine/relay_bell.h"

#include <utility>

namespace netvolley {

// The target is rung outside the lock: its own lock is then never taken inside this one.
void RelayBell::ring() {
  std::shared_ptr<Bell> target;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    target = target_;
    if (target == nullptr) rung_ = true;
  }
  if (target != nullptr) target->ring();
}

void RelayBell::connect(std::shared_ptr<Bell> target) {
  bool rung = false;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    target_ = target;
    rung = std::exchange(rung_, false);
  }
  if (rung) target->ring();
}

void RelayBell::disconnect() {
  std::shared_ptr<Bell> gone;
  const std::lock_guard<std::mutex> lock(mutex_);
  gone.swap(target_);
}

}  // namespace netvolley
