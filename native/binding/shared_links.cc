#include "binding/shared_links.h"

#include <utility>
#include <vector>

namespace netvolley {

SharedLinks& SharedLinks::instance() {
  // Never destroyed: threads of worker environments may outlive main().
  static SharedLinks* const links = new SharedLinks();
  return *links;
}

uint32_t SharedLinks::add(SharedLink link) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const uint32_t id = next_id_++;
  links_.emplace(id, std::move(link));
  return id;
}

std::optional<SharedLink> SharedLinks::take(uint32_t id) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = links_.find(id);
  if (found == links_.end()) return std::nullopt;
  std::optional<SharedLink> link = std::move(found->second);
  links_.erase(found);
  return link;
}

template <class Matches>
void SharedLinks::forget_if(Matches matches) {
  // Destroyed outside the lock: the last reference to a socket may be among them.
  std::vector<SharedLink> forgotten;
  const std::lock_guard<std::mutex> lock(mutex_);
  for (auto at = links_.begin(); at != links_.end();) {
    if (!matches(at->second)) {
      ++at;
      continue;
    }
    forgotten.push_back(std::move(at->second));
    at = links_.erase(at);
  }
}

void SharedLinks::forget(const EngineCore* core) {
  forget_if([core](const SharedLink& link) { return link.core.get() == core; });
}

void SharedLinks::forget(const UdpSocket* socket) {
  forget_if([socket](const SharedLink& link) { return link.socket.get() == socket; });
}

}  // namespace netvolley
