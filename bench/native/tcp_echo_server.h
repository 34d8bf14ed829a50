#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "file_descriptor.h"
#include "frame_format.h"
#include "receive_area.h"
#include "server_counters.h"
#include "stop_request.h"

namespace netvolley::bench {

// The C reference for framed TCP echo: one thread, edge-triggered epoll, one recv per readiness (more only when it
// filled the buffer), frames cut, one send per burst and connection. Not tuned once it was frozen.
class TcpEchoServer {
 public:
  TcpEchoServer(const FrameFormat& format, uint16_t port, size_t max_body_bytes);

  [[nodiscard]] uint16_t port() const;
  // Until standard input ends.
  void run();
  [[nodiscard]] const ServerCounters& counters() const { return counters_; }

 private:
  struct Connection {
    FileDescriptor fd;
    std::vector<uint8_t> carry;   // beginning of a frame that is not complete
    std::vector<uint8_t> unsent;  // replies that the kernel did not take yet
    size_t unsent_from = 0;
  };
  enum class Step { kGoOn, kWait, kClose };

  void accept_all();
  void on_ready(Connection& connection, uint32_t events);
  Step answer_burst(Connection& connection, std::span<const uint8_t> received);
  Step send_or_keep(Connection& connection, std::span<const uint8_t> replies);
  Step flush(Connection& connection);
  // How many bytes the kernel took, -1 when the connection is broken.
  ssize_t send_some(int fd, std::span<const uint8_t> bytes);

  FrameFormat format_;
  size_t max_body_bytes_;
  FileDescriptor listener_;
  FileDescriptor epoll_;
  StopRequest stop_;
  ReceiveArea area_;
  std::unordered_map<int, std::unique_ptr<Connection>> connections_;
  ServerCounters counters_;
};

}  // namespace netvolley::bench
