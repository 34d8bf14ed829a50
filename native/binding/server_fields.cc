#include "binding/server_fields.h"

namespace netvolley {

ServerConfig server_config_of(const double* fields) {
  const auto number = [fields](ServerField field) { return fields[static_cast<size_t>(field)]; };
  const auto u32 = [&](ServerField field) { return static_cast<uint32_t>(number(field)); };
  const auto u64 = [&](ServerField field) { return static_cast<uint64_t>(number(field)); };
  ServerConfig config;
  LengthPrefix& prefix = config.framing.prefix;
  prefix.bytes = static_cast<uint8_t>(number(ServerField::kPrefixBytes));
  prefix.little_endian = number(ServerField::kLittleEndian) != 0;
  prefix.includes_header = number(ServerField::kIncludesHeader) != 0;
  prefix.offset = u32(ServerField::kPrefixOffset);
  prefix.adjust = static_cast<int32_t>(number(ServerField::kAdjust));
  config.framing.max_body_bytes = u32(ServerField::kMaxBodyBytes);
  config.datagram_framed = number(ServerField::kDatagramFramed) != 0;
  config.max_connections = u32(ServerField::kMaxConnections);
  config.max_in_flight_per_connection = u32(ServerField::kMaxInFlightPerConnection);
  config.max_tcp_in_flight = u32(ServerField::kMaxTcpInFlight);
  config.max_udp_in_flight = u32(ServerField::kMaxUdpInFlight);
  config.udp_payload_bytes = u32(ServerField::kUdpPayloadBytes);
  config.max_buffered_bytes = u64(ServerField::kMaxBufferedBytes);
  config.write_high_water_bytes = u64(ServerField::kWriteHighWaterBytes);
  config.write_low_water_bytes = u64(ServerField::kWriteLowWaterBytes);
  config.write_limit_bytes = u64(ServerField::kWriteLimitBytes);
  config.header_timeout_ms = number(ServerField::kHeaderTimeoutMs);
  config.body_timeout_ms = number(ServerField::kBodyTimeoutMs);
  config.write_timeout_ms = number(ServerField::kWriteTimeoutMs);
  config.idle_timeout_ms = number(ServerField::kIdleTimeoutMs);
  config.min_bytes_per_ms = number(ServerField::kMinBytesPerSec) / 1000;
  config.linger_timeout_ms = number(ServerField::kLingerTimeoutMs);
  config.linger_bytes = u64(ServerField::kLingerBytes);
  config.ring_entries = u32(ServerField::kRingEntries);
  config.udp_peers = u32(ServerField::kUdpPeers);
  config.clock_offset_ms = number(ServerField::kClockOffsetMs);
  config.slab = {{u32(ServerField::kSmallSlots), u32(ServerField::kSmallSlotBytes)},
                 {u32(ServerField::kMediumSlots), u32(ServerField::kMediumSlotBytes)},
                 {u32(ServerField::kLargeSlots), u32(ServerField::kLargeSlotBytes)}};
  config.read_blocks = u32(ServerField::kReadBlocks);
  config.read_block_bytes = u32(ServerField::kReadBlockBytes);
  return config;
}

}  // namespace netvolley
