#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "io/address.h"
#include "memory/byte_queue.h"

namespace netvolley::test {

using Bytes = std::vector<uint8_t>;

// One TCP connection of the simulated kernel, both ends of it. The server's end has a receive and a send buffer of
// bounded size; what the client has sent and does not fit there yet, or is still on its way, waits in `sent`.
struct FakeStream {
  struct Segment {
    double arrives_ms = 0;
    Bytes bytes;
    size_t taken = 0;   // of `bytes`, by the receive buffer
    bool last = false;  // a FIN
  };

  Address remote;
  int server_fd = -1;  // -1: waits in the backlog, or was closed by the server
  bool accepted = false;
  uint32_t receive_bytes = 0;
  uint32_t send_bytes = 0;

  std::deque<Segment> sent;
  ByteQueue received;        // in the server's receive buffer
  bool client_done = false;  // FIN sent
  bool finished = false;     // FIN arrived behind `received`
  bool reset = false;        // by the client, or by a fault
  bool reset_told = false;   // a call has returned ECONNRESET

  ByteQueue answered;         // written by the server, not yet read by the client
  bool server_done = false;   // the server's FIN
  bool server_reset = false;  // the server's RST: what the client had not read is gone
  bool client_gone = false;   // closed for both directions: what the server writes is answered by a reset
  bool wants_space = false;   // a write found the send buffer full

  uint32_t space() const { return answered.size() >= send_bytes ? 0 : send_bytes - answered.size(); }
};

}  // namespace netvolley::test
