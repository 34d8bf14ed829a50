#pragma once

#include <cstdint>
#include <vector>

#include "memory/read_blocks.h"
#include "memory/slab.h"
#include "wire/framing.h"

namespace netvolley {

// What a request server was asked for, with every default filled in by lib/server/options.ts, which gives the reasons.
struct ServerConfig {
  Framing framing;
  bool datagram_framed = false;  // a datagram holds a frame, header and all; else it is the body

  uint32_t max_connections = 65535;
  uint32_t max_in_flight_per_connection = 64;
  uint32_t max_tcp_in_flight = 4096;
  uint32_t max_udp_in_flight = 4096;
  uint32_t udp_payload_bytes = 65507;
  uint64_t max_buffered_bytes = 64 << 20;

  uint64_t write_high_water_bytes = 1 << 20;
  uint64_t write_low_water_bytes = 256 << 10;
  uint64_t write_limit_bytes = 32 << 20;

  double header_timeout_ms = 2000;
  double body_timeout_ms = 2000;
  double write_timeout_ms = 2000;
  double idle_timeout_ms = 60000;  // 0 = off
  double min_bytes_per_ms = 16.384;
  double linger_timeout_ms = 2000;
  uint64_t linger_bytes = 65536;

  uint32_t ring_entries = 8192;  // power of two: also the most requests in flight
  uint32_t udp_peers = 16384;    // power of two, above max_udp_in_flight
  std::vector<SlabClass> slab;
  uint32_t read_blocks = 64;  // behind the slab, in the same memory; 0 = every request gets a slot
  uint32_t read_block_bytes = 64 << 10;

  uint64_t slab_bytes() const { return Slab::size_bytes(slab); }
  uint64_t request_memory_bytes() const { return slab_bytes() + uint64_t{read_blocks} * read_block_bytes; }

  double clock_offset_ms = 0;  // added to receivedAtMs, so that it is on JavaScript's clock
};

// The memory that JavaScript made for a server. Kept alive by the binding until the server is finished.
struct ServerMemory {
  uint8_t* slab = nullptr;      // config.request_memory_bytes()
  uint8_t* link = nullptr;      // link_bytes(config.ring_entries)
  uint8_t* transmit = nullptr;  // reply bytes
  uint32_t transmit_bytes = 0;
  uint8_t* peers = nullptr;    // (max_connections + udp_peers) records
  double* counters = nullptr;  // ServerCounter::kCount
};

}  // namespace netvolley
