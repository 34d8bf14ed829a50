#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "engine/datagram_config.h"

// How lib/native hands a DatagramConfig over: numbers in one Float64Array, by position (see server_fields.h).
// lib/native/datagram-layout.ts mirrors the names, a test compares them.
namespace netvolley {

enum class DatagramField : uint32_t {
  kFamily,  // 0 IPv4, 1 IPv6, 2 dual
  kReuseAddress,
  kReusePort,
  kReceiveBufferBytes,
  kSendBufferBytes,
  kGso,
  kGro,
  kGsoMinSegments,
  kGsoMaxSegments,
  kGsoGather,
  kGsoRetryMs,
  kEcn,
  kPacketInfo,
  kReceiveHopLimit,
  kTimestamps,
  kIcmpErrors,  // IcmpErrors
  kPathMtu,     // PathMtu
  kTrafficClass,
  kHopLimit,
  kBroadcast,
  kMulticastTtl,
  kMulticastLoopback,
  kMulticastAll,
  kBusyPollUs,
  kBatchSize,
  kFlushTimeoutMs,
  kAgingMs,
  kMaxDatagramBytes,
  kTruncateOversize,
  kSlots,
  kSlotBytes,
  kLargeSlots,
  kMaxPeers,
  kPoison,
  kClockOffsetMs,
  kCount,
};

constexpr size_t kDatagramFields = static_cast<size_t>(DatagramField::kCount);
constexpr uint32_t kLargeSlotBytes = 65536;

// clang-format off
constexpr std::array<const char*, kDatagramFields> kDatagramFieldNames{
    "family", "reuseAddress", "reusePort", "receiveBufferBytes", "sendBufferBytes", "gso", "gro", "gsoMinSegments",
    "gsoMaxSegments", "gsoGather", "gsoRetryMs", "ecn", "packetInfo", "receiveHopLimit", "timestamps", "icmpErrors",
    "pathMtu", "trafficClass", "hopLimit", "broadcast", "multicastTtl", "multicastLoopback", "multicastAll",
    "busyPollUs", "batchSize", "flushTimeoutMs", "agingMs", "maxDatagramBytes", "truncateOversize", "slots",
    "slotBytes", "largeSlots", "maxPeers", "poison", "clockOffsetMs"};
// clang-format on

// lib/udp has checked types and ranges.
DatagramConfig datagram_config_of(const double* fields);
uint64_t datagram_slab_bytes(const DatagramConfig& config);
uint32_t datagram_slots(const DatagramConfig& config);

}  // namespace netvolley
