#include "binding/datagram_fields.h"

namespace netvolley {

namespace {

// The enum of the wire and that of the field have one order.
enum class FamilyField : uint32_t { kIpv4, kIpv6, kDual };

class Fields {
 public:
  explicit Fields(const double* fields) : fields_(fields) {}
  double number(DatagramField field) const { return fields_[static_cast<size_t>(field)]; }
  uint32_t u32(DatagramField field) const { return static_cast<uint32_t>(number(field)); }
  uint16_t u16(DatagramField field) const { return static_cast<uint16_t>(number(field)); }
  uint8_t u8(DatagramField field) const { return static_cast<uint8_t>(number(field)); }
  bool is(DatagramField field) const { return number(field) != 0; }

 private:
  const double* fields_;
};

DatagramSocketOptions socket_options_of(const Fields& fields, FamilyField family, IcmpErrors icmp_errors) {
  DatagramSocketOptions socket;
  socket.reuse_address = fields.is(DatagramField::kReuseAddress);
  socket.reuse_port = fields.is(DatagramField::kReusePort);
  socket.ipv6_only = family == FamilyField::kIpv6;
  socket.receive_buffer_bytes = fields.u32(DatagramField::kReceiveBufferBytes);
  socket.send_buffer_bytes = fields.u32(DatagramField::kSendBufferBytes);
  socket.gro = fields.is(DatagramField::kGro);
  socket.traffic_class = fields.is(DatagramField::kEcn);
  socket.packet_info = fields.is(DatagramField::kPacketInfo);
  socket.hop_limit = fields.is(DatagramField::kReceiveHopLimit);
  socket.timestamps = fields.is(DatagramField::kTimestamps);
  socket.error_queue = icmp_errors == IcmpErrors::kOn;
  socket.path_mtu = static_cast<PathMtu>(fields.u8(DatagramField::kPathMtu));
  socket.send_traffic_class = fields.u8(DatagramField::kTrafficClass);
  socket.send_hop_limit = fields.u8(DatagramField::kHopLimit);
  socket.broadcast = fields.is(DatagramField::kBroadcast);
  socket.multicast_ttl = fields.u8(DatagramField::kMulticastTtl);
  socket.multicast_loopback = fields.is(DatagramField::kMulticastLoopback);
  socket.multicast_all = fields.is(DatagramField::kMulticastAll);
  socket.busy_poll_us = fields.u32(DatagramField::kBusyPollUs);
  return socket;
}

}  // namespace

DatagramConfig datagram_config_of(const double* numbers) {
  const Fields fields(numbers);
  const auto family = static_cast<FamilyField>(fields.u32(DatagramField::kFamily));
  DatagramConfig config;
  config.kind.family = family == FamilyField::kIpv4 ? Family::kIpv4 : Family::kIpv6;
  config.kind.dual = family == FamilyField::kDual;
  config.icmp_errors = static_cast<IcmpErrors>(fields.u8(DatagramField::kIcmpErrors));
  config.socket = socket_options_of(fields, family, config.icmp_errors);
  config.slab = {{fields.u32(DatagramField::kSlots), fields.u32(DatagramField::kSlotBytes)},
                 {fields.u32(DatagramField::kLargeSlots), kLargeSlotBytes}};
  config.max_peers = fields.u32(DatagramField::kMaxPeers);
  config.max_datagram_bytes = fields.u32(DatagramField::kMaxDatagramBytes);
  config.truncate_oversize = fields.is(DatagramField::kTruncateOversize);
  config.gro = config.socket.gro;
  config.with_info =
      config.socket.traffic_class || config.socket.packet_info || config.socket.hop_limit || config.socket.timestamps;
  config.poison = fields.is(DatagramField::kPoison);
  config.batch_packets = fields.u32(DatagramField::kBatchSize);
  config.flush_ms = fields.number(DatagramField::kFlushTimeoutMs);
  config.aging_ms = fields.number(DatagramField::kAgingMs);
  config.gso_max_segments = fields.is(DatagramField::kGso) ? fields.u16(DatagramField::kGsoMaxSegments) : 1;
  config.gso_min_segments = fields.u16(DatagramField::kGsoMinSegments);
  config.gso_gather = fields.is(DatagramField::kGsoGather);
  config.gso_retry_ms = fields.number(DatagramField::kGsoRetryMs);
  config.clock_offset_ms = fields.number(DatagramField::kClockOffsetMs);
  return config;
}

uint64_t datagram_slab_bytes(const DatagramConfig& config) { return Slab::size_bytes(config.slab); }

uint32_t datagram_slots(const DatagramConfig& config) {
  uint32_t slots = 0;
  for (const SlabClass& one : config.slab) slots += one.slots;
  return slots;
}

}  // namespace netvolley
