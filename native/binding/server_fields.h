#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "engine/server_config.h"

// How lib/native hands a ServerConfig over: numbers in one Float64Array, by position. Reading an object's properties
// fails in a worker that is being terminated, at any instruction; reading memory does not. lib/native/layout.ts mirrors
// the names, a test compares them.
namespace netvolley {

enum class ServerField : uint32_t {
  kPrefixBytes,
  kLittleEndian,
  kIncludesHeader,
  kPrefixOffset,
  kAdjust,
  kDatagramFramed,
  kMaxBodyBytes,
  kMaxConnections,
  kMaxInFlightPerConnection,
  kMaxTcpInFlight,
  kMaxUdpInFlight,
  kUdpPayloadBytes,
  kMaxBufferedBytes,
  kWriteHighWaterBytes,
  kWriteLowWaterBytes,
  kWriteLimitBytes,
  kHeaderTimeoutMs,
  kBodyTimeoutMs,
  kWriteTimeoutMs,
  kIdleTimeoutMs,
  kMinBytesPerSec,
  kLingerTimeoutMs,
  kLingerBytes,
  kRingEntries,
  kUdpPeers,
  kClockOffsetMs,
  kSmallSlots,
  kSmallSlotBytes,
  kMediumSlots,
  kMediumSlotBytes,
  kLargeSlots,
  kLargeSlotBytes,
  kReadBlocks,
  kReadBlockBytes,
  kCount,
};

constexpr size_t kServerFields = static_cast<size_t>(ServerField::kCount);

// clang-format off
constexpr std::array<const char*, kServerFields> kServerFieldNames{
    "prefixBytes", "littleEndian", "includesHeader", "prefixOffset", "adjust", "datagramFramed", "maxBodyBytes",
    "maxConnections", "maxInFlightPerConnection", "maxTcpInFlight", "maxUdpInFlight", "udpPayloadBytes",
    "maxBufferedBytes", "writeHighWaterBytes", "writeLowWaterBytes", "writeLimitBytes", "headerTimeoutMs",
    "bodyTimeoutMs", "writeTimeoutMs", "idleTimeoutMs", "minBytesPerSec", "lingerTimeoutMs", "lingerBytes",
    "ringEntries", "udpPeers", "clockOffsetMs", "smallSlots", "smallSlotBytes", "mediumSlots", "mediumSlotBytes",
    "largeSlots", "largeSlotBytes", "readBlocks", "readBlockBytes"};
// clang-format on

// lib/server has checked types and ranges.
ServerConfig server_config_of(const double* fields);

}  // namespace netvolley
