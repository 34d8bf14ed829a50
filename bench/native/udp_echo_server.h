#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "file_descriptor.h"
#include "server_counters.h"
#include "stop_request.h"

namespace netvolley::bench {

// The C reference for UDP echo: one thread, edge-triggered epoll, recvmmsg and sendmmsg of up to 64 datagrams. Not
// tuned once it was frozen.
class UdpEchoServer {
 public:
  // A datagram above `datagram_bytes` is refused, not answered cut off.
  UdpEchoServer(uint16_t port, size_t datagram_bytes);

  [[nodiscard]] uint16_t port() const;
  // Until standard input ends.
  void run();
  [[nodiscard]] const ServerCounters& counters() const { return counters_; }

 private:
  static constexpr size_t kBatch = 64;

  void answer_all();
  // How many datagrams arrived; 0 when there is nothing.
  size_t receive_batch();
  // Turns the received entries into replies, without those that were cut off.
  void make_replies(size_t count);
  // False when the socket does not take them now: they are kept for the next writable edge.
  bool send_replies();

  FileDescriptor socket_;
  FileDescriptor epoll_;
  StopRequest stop_;
  size_t datagram_bytes_;
  std::vector<uint8_t> bytes_;
  std::array<sockaddr_in, kBatch> peers_{};
  std::array<iovec, kBatch> received_parts_{};
  std::array<iovec, kBatch> reply_parts_{};
  std::array<mmsghdr, kBatch> received_{};
  std::array<mmsghdr, kBatch> replies_{};
  size_t reply_from_ = 0;
  size_t reply_end_ = 0;
  ServerCounters counters_;
};

}  // namespace netvolley::bench
