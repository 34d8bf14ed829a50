#include "io/message_header.h"

#include <linux/errqueue.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cstring>
#include <ctime>

namespace netvolley {

namespace {

static_assert(sizeof(IoSlice) == sizeof(iovec) && offsetof(IoSlice, bytes) == offsetof(iovec, iov_len));
// The most of each: traffic class, packet info, hop limit (both families on a dual-stack socket), time stamp, GRO.
static_assert(2 * (CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(int))) + CMSG_SPACE(sizeof(in_pktinfo)) +
                  CMSG_SPACE(sizeof(in6_pktinfo)) + CMSG_SPACE(sizeof(timespec)) + CMSG_SPACE(sizeof(int)) <=
              kReceiveControlBytes);
static_assert(2 * CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(in6_pktinfo)) + CMSG_SPACE(sizeof(uint16_t)) <=
              kSendControlBytes);

// Messages lie where their data may be misaligned for its type.
template <class T>
T data_of(const cmsghdr* message) {
  T value;
  std::memcpy(&value, CMSG_DATA(message), sizeof value);
  return value;
}

void set_local(const void* host, uint32_t bytes, uint32_t interface, DatagramInfo* info) {
  uint8_t link_local[2] = {0xfe, 0x80};
  const bool scoped = bytes == 16 && std::memcmp(host, link_local, 2) == 0;
  info->local = Address::from_host(host, bytes, scoped ? interface : 0);
  info->interface_index = interface;
  info->present |= kLocalAddress;
}

void read_ipv4(const cmsghdr* message, DatagramInfo* info) {
  if (message->cmsg_type == IP_TOS) {
    info->traffic_class = *CMSG_DATA(message);  // one byte, unlike IPv6
    info->present |= kTrafficClass;
  } else if (message->cmsg_type == IP_TTL) {
    info->hop_limit = static_cast<uint8_t>(data_of<int>(message));
    info->present |= kHopLimit;
  } else if (message->cmsg_type == IP_PKTINFO) {
    const in_pktinfo packet = data_of<in_pktinfo>(message);
    // The two differ for group and broadcast addresses. A broadcast one could not be replied from; a group tells more
    // than our own address does.
    const bool group = IN_MULTICAST(ntohl(packet.ipi_addr.s_addr));
    const in_addr& local = group ? packet.ipi_addr : packet.ipi_spec_dst;
    set_local(&local, 4, static_cast<uint32_t>(packet.ipi_ifindex), info);
  }
}

void read_ipv6(const cmsghdr* message, DatagramInfo* info) {
  if (message->cmsg_type == IPV6_TCLASS) {
    info->traffic_class = static_cast<uint8_t>(data_of<int>(message));
    info->present |= kTrafficClass;
  } else if (message->cmsg_type == IPV6_HOPLIMIT) {
    info->hop_limit = static_cast<uint8_t>(data_of<int>(message));
    info->present |= kHopLimit;
  } else if (message->cmsg_type == IPV6_PKTINFO) {
    const in6_pktinfo packet = data_of<in6_pktinfo>(message);
    // A mapped address is that of an IPv4 packet: kept as such, for it is sent from as such.
    if (IN6_IS_ADDR_V4MAPPED(&packet.ipi6_addr)) {
      set_local(packet.ipi6_addr.s6_addr + 12, 4, packet.ipi6_ifindex, info);
    } else {
      set_local(&packet.ipi6_addr, 16, packet.ipi6_ifindex, info);
    }
  }
}

void read_message(const cmsghdr* message, ReceiveVector* vector) {
  DatagramInfo& info = vector->info;
  switch (message->cmsg_level) {
    case IPPROTO_IP:
      return read_ipv4(message, &info);
    case IPPROTO_IPV6:
      return read_ipv6(message, &info);
    case SOL_UDP:
      if (message->cmsg_type == UDP_GRO) vector->segment_bytes = static_cast<uint16_t>(data_of<int>(message));
      return;
    case SOL_SOCKET:
      if (message->cmsg_type != SCM_TIMESTAMPNS) return;
      {
        const timespec time = data_of<timespec>(message);
        info.seconds = static_cast<uint32_t>(time.tv_sec);
        info.nanoseconds = static_cast<uint32_t>(time.tv_nsec);
        info.present |= kTimestamp;
      }
      return;
    default:
      return;
  }
}

cmsghdr* first_message(const msghdr& header) { return CMSG_FIRSTHDR(const_cast<msghdr*>(&header)); }
cmsghdr* next_message(const msghdr& header, cmsghdr* message) {
  return CMSG_NXTHDR(const_cast<msghdr*>(&header), message);
}

// Writes messages one behind the other.
class ControlWriter {
 public:
  explicit ControlWriter(uint8_t* control) : at_(control), begin_(control) {}

  template <class T>
  void add(int level, int type, const T& value) {
    // All of the space: the kernel reads the gaps between messages too, and MemorySanitizer with it.
    std::memset(at_, 0, CMSG_SPACE(sizeof value));
    cmsghdr* message = reinterpret_cast<cmsghdr*>(at_);
    message->cmsg_level = level;
    message->cmsg_type = type;
    message->cmsg_len = CMSG_LEN(sizeof value);
    std::memcpy(CMSG_DATA(message), &value, sizeof value);
    at_ += CMSG_SPACE(sizeof value);
  }
  size_t bytes() const { return static_cast<size_t>(at_ - begin_); }

