#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "engine/counter_book.h"
#include "engine/datagram_config.h"
#include "engine/datagram_counters.h"
#include "engine/peer_table.h"
#include "engine/reactor.h"
#include "engine/slot_table.h"
#include "io/datagram_fd.h"

namespace netvolley {

class DatagramLink;

// What the parts of one UdpSocket share. Lives as long as the socket; reactor's thread only.
struct DatagramContext {
  Reactor& reactor;
  Source& source;
  DatagramConfig& config;
  DatagramFd& fd;
  uint32_t& registration;
  SlotTable& slots;
  PeerTable& peers;
  std::vector<std::unique_ptr<DatagramLink>>& links;  // a place is never used again; null = retired
  CounterBook<SocketCounter>& counters;
};
enum DatagramKey : uint32_t { kSocketKey = 0, kFlushKey = 1, kRetryKey = 2, kOffloadKey = 3 };

}  // namespace netvolley
