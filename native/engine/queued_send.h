#pragma once

#include <cstdint>

#include "io/address.h"
#include "io/datagram_io.h"

namespace netvolley {

enum class Verdict : uint8_t { kSent, kFailed, kExpired, kEvicted, kAborted, kClosed };
// A packet, or a run of equal ones (sendSegments), taken from a send ring and not settled. 88 bytes: copied, never
// shared.
struct QueuedSend {
  const uint8_t* data = nullptr;
  const Address* to = nullptr;              // null = the connected peer. Equal pointers are equal destinations
  const DatagramInfo* info = nullptr;       // of its ring place; null = nothing beside the payload
  double queued_ms = 0, expires_at_ms = 0;  // 0 = never
  uint64_t sequence = 0;                    // SendScheduler's
  uint32_t bytes = 0;
  uint32_t done = 0;   // bytes settled: only runs are settled in parts
  uint32_t entry = 0;  // free-running index in its ring
  uint32_t token = 0;  // 0 = nobody waits
  uint32_t slot = 0;   // kSendInPlace
  uint32_t peer = 0;   // kReceivedPeer set: pinned in the PeerTable
  int error = 0;       // the first one of a run
  uint16_t segment_bytes = 0;
  uint16_t link = 0;
  uint8_t send_class = 1;
  uint8_t flags = 0;      // SendFlag
  bool repeated = false;  // was sent once more after an error that may have been an earlier one's
  uint32_t datagrams() const { return segment_bytes == 0 ? 1 : (bytes - done + segment_bytes - 1) / segment_bytes; }
};

}  // namespace netvolley
