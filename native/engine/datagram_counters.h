#pragma once

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>

#include "memory/datagram_layout.h"

namespace netvolley {

// Of one link. After every turn, in datagrams:
// queued = sent + failed + expired + evicted + aborted + closed + pending.
enum class LinkCounter : uint32_t {
  kQueued,  // taken from its send rings
  kQueuedBytes,
  kSent,
  kSentBytes,
  kFailed,
  kExpired,
  kEvicted,
  kAborted,
  kClosed,
  kPending,  // this and the next three are levels
  kPendingLow,
  kPendingNormal,
  kPendingHigh,
  kOldestQueuedMs,  // level: reactor's clock + clock_offset_ms; 0 = nothing waits
  kPublished,       // datagrams put into its receive ring
  kPublishedBytes,
  kEventsSuppressed,
  kCount,
};

// clang-format off
constexpr std::array<const char*, static_cast<size_t>(LinkCounter::kCount)> kLinkCounterNames{
    "queued", "queuedBytes", "sent", "sentBytes", "failed", "expired", "evicted", "aborted", "closed", "pending",
    "pendingLow", "pendingNormal", "pendingHigh", "oldestQueuedMs", "published", "publishedBytes",
    "eventsSuppressed"};
// clang-format on

// Of one socket. received = sum of the links' published + droppedNoSlot + droppedOversize + droppedClosed.
enum class SocketCounter : uint32_t {
  kState,           // SocketState: a level
  kCloseErrno,      // why it ended by itself
  kGsoMaxSegments,  // level: 1 = off
  kCapabilityChanges,
  kCapabilityErrno,  // why GSO went off last
  kBatchesSent,
  kSendCalls,
  kPartialSends,
  kWouldBlock,
  kNoBuffers,
  kRetries,
  kGsoSends,
  kGsoSegments,
  kGsoFallbacks,
  kZeroCopyReplies,
  kSendBatch0,  // datagrams per call: 1, 2-3, 4-7, 8-15, 16-31, 32-63, 64, above
  kSendBatchLast = kSendBatch0 + 7,
  kQueueDelay0,  // below 0.0625 ms << n; the last: all above
  kQueueDelayLast = kQueueDelay0 + 15,
  kPacketsReceived,
  kBytesReceived,
  kBatchesReceived,
  kReceiveCalls,
  kGroMessages,
  kGroSegments,
  kDroppedNoSlot,
  kDroppedOversize,
  kDroppedClosed,
  kReceiveErrors,
  kPeerErrors,
  kReceiveBatch0,  // messages per call, as kSendBatch0
  kReceiveBatchLast = kReceiveBatch0 + 7,
  kSlots,  // this and those up to kPeers are levels
  kSlotsFree,
  kSlotsReading,
  kSlotsHeld,
  kLargeSlotsFree,
  kPeers,
  kPeersEvicted,
  kErrors0,  // by kCountedErrors; the last: any other
  kErrorsLast = kErrors0 + 23,
  kCount,
};

// clang-format off
constexpr std::array<const char*, static_cast<size_t>(SocketCounter::kCount)> kSocketCounterNames{
    "state", "closeErrno", "gsoMaxSegments", "capabilityChanges", "capabilityErrno", "batchesSent", "sendCalls",
    "partialSends", "wouldBlock", "noBuffers", "retries", "gsoSends", "gsoSegments", "gsoFallbacks",
    "zeroCopyReplies", "sendBatch0", "sendBatch1", "sendBatch2", "sendBatch3", "sendBatch4", "sendBatch5",
    "sendBatch6", "sendBatch7", "queueDelay0", "queueDelay1", "queueDelay2", "queueDelay3", "queueDelay4",
    "queueDelay5", "queueDelay6", "queueDelay7", "queueDelay8", "queueDelay9", "queueDelay10", "queueDelay11",
    "queueDelay12", "queueDelay13", "queueDelay14", "queueDelay15", "packetsReceived", "bytesReceived",
    "batchesReceived", "receiveCalls", "groMessages", "groSegments", "droppedNoSlot", "droppedOversize",
    "droppedClosed", "receiveErrors", "peerErrors", "receiveBatch0", "receiveBatch1", "receiveBatch2",
    "receiveBatch3", "receiveBatch4", "receiveBatch5", "receiveBatch6", "receiveBatch7", "slots", "slotsFree",
    "slotsReading", "slotsHeld", "largeSlotsFree", "peers", "peersEvicted", "errors0", "errors1", "errors2",
    "errors3", "errors4", "errors5", "errors6", "errors7", "errors8", "errors9", "errors10", "errors11",
    "errors12", "errors13", "errors14", "errors15", "errors16", "errors17", "errors18", "errors19", "errors20",
    "errors21", "errors22", "errors23"};
// clang-format on

constexpr std::array<int, 23> kCountedErrors{
    EPERM,         ENOENT,   EIO,         EBADF,        EAGAIN,   ENOMEM,       EACCES,      EFAULT,
    EINVAL,        EPIPE,    ENOTSOCK,    EDESTADDRREQ, EMSGSIZE, ENOPROTOOPT,  EOPNOTSUPP,  EAFNOSUPPORT,
    EADDRNOTAVAIL, ENETDOWN, ENETUNREACH, ENOBUFS,      EISCONN,  ECONNREFUSED, EHOSTUNREACH};

enum class SocketState : uint32_t { kIdle = 0, kOpen = 1, kClosing = 2, kClosed = 3 };

static_assert(static_cast<uint32_t>(LinkCounter::kCount) <= kLinkCounterCells);
static_assert(static_cast<uint32_t>(SocketCounter::kCount) <= kSocketCounterCells);

}  // namespace netvolley
