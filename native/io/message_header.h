#pragma once

#include "io/datagram_io.h"

struct iovec;
struct msghdr;

namespace netvolley {

constexpr uint32_t kReceiveControlBytes = 256;  // all of InfoBit for both families, and UDP_GRO
constexpr uint32_t kSendControlBytes = 128;

// `control` null = no ancillary data is wanted; else kReceiveControlBytes, aligned as cmsghdr.
void prepare_receive(ReceiveVector& vector, msghdr* header, iovec* two_slices, uint8_t* control);
// `full_bytes` is what the kernel says that the datagram had (MSG_TRUNC).
void finish_receive(const msghdr& header, uint32_t full_bytes, bool with_info, ReceiveVector* vector);

// UDP_SEGMENT only as ancillary data, never as an option. A mapped destination takes IPv4's messages. `control` holds
// kSendControlBytes, aligned as cmsghdr, and is touched only where there is something to say.
void prepare_send(const SendVector& vector, msghdr* header, iovec* slice, uint8_t* control);

void read_queued_error(const msghdr& header, QueuedError* error);

}  // namespace netvolley
