#pragma once

#include "io/stream_io.h"
#include "test/fake_kernel.h"

namespace netvolley::test {

class FakeStreamIo final : public StreamIo {
 public:
  explicit FakeStreamIo(FakeKernel& kernel) : kernel_(kernel) {}

  IoResult listen(const Address& at, const ListenOptions& options, Address* bound) override;
  IoResult accept(int listener, Address* remote) override;
  IoResult read(int fd, uint8_t* into, size_t capacity) override;
  IoResult write(int fd, const IoSlice* slices, uint32_t count) override;
  void finish(int fd) override;
  void close(int fd) override;
  void abort(int fd) override;
  int reserve() override { return kernel_.allocate(FakeKind::kReserve); }

 private:
  FakeKernel& kernel_;
};

}  // namespace netvolley::test
