#pragma once

#include "engine/counters.h"
#include "engine/dispatch.h"
#include "engine/reactor.h"
#include "engine/server_config.h"
#include "memory/slab.h"

namespace netvolley {

// What the two transports of one request server share. Lives as long as the server.
struct ServerContext {
  Reactor& reactor;
  Source& source;  // the server itself: whom the reactor calls
  const ServerConfig& config;
  Slab& slab;
  ReadBlocks& blocks;
  Dispatch& dispatch;
  CounterPage counters;
  uint8_t* request_memory;  // the slab, and the blocks behind it
  uint8_t* peers;           // the peer page: connections first, senders of datagrams behind them
};

// Keys under which the server registers what is not a connection; connections use their index.
enum ServerKey : uint32_t { kListenerKey = 0xFFFFFFF0, kDatagramKey = 0xFFFFFFF1, kDrainKey = 0xFFFFFFF2 };

}  // namespace netvolley
