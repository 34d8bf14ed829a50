#pragma once

#include <array>
#include <atomic>
#include <cstdint>

namespace netvolley {

// Counters of one owner (an engine or a server) in a page that JavaScript reads without a call. Doubles, because
// JavaScript reads a Float64Array and they count exactly to 2^53. One thread writes, any thread reads.
class CounterPage {
 public:
  explicit CounterPage(double* page) : page_(page) {}

  template <class Id>
  void add(Id id, double amount = 1) {
    const std::atomic_ref<double> cell(page_[static_cast<uint32_t>(id)]);
    cell.store(cell.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
  }
  // The one that several threads may call.
  template <class Id>
  void add_shared(Id id, double amount = 1) {
    const std::atomic_ref<double> cell(page_[static_cast<uint32_t>(id)]);
    double before = cell.load(std::memory_order_relaxed);
    while (!cell.compare_exchange_weak(before, before + amount, std::memory_order_relaxed)) {
    }
  }
  template <class Id>
  void set(Id id, double value) {
    std::atomic_ref<double>(page_[static_cast<uint32_t>(id)]).store(value, std::memory_order_relaxed);
  }
  template <class Id>
  double get(Id id) const {
    return std::atomic_ref<double>(page_[static_cast<uint32_t>(id)]).load(std::memory_order_relaxed);
  }
  template <class Id>
  void raise(Id peak, double value) {
    if (value > get(peak)) set(peak, value);
  }

 private:
  double* page_;
};

// What a reactor did. Calls are system calls: their sum over the answers is the price of an answer.
enum class EngineCounter : uint32_t {
  kTurns,
  kEvents,
  kPollCalls,
  kWakeCalls,
  kBellCalls,
  kReceiveCalls,
  kSendCalls,
  kAcceptCalls,
  kReadCalls,
  kWriteCalls,
  kCount,
};

constexpr std::array<const char*, static_cast<size_t>(EngineCounter::kCount)> kEngineCounterNames{
    "turns",        "events",    "pollCalls",   "wakeCalls", "bellCalls",
    "receiveCalls", "sendCalls", "acceptCalls", "readCalls", "writeCalls"};

// Why a connection ended. The order is that of the counters from kClosedEof on.
enum class CloseReason : uint32_t {
  kEof,
  kHandler,  // the handler asked for it, or failed
  kIdleTimeout,
  kHeaderTimeout,
  kBodyTimeout,
  kWriteTimeout,
  kWriteLimit,
  kProtocol,
  kReset,
  kShed,
  kDrain,
  kDestroyed,
  kCount,
};

enum class ServerCounter : uint32_t {
  kState,       // ServerState: a level, not a count
  kStartErrno,  // why it could not start
  kConnectionsActive,
  kConnectionsPeak,
  kAccepted,
  kRejectedMax,
  kRejectedNoFd,
  kAcceptErrors,
  kClosedEof,
  kClosedLast = kClosedEof + static_cast<uint32_t>(CloseReason::kCount) - 1,
  kRequestsTcp,
  kRequestsUdp,
  kReplied,
  kNoReply,
  kFailed,
  kAborted,
  kLateReplies,
  kInFlight,
  kInFlightPeak,
  kFramesOk,
  kRejectedTooLarge,
  kRejectedBadLength,
  kRejectedTruncated,
  kBytesIn,
  kBytesOut,
  kDatagramsIn,
  kDatagramsOut,
  kDroppedShort,
  kDroppedTruncated,
  kDroppedOverload,
  kDroppedKernel,
  kDroppedSend,
  kSendErrors,
  kReceiveErrors,
  kSlabSlots,
  kSlabFree,
  kReadBlocks,
  kReadBlocksFree,
  kBufferedBytes,
  kUnsentBytes,
  kPausedConnections,
  kDrainServed,
  kDrainAborted,
  kDrainIdleClosed,
  kDrainDestroyed,
  kCount,
};

constexpr std::array<const char*, static_cast<size_t>(ServerCounter::kCount)> kServerCounterNames{"state",
                                                                                                  "startErrno",
                                                                                                  "connectionsActive",
                                                                                                  "connectionsPeak",
                                                                                                  "accepted",
                                                                                                  "rejectedMax",
                                                                                                  "rejectedNoFd",
                                                                                                  "acceptErrors",
                                                                                                  "closedEof",
                                                                                                  "closedHandler",
                                                                                                  "closedIdleTimeout",
                                                                                                  "closedHeaderTimeout",
                                                                                                  "closedBodyTimeout",
                                                                                                  "closedWriteTimeout",
                                                                                                  "closedWriteLimit",
                                                                                                  "closedProtocol",
                                                                                                  "closedReset",
                                                                                                  "closedShed",
                                                                                                  "closedDrain",
                                                                                                  "closedDestroyed",
                                                                                                  "requestsTcp",
                                                                                                  "requestsUdp",
                                                                                                  "replied",
                                                                                                  "noReply",
                                                                                                  "failed",
                                                                                                  "aborted",
                                                                                                  "lateReplies",
                                                                                                  "inFlight",
                                                                                                  "inFlightPeak",
                                                                                                  "framesOk",
                                                                                                  "rejectedTooLarge",
                                                                                                  "rejectedBadLength",
                                                                                                  "rejectedTruncated",
                                                                                                  "bytesIn",
                                                                                                  "bytesOut",
                                                                                                  "datagramsIn",
                                                                                                  "datagramsOut",
                                                                                                  "droppedShort",
                                                                                                  "droppedTruncated",
                                                                                                  "droppedOverload",
                                                                                                  "droppedKernel",
                                                                                                  "droppedSend",
                                                                                                  "sendErrors",
                                                                                                  "receiveErrors",
                                                                                                  "slabSlots",
                                                                                                  "slabFree",
                                                                                                  "readBlocks",
                                                                                                  "readBlocksFree",
                                                                                                  "bufferedBytes",
                                                                                                  "unsentBytes",
                                                                                                  "pausedConnections",
                                                                                                  "drainServed",
                                                                                                  "drainAborted",
                                                                                                  "drainIdleClosed",
                                                                                                  "drainDestroyed"};

enum class ServerState : uint32_t { kIdle = 0, kListening = 1, kDraining = 2, kClosed = 3 };

inline ServerCounter closed_counter(CloseReason reason) {
  return static_cast<ServerCounter>(static_cast<uint32_t>(ServerCounter::kClosedEof) + static_cast<uint32_t>(reason));
}

}  // namespace netvolley
