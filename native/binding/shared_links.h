#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "binding/engine_core.h"
#include "engine/relay_bell.h"
#include "engine/udp_socket.h"

namespace netvolley {

// A link of a socket that another JavaScript thread may take. `core` is let go last.
struct SharedLink {
  std::shared_ptr<EngineCore> core;
  std::shared_ptr<UdpSocket> socket;
  uint32_t link = 0;
  std::shared_ptr<RelayBell> bell;
};

// Links on their way from one JavaScript thread to another: the number travels in a message. Any thread.
class SharedLinks {
 public:
  static SharedLinks& instance();

  uint32_t add(SharedLink link);
  // Once: the second one who comes with a number gets nothing.
  std::optional<SharedLink> take(uint32_t id);
  // The engine, or the socket, has ended: its links are not to be had any more.
  void forget(const EngineCore* core);
  void forget(const UdpSocket* socket);

 private:
  template <class Matches>
  void forget_if(Matches matches);

  std::mutex mutex_;
  uint32_t next_id_ = 1;
  std::unordered_map<uint32_t, SharedLink> links_;
};

}  // namespace netvolley
