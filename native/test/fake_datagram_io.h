#pragma once

#include <array>

#include "io/datagram_io.h"
#include "test/fake_kernel.h"

namespace netvolley::test {

// A fault meets one message of a call: those before it are sent and the count says so, and the errno comes with the
// next call, as the kernel does it.
class FakeDatagramIo final : public DatagramIo {
 public:
  explicit FakeDatagramIo(FakeKernel& kernel, uint32_t max_batch = 64) : kernel_(kernel), max_batch_(max_batch) {}

  uint32_t max_batch() const override { return max_batch_; }
  IoResult open(const Address& at, const DatagramSocketOptions& options, Address* bound) override;
  IoResult receive(int fd, ReceiveVector* vectors, uint32_t count, bool with_info) override;
  IoResult send(int fd, const SendVector* vectors, uint32_t count) override;
  IoResult read_error(int fd, QueuedError* error) override;
  uint32_t kernel_drops(int) override { return kernel_.datagrams_dropped(); }
  uint32_t path_mtu(int) override { return kernel_.limits.mtu; }
  void close(int fd) override;

  // Calls of send(), and of those the ones that sent nothing in a row.
  uint64_t send_calls() const { return send_calls_; }
  // GSO messages refused with EIO (0) or EINVAL (1): as the first of their call, within it, as the last.
  using OffloadFaults = std::array<std::array<uint64_t, 3>, 2>;
  const OffloadFaults& offload_faults() const { return offload_faults_; }

 private:
  FakeDatagram take_message(FakeDescriptor& descriptor, uint32_t most, uint16_t* segment_bytes);
  // Errno of the message itself, 0 = it may go.
  int refuse(const FakeDescriptor& descriptor, const SendVector& vector);
  int fault(FakeDescriptor& descriptor, const SendVector& vector);
  bool belongs(int error, const SendVector& vector) const;
  void put(const FakeDescriptor& descriptor, const SendVector& vector);
  IoResult stop_at(int fd, uint32_t sent, int error);

  FakeKernel& kernel_;
  uint32_t max_batch_;
  uint64_t send_calls_ = 0;
  OffloadFaults offload_faults_{};
};

}  // namespace netvolley::test
