#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

// The only description of what native code and JavaScript share. lib/native/layout.ts mirrors it; a test compares
// names, sizes and offsets.
namespace netvolley {

constexpr uint32_t kWordBytes = 128;  // one word a line pair: no false sharing, also with the adjacent-line prefetcher
constexpr uint32_t kColumnAlign = 64;

// Each u32 stands alone. Indices are free-running: used = tail - head.
enum class LinkWord : uint32_t {
  kRequestTail,  // reactor writes
  kRequestHead,  // JavaScript writes
  kReplyTail,    // JavaScript writes
  kReplyHead,    // reactor writes; the reply bytes before it are free again
  kJsSleeps,     // 1 = ring the bell when something is published
  kJsWaits,      // 1 = ring the bell when reply room comes back
  kLife,         // LinkLife
  kCount,
};

enum class LinkLife : uint32_t { kOpen = 0, kDead = 1, kRetired = 2 };

struct Column {
  const char* name;
  uint32_t element_bytes;
};

enum class RequestColumn : uint32_t {
  kOffset,
  kHeaderBytes,
  kBodyBytes,
  kRequestId,
  kConnectionId,
  kConnectionGeneration,
  kPeerId,
  kFlags,
  kReceivedAtMs,
  kCount,
};

constexpr std::array<Column, static_cast<size_t>(RequestColumn::kCount)> kRequestColumns{{
    {"offset", 4},
    {"headerBytes", 4},
    {"bodyBytes", 4},
    {"requestId", 4},
    {"connectionId", 4},
    {"connectionGeneration", 4},
    {"peerId", 4},
    {"flags", 1},
    {"receivedAtMs", 8},
}};

enum RequestFlag : uint8_t { kRequestUdp = 1, kRequestTruncated = 2 };

enum class ReplyColumn : uint32_t { kRequestId, kOffset, kBytes, kFlags, kCount };

constexpr std::array<Column, static_cast<size_t>(ReplyColumn::kCount)> kReplyColumns{{
    {"requestId", 4},
    {"offset", 4},
    {"bytes", 4},
    {"flags", 1},
}};

enum ReplyFlag : uint8_t {
  kReplyInPlace = 1,     // the bytes lie in the request's own slot, `offset` from its start
  kReplyNone = 2,        // one-way message: gives the slot back
  kReplyFailed = 4,      // closes a connection, answers no datagram
  kReplyCloseAfter = 8,  // closes the connection once the bytes are out
  kReplyMore = 16,       // further entries of the same reply follow
};

// One address in the peer page, by peer id.
constexpr uint32_t kPeerBytes = 32;
enum PeerField : uint32_t { kPeerGeneration = 0, kPeerScope = 4, kPeerPort = 8, kPeerFamily = 10, kPeerHost = 16 };

template <size_t N>
constexpr uint64_t columns_bytes(const std::array<Column, N>& columns, uint32_t capacity) {
  uint64_t total = 0;
  for (const Column& column : columns) {
    total += (uint64_t{column.element_bytes} * capacity + kColumnAlign - 1) / kColumnAlign * kColumnAlign;
  }
  return total;
}

template <size_t N>
constexpr uint64_t column_offset(const std::array<Column, N>& columns, uint32_t capacity, uint32_t index) {
  uint64_t total = 0;
  for (uint32_t i = 0; i < index; ++i) {
    total += (uint64_t{columns[i].element_bytes} * capacity + kColumnAlign - 1) / kColumnAlign * kColumnAlign;
  }
  return total;
}

// A link's memory: the words, the request ring, the reply ring.
constexpr uint64_t kLinkWordsBytes = uint64_t{kWordBytes} * static_cast<uint32_t>(LinkWord::kCount);

constexpr uint64_t link_bytes(uint32_t ring_entries) {
  return kLinkWordsBytes + columns_bytes(kRequestColumns, ring_entries) + columns_bytes(kReplyColumns, ring_entries);
}

}  // namespace netvolley
