#pragma once

#include <cstdint>

namespace netvolley::bench {

// What a reference server did, printed when it ends: system calls per answer are part of every report.
struct ServerCounters {
  uint64_t waits = 0;
  uint64_t receives = 0;
  uint64_t sends = 0;
  uint64_t answers = 0;
  uint64_t connections = 0;
  uint64_t refused = 0;  // frames or datagrams above the size limit, and datagrams that could not be answered
};

}  // namespace netvolley::bench
