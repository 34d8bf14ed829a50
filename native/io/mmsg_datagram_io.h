#pragma once

#include <memory>

#include "io/datagram_common.h"

namespace netvolley {

// Linux: recvmmsg and sendmmsg, or recvmsg and sendmsg for a single message. The kernel's message headers are built
// once; a call fills in what it uses.
class MmsgDatagramIo final : public PosixDatagramIo {
 public:
  explicit MmsgDatagramIo(uint32_t max_batch);
  ~MmsgDatagramIo() override;

  uint32_t max_batch() const override { return max_batch_; }
  IoResult receive(int fd, ReceiveVector* vectors, uint32_t count, bool with_info) override;
  IoResult send(int fd, const SendVector* vectors, uint32_t count) override;

 private:
  struct Headers;

  uint32_t max_batch_;
  std::unique_ptr<Headers> headers_;
};

}  // namespace netvolley
