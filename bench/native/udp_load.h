#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "datagram_protocol.h"
#include "file_descriptor.h"
#include "load_report.h"
#include "measured_window.h"
#include "options.h"

namespace netvolley::bench {

// Closed loop over UDP: `outstanding` requests in flight over all sockets, replies received and requests sent in
// batches (recvmmsg, sendmmsg of up to 64). A request without an answer for 1 s is lost and its slot is used again; an
// answer that comes after that is counted as late, any other answer to nothing outstanding as bad.
class UdpLoad {
 public:
  // --port --outstanding --sockets, beside the options of the protocol.
  static UdpLoad from(Options& options, DatagramProtocol& protocol);

  [[nodiscard]] const LoadReport& run();
  [[nodiscard]] const MeasuredWindow& window() const { return window_; }

 private:
  static constexpr size_t kBatch = 64;
  static constexpr uint64_t kNoToken = UINT64_MAX;

  struct Slot {
    uint64_t token = kNoToken;       // of the outstanding request, kNoToken when free
    uint64_t lost_token = kNoToken;  // of the last request that was given up
    uint64_t generation = 0;
    int64_t sent_at_ns = 0;
  };
  struct Socket {
    FileDescriptor fd;
    std::vector<size_t> free_slots;
    bool waits_for_room = false;
  };
  struct Batch {
    std::vector<uint8_t> bytes;
    std::array<iovec, kBatch> parts{};
    std::array<mmsghdr, kBatch> messages{};

    void lay_out(size_t datagram_bytes);
  };

  UdpLoad(DatagramProtocol& protocol, const MeasuredWindow& window, uint16_t port, size_t outstanding, size_t sockets);

  void receive_all(Socket& socket);
  void check_reply(Socket& socket, std::span<const uint8_t> reply, int64_t now_ns);
  void send_requests(Socket& socket);
  // How many of the batch went out; the slots of the others stay free.
  size_t send_batch(Socket& socket, size_t count);
  void give_up_overdue(int64_t now_ns);
  [[nodiscard]] Socket& socket_of(size_t slot) { return sockets_[slot % sockets_.size()]; }

  DatagramProtocol& protocol_;
  MeasuredWindow window_;
  std::vector<Slot> slots_;
  std::vector<Socket> sockets_;
  uint64_t generations_;
  FileDescriptor epoll_;
  Batch replies_;
  Batch requests_;
  size_t outstanding_ = 0;
  uint64_t late_ = 0;
  LoadReport report_;
};

}  // namespace netvolley::bench
