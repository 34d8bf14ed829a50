#pragma once

#include <sys/epoll.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <vector>

#include "file_descriptor.h"
#include "frame_format.h"
#include "load_report.h"
#include "measured_window.h"
#include "options.h"
#include "payload_pattern.h"
#include "receive_area.h"

namespace netvolley::bench {

// Closed loop of framed TCP echo: every connection keeps `pipeline` frames outstanding; one recv and one send per burst
// and connection. Every reply is compared byte for byte: its length, its sequence number (order, and that it belongs to
// this connection), its other bytes. After a bad reply a connection is given up: its stream can no longer be cut.
class TcpEchoLoad {
 public:
  static TcpEchoLoad from(Options& options);

  [[nodiscard]] const LoadReport& run();
  [[nodiscard]] const MeasuredWindow& window() const { return window_; }

 private:
  struct Settings {
    FrameFormat format;
    uint16_t port;
    size_t connections;
    size_t pipeline;
    size_t body_bytes;
    uint64_t seed;
  };
  struct Connection {
    FileDescriptor fd;
    uint64_t next_sent = 0;  // sequence numbers: those of a connection begin at its index << 40
    uint64_t next_expected = 0;
    std::vector<int64_t> sent_at_ns;  // of the outstanding frames, by sequence number modulo pipeline
    std::vector<uint8_t> carry;
    std::vector<uint8_t> unsent;
    size_t unsent_from = 0;
    bool is_live = true;

    [[nodiscard]] size_t outstanding() const { return static_cast<size_t>(next_sent - next_expected); }
  };

  TcpEchoLoad(const Settings& settings, const MeasuredWindow& window);

  void connect_all();
  void on_ready(Connection& connection, uint32_t events);
  // The number of reply bytes taken, all of them whole frames.
  size_t check_replies(Connection& connection, std::span<const uint8_t> received, int64_t now_ns);
  [[nodiscard]] const char* fault_of(uint64_t sequence, const uint8_t* reply) const;
  void send_requests(Connection& connection, int64_t now_ns);
  void append_request(Connection& connection, int64_t now_ns);
  void flush(Connection& connection);
  void give_up(Connection& connection);
  [[nodiscard]] bool is_finished() const {
    return window_.is_over() || live_ == 0 || (!window_.may_send() && outstanding_ == 0);
  }

  Settings settings_;
  MeasuredWindow window_;
  size_t frame_bytes_;
  size_t sequence_at_;
  PayloadPattern pattern_;
  ReceiveArea area_;
  FileDescriptor epoll_;
  std::deque<Connection> connections_;
  size_t live_ = 0;
  size_t outstanding_ = 0;
  uint64_t connections_lost_ = 0;
  LoadReport report_;
};

}  // namespace netvolley::bench