 private:
  uint8_t* at_;
  uint8_t* begin_;
};

void add_source(const DatagramInfo& info, ControlWriter* control) {
  uint8_t host[16];
  // Nothing can leave from a group: then the interface alone counts.
  const uint32_t bytes = info.local.is_multicast() ? 0 : info.local.copy_host(host);
  if (info.family == Family::kIpv4) {
    in_pktinfo packet{};
    packet.ipi_ifindex = static_cast<int>(info.interface_index);
    if (bytes == 4) std::memcpy(&packet.ipi_spec_dst, host, 4);
    control->add(IPPROTO_IP, IP_PKTINFO, packet);
  } else {
    in6_pktinfo packet{};
    packet.ipi6_ifindex = info.interface_index;
    if (bytes == 16) std::memcpy(&packet.ipi6_addr, host, 16);
    control->add(IPPROTO_IPV6, IPV6_PKTINFO, packet);
  }
}

void add_info(const DatagramInfo& info, ControlWriter* control) {
  const bool four = info.family == Family::kIpv4;
  const int level = four ? IPPROTO_IP : IPPROTO_IPV6;
  if ((info.present & kTrafficClass) != 0) control->add(level, four ? IP_TOS : IPV6_TCLASS, int{info.traffic_class});
  if ((info.present & kHopLimit) != 0) control->add(level, four ? IP_TTL : IPV6_HOPLIMIT, int{info.hop_limit});
  if ((info.present & kLocalAddress) != 0) add_source(info, control);
}

}  // namespace

void prepare_receive(ReceiveVector& vector, msghdr* header, iovec* two_slices, uint8_t* control) {
  two_slices[0] = {vector.data, vector.capacity};
  two_slices[1] = {vector.overflow, vector.overflow_capacity};
  header->msg_name = vector.from.data();
  header->msg_namelen = Address::kMaxBytes;
  header->msg_iov = two_slices;
  header->msg_iovlen = vector.overflow_capacity == 0 ? 1 : 2;
  header->msg_control = control;
  header->msg_controllen = control == nullptr ? 0 : kReceiveControlBytes;
  header->msg_flags = 0;
}

void finish_receive(const msghdr& header, uint32_t full_bytes, bool with_info, ReceiveVector* vector) {
  vector->full_bytes = full_bytes;
  vector->bytes = std::min(full_bytes, vector->capacity + vector->overflow_capacity);
  vector->truncated = full_bytes > vector->bytes;
  vector->segment_bytes = 0;
  vector->from.set_size(header.msg_namelen);
  if (!with_info) return;
  vector->info = DatagramInfo{};
  vector->info.family = vector->from.family();
  for (cmsghdr* message = first_message(header); message != nullptr; message = next_message(header, message)) {
    read_message(message, vector);
  }
  if (vector->segment_bytes >= full_bytes) vector->segment_bytes = 0;
}

void prepare_send(const SendVector& vector, msghdr* header, iovec* slice, uint8_t* control) {
  *slice = {const_cast<uint8_t*>(vector.data), vector.bytes};
  header->msg_name = vector.to == nullptr ? nullptr : const_cast<sockaddr*>(vector.to->data());
  header->msg_namelen = vector.to == nullptr ? 0 : vector.to->size();
  // Scatter/gather elements of ours are laid out as the system's.
  header->msg_iov = vector.slices == nullptr ? slice : reinterpret_cast<iovec*>(const_cast<IoSlice*>(vector.slices));
  header->msg_iovlen = vector.slices == nullptr ? 1 : vector.slice_count;
  header->msg_control = nullptr;
  header->msg_controllen = 0;
  header->msg_flags = 0;
  if (vector.info == nullptr && vector.segment_bytes == 0) return;
  ControlWriter writer(control);
  if (vector.info != nullptr) add_info(*vector.info, &writer);
  if (vector.segment_bytes != 0) writer.add(SOL_UDP, UDP_SEGMENT, vector.segment_bytes);
  if (writer.bytes() == 0) return;
  header->msg_control = control;
  header->msg_controllen = writer.bytes();
}

void read_queued_error(const msghdr& header, QueuedError* error) {
  for (cmsghdr* message = first_message(header); message != nullptr; message = next_message(header, message)) {
    const bool four = message->cmsg_level == IPPROTO_IP && message->cmsg_type == IP_RECVERR;
    const bool six = message->cmsg_level == IPPROTO_IPV6 && message->cmsg_type == IPV6_RECVERR;
    if (!four && !six) continue;
    const sock_extended_err report = data_of<sock_extended_err>(message);
    error->error = static_cast<int>(report.ee_errno);
    error->origin = report.ee_origin;
    error->type = report.ee_type;
    error->code = report.ee_code;
    error->mtu_bytes = report.ee_errno == EMSGSIZE ? report.ee_info : 0;
    // The offender's address stands behind the report; it is empty where the error is of this machine.
    sockaddr_storage offender{};
    const size_t room = message->cmsg_len - CMSG_LEN(sizeof report);
    std::memcpy(&offender, CMSG_DATA(message) + sizeof report, std::min(room, sizeof offender));
    error->offender = Address::from_system(reinterpret_cast<const sockaddr*>(&offender));
  }
}

}  // namespace netvolley
