#pragma once

#include <cstdint>

namespace netvolley {

// What an errno of a send means for the datagram, or the GSO message, at the head.
enum class SendRule : uint8_t {
  kAgain,         // call again at once
  kWait,          // until the socket is writable
  kLater,         // no room in the device: the socket polls writable all the same, so only time helps
  kSplit,         // GSO was refused and nothing was sent: the same bytes go out as plain datagrams
  kTooLarge,      // it fails, and the path MTU says why
  kMaybeEarlier,  // may tell of an earlier datagram: once more
  kFail,          // it fails, the next one goes out
  kFatal,         // the socket's own descriptor is no good
};

SendRule send_rule(int error, bool is_gso);

// The place of an errno among the counters of kCountedErrors.
uint32_t error_cell(int error);

}  // namespace netvolley
