#pragma once

#include "io/datagram_io.h"
#include "test/fake_kernel.h"

namespace netvolley::test {

class FakeDatagramIo final : public DatagramIo {
 public:
  explicit FakeDatagramIo(FakeKernel& kernel, uint32_t max_batch = 64) : kernel_(kernel), max_batch_(max_batch) {}

  uint32_t max_batch() const override { return max_batch_; }
  IoResult open(const Address& at, const DatagramSocketOptions& options, Address* bound) override;
  IoResult receive(int fd, ReceiveVector* vectors, uint32_t count) override;
  IoResult send(int fd, const SendVector* vectors, uint32_t count) override;
  uint32_t kernel_drops(int) override { return kernel_.datagrams_dropped(); }
  void close(int fd) override;

 private:
  FakeKernel& kernel_;
  uint32_t max_batch_;
};

}  // namespace netvolley::test
