#pragma once

#include <memory>
#include <utility>

#include "test/fake_kernel.h"

namespace netvolley::test {

// The client's end of a simulated TCP connection. Does only what the test says: also not reading.
class FakeClient {
 public:
  FakeClient(FakeKernel& kernel, std::shared_ptr<FakeStream> stream) : kernel_(&kernel), stream_(std::move(stream)) {}

  void send(Bytes bytes) { put(std::move(bytes), false); }
  void finish() { put({}, true); }
  // RST: overtakes what is on its way.
  void reset();
  // Closes for both directions: what the server writes from now on is answered by a reset.
  void close();
  // At most `most` of what the server has sent.
  Bytes read(uint32_t most = ~uint32_t{0});

  uint32_t readable() const { return stream_->answered.size(); }
  bool connected() const { return !ended() && !stream_->client_done; }
  // The server's FIN was read, or its reset came.
  bool ended() const { return stream_->server_reset || stream_->reset || (stream_->server_done && readable() == 0); }
  bool was_reset() const { return stream_->server_reset; }
  // By the server's FIN, and not because of a reset from either side.
  bool closed_in_order() const { return stream_->server_done && !stream_->server_reset && !stream_->reset; }
  bool accepted() const { return stream_->accepted; }
  // The server has closed its descriptor.
  bool closed() const { return stream_->accepted && stream_->server_fd < 0; }
  std::string describe() const;
  int server_fd() const { return stream_->server_fd; }

 private:
  void put(Bytes bytes, bool last);

  FakeKernel* kernel_;
  std::shared_ptr<FakeStream> stream_;
};

}  // namespace netvolley::test
