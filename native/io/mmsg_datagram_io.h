#pragma once

#include <memory>

#include "io/datagram_io.h"

namespace netvolley {

// Linux: recvmmsg and sendmmsg. The kernel's message headers are built once; a call fills in what it uses.
class MmsgDatagramIo final : public DatagramIo {
 public:
  explicit MmsgDatagramIo(uint32_t max_batch);
  ~MmsgDatagramIo() override;

  uint32_t max_batch() const override { return max_batch_; }
  IoResult open(const Address& at, const DatagramSocketOptions& options, Address* bound) override;
  IoResult receive(int fd, ReceiveVector* vectors, uint32_t count) override;
  IoResult send(int fd, const SendVector* vectors, uint32_t count) override;
  uint32_t kernel_drops(int fd) override;
  void close(int fd) override;

 private:
  struct Headers;

  uint32_t max_batch_;
  std::unique_ptr<Headers> headers_;
};

}  // namespace netvolley
