#pragma once

#include "io/datagram_common.h"

namespace netvolley {

// Any POSIX system: one recvmsg or sendmsg for each message.
class SingleDatagramIo final : public PosixDatagramIo {
 public:
  uint32_t max_batch() const override { return 1; }
  IoResult receive(int fd, ReceiveVector* vectors, uint32_t count, bool with_info) override;
  IoResult send(int fd, const SendVector* vectors, uint32_t count) override;
};

}  // namespace netvolley
