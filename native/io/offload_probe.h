#pragma once

#include <cstdint>

#include "io/address.h"

namespace netvolley {

struct Offloads {
  uint16_t gso_max_segments = 1;  // 1 = none
  bool gro = false;
  bool operator==(const Offloads&) const = default;
};

// What the kernel really does, learned once for each family by an exchange between two private sockets on loopback:
// 250 bytes in segments of 100. Remembered; the first call may take 50 ms. Any thread. Nothing of it stays on any
// socket.
Offloads probe_offloads(Family family);

// How the exchange went, and what it shows. Apart from each other so that kernels can be judged that nobody has.
struct ProbeExchange {
  bool barred = false;          // no private sockets on loopback: only the options could be asked for
  bool segments_known = false;  // the option for it, where barred
  bool sent = false;
  uint32_t messages = 0;       // that arrived
  uint32_t bytes = 0;          // in all of them
  uint16_t segment_bytes = 0;  // that the first one said
  uint32_t kernel_major = 0;
  uint32_t kernel_minor = 0;
};
Offloads judge(const ProbeExchange& exchange);

}  // namespace netvolley
