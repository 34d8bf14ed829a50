#pragma once
#include "memory/batch_layout.h"
// What the reactor and one JavaScript thread share of a datagram socket. lib/native/datagram-layout.ts mirrors it; a
// test compares names, sizes, offsets.
namespace netvolley {

// Each u32 alone on a 128-byte line. Indices are free-running. "R" the reactor writes, "J" JavaScript.
enum class DatagramWord : uint32_t {
  kReceiveTail,     // R
  kReceiveHead,     // J: entries before it are delivered, their slots free unless `kept`
  kReceiveStalled,  // R: 1 = it reads no more until entries or slots come back: ring it for that
  kReturnTail,      // J
  kSendTailLow,     // J; the three classes in a row
  kSendTailNormal,
  kSendTailHigh,
  kSendHeadLow,  // R: entries before it are settled and their bytes free; in a row
  kSendHeadNormal,
  kSendHeadHigh,
  kSendSettled,      // R: datagrams of entries behind the heads that are settled out of order; a level
  kFlushes,          // J counts requests
  kEvictionsNormal,  // J counts requests of newcomers of class 1: they may evict from class 0
  kEvictionsHigh,    // of class 2: from classes 0 and 1
  kCompletionTail,   // R
  kCompletionHead,   // J
  kEventTail,        // R
  kEventHead,        // J
  kNotices,          // R counts changes of levels (capability, state, kLife), which have no ring of their own
  kJsSleeps,         // 1 = ring when something was published
  kJsWaits,          // 1 = ring when send heads move
  kLife,             // LinkLife, R
  kCountersEpoch,    // R: odd while the link's counters are written
  kCount,
};

enum class ReceiveColumn : uint32_t {
  kOffset,
  kLength,
  kFullLength,
  kSegmentBytes,
  kSegmentCount,
  kPort,
  kFamily,
  kTrafficClass,
  kHopLimit,
  kFlags,
  kKept,
  kPeerId,
  kSlot,
  kOrdinal,
  kGeneration,
  kInterfaceIndex,
  kLocalAddress,
  kTimestampSeconds,
  kTimestampNanoseconds,
  kCount
};
constexpr std::array<Column, static_cast<size_t>(ReceiveColumn::kCount)> kReceiveColumns{{
    {"offset", 4},        // in the slab
    {"length", 4},        // bytes there
    {"fullLength", 4},    // of the datagram; above `length` only with kReceiveTruncated
    {"segmentBytes", 2},  // GRO: size of each datagram but the last; 0 = one datagram
    {"segmentCount", 2},  // datagrams in this entry, at least 1
    {"port", 2},
    {"family", 1},  // 4, 6
    {"trafficClass", 1},
    {"hopLimit", 1},
    {"flags", 1},   // ReceiveFlag
    {"kept", 1},    // J: 1 = the slot is not freed when the head passes; R sets 0
    {"peerId", 4},  // kReceivedPeer + place in the peer page
    {"slot", 4},
    {"ordinal", 4},     // datagrams put into this ring before it, modulo 2^32
    {"generation", 4},  // of the slot: how often it was published
    {"interfaceIndex", 4},
    {"localAddress", 16},  // with kReceiveInfo; IPv4 in the first 4
    {"timestampSeconds", 4},
    {"timestampNanoseconds", 4},
}};
enum ReceiveFlag : uint8_t {
  kReceiveTruncated = 1,
  kReceiveEmpty = 2,
  kReceiveTimestamp = 4,
  kReceiveInfo = 8,
  kReceiveMulticast = 16,
  kReceiveLarge = 32
};
constexpr uint32_t kReceivedPeer = 1u << 24;

enum class ReturnColumn : uint32_t { kSlot, kCount };
constexpr std::array<Column, 1> kReturnColumns{{{"slot", 4}}};

enum class SendColumn : uint32_t {
  kOffset,
  kBytes,
  kTo,
  kSegmentBytes,
  kFlags,
  kArea,
  kToken,
  kSlot,
  kTrafficClass,
  kHopLimit,
  kLocalFamily,
  kInterfaceIndex,
  kLocalAddress,
  kExpiresMs,
  kCount
};
constexpr std::array<Column, static_cast<size_t>(SendColumn::kCount)> kSendColumns{{
    {"offset", 4},  // in the area; kSendInPlace: in the slab
    {"bytes", 4},
    {"to", 4},            // 0 = the connected peer, < kReceivedPeer: a destination record, else a received peer
    {"segmentBytes", 2},  // 0 = one datagram, else cut into datagrams of this size
    {"flags", 1},         // SendFlag: which of the columns below are written
    {"area", 1},
    {"token", 4},
    {"slot", 4},
    {"trafficClass", 1},
    {"hopLimit", 1},
    {"localFamily", 1},
    {"interfaceIndex", 4},
    {"localAddress", 16},
    {"expiresMs", 8},  // from the moment the reactor takes it
}};
enum SendFlag : uint8_t {
  kSendInPlace = 1,
  kSendToken = 2,
  kSendTrafficClass = 4,
  kSendHopLimit = 8,
  kSendSource = 16,
  kSendExpires = 32,
  kSendArea = 64
};
constexpr uint32_t kSendClasses = 3;    // 0 low, 1 normal, 2 high
constexpr uint32_t kMaxSendAreas = 16;  // area 0 holds the three byte rings; the others are SendBatches

enum class CompletionColumn : uint32_t { kToken, kError, kCount };
constexpr std::array<Column, 2> kCompletionColumns{
    {{"token", 4}, {"error", 4}}};  // error: errno, 0 = sent, ECANCELED = taken back, ETIME = expired

enum class EventColumn : uint32_t { kKind, kOrigin, kType, kCode, kError, kBytes, kMtuBytes, kTo, kOffender, kCount };
constexpr std::array<Column, static_cast<size_t>(EventColumn::kCount)> kEventColumns{{
    {"kind", 1},
    {"origin", 1},
    {"type", 1},
    {"code", 1},
    {"error", 4},
    {"bytes", 4},
    {"mtuBytes", 4},
    {"to", 32},  // records as in the peer page
    {"offender", 32},
}};
enum EventKind : uint8_t { kEventSendFailed = 1, kEventPeerError = 2 };
constexpr uint32_t kEventEntries = 256;

constexpr uint32_t kDestinationBytes = 32;  // an Address, written by native code for JavaScript
constexpr uint32_t kLinkCounterCells = 32;
constexpr uint32_t kSocketCounterCells = 160;

struct DatagramLinkSizes {
  uint32_t receive_entries = 0;     // power of two; 0 = this link only sends
  uint32_t return_entries = 0;      // power of two, at least the number of slots
  uint32_t send_entries = 0;        // power of two, of each class
  uint32_t completion_entries = 0;  // power of two, 4 * send_entries: JavaScript never has more tokens out
};

// words | counters | receive | return | send low, normal, high | completions | events
constexpr uint64_t kDatagramWordsBytes = uint64_t{kWordBytes} * static_cast<uint32_t>(DatagramWord::kCount);
constexpr uint64_t kDatagramRingsAt = kDatagramWordsBytes + kLinkCounterCells * 8;
constexpr uint64_t datagram_link_bytes(const DatagramLinkSizes& sizes) {
  return kDatagramRingsAt + columns_bytes(kReceiveColumns, sizes.receive_entries) +
         columns_bytes(kReturnColumns, sizes.return_entries) +
         kSendClasses * columns_bytes(kSendColumns, sizes.send_entries) +
         columns_bytes(kCompletionColumns, sizes.completion_entries) + columns_bytes(kEventColumns, kEventEntries);
}
// The socket's page: one word (epoch) | kSocketCounterCells doubles | one u32 per slot: its present generation, for
// debug mode.
constexpr uint64_t socket_page_bytes(uint32_t slots) {
  return kWordBytes + kSocketCounterCells * 8 + uint64_t{slots} * 4;
}
}  // namespace netvolley
