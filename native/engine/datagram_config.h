#pragma once

#include <cstdint>
#include <vector>

#include "io/datagram_control.h"
#include "io/datagram_io.h"
#include "memory/slab.h"

namespace netvolley {

enum class IcmpErrors : uint8_t { kOff, kConnected, kOn };
struct DatagramConfig {  // lib/udp/options.ts has the defaults and their reasons; the binding fills it from numbers
  SocketKind kind;
  DatagramSocketOptions socket;
  IcmpErrors icmp_errors = IcmpErrors::kOff;
  std::vector<SlabClass> slab;  // small, large (65,536)
  uint32_t max_peers = 65536;   // power of two, at least twice the slots
  uint32_t max_datagram_bytes = 65535;
  bool truncate_oversize = false;  // then GRO is off
  bool gro = false;                // after the probe
  bool with_info = false;          // any of the receive metadata is on
  bool poison = false;
  uint32_t batch_packets = 64;
  double flush_ms = 0, aging_ms = 0;
  uint16_t gso_max_segments = 1, gso_min_segments = 4;  // after the probe; max 1 = off
  bool gso_gather = false;
  double gso_retry_ms = 60000;  // 0 = never
  double clock_offset_ms = 0;
};
enum class HotOption : uint32_t { kBatchPackets, kFlushMs, kAgingMs, kCount };
struct DatagramSocketMemory {
  uint8_t* slab = nullptr;
  uint8_t* peers = nullptr;
  uint8_t* page = nullptr;
};

}  // namespace netvolley
