#pragma once

#include "io/datagram_io.h"
#include "io/message_header.h"

namespace netvolley {

// What all ways to send and receive datagrams have in common on POSIX: opening, closing, looking, and one message.
class PosixDatagramIo : public DatagramIo {
 public:
  IoResult open(const Address& at, const DatagramSocketOptions& options, Address* bound) override;
  IoResult read_error(int fd, QueuedError* error) override;
  int take_error(int fd) override;
  uint32_t kernel_drops(int fd) override;
  uint32_t path_mtu(int fd) override;
  void close(int fd) override;

 protected:
  IoResult receive_one(int fd, ReceiveVector* vector, bool with_info);
  IoResult send_one(int fd, const SendVector& vector);

 private:
  alignas(8) uint8_t receive_control_[kReceiveControlBytes];
  alignas(8) uint8_t send_control_[kSendControlBytes];
};

}  // namespace netvolley
