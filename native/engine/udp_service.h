#pragma once

#include <memory>
#include <vector>

#include "engine/peer_table.h"
#include "engine/send_queue.h"
#include "engine/server_context.h"

namespace netvolley {

// The UDP side of a request server: datagrams land straight in slab slots, replies leave in batches. Nothing that a
// datagram or its sender does closes the socket.
class UdpService {
 public:
  explicit UdpService(ServerContext& context);
  ~UdpService() { close(); }
  UdpService(const UdpService&) = delete;
  UdpService& operator=(const UdpService&) = delete;

  // Takes over a bound descriptor. Returns an errno; on failure the descriptor is closed.
  int open(int fd);
  void on_ready(uint8_t ready);
  void on_deadline() { retry(); }
  void advance();
  bool has_work() const { return fd_ >= 0 && ((may_read_ && reads()) || drained()); }

  // Takes a reply, always whole: the transmit memory holds more than the largest datagram.
  void reply(const InFlight& request, const Reply& reply, const uint8_t* bytes);
  void release(const InFlight& request);
  // Sends this turn's replies. The memory behind them is free afterwards.
  void flush();

  // Slots are free again.
  void resume_starved() { starved_ = false; }

  // Reads what the kernel holds, for at most 100 ms, then no more; closes when all is answered.
  void drain();
  void close();
  bool done() const { return fd_ < 0; }
  uint32_t in_flight() const { return in_flight_; }

 private:
  bool reads() const { return !stopped_ && !starved_ && room() > 0; }
  bool drained() const { return draining_ && stopped_ && in_flight_ == 0 && queue_.empty(); }
  uint32_t room() const;
  void receive();
  uint32_t prepare(uint32_t wanted);
  void accept_datagram(ReceiveVector& vector, uint32_t& slot);
  bool place(const ReceiveVector& vector, uint32_t* slot);
  bool cut(const ReceiveVector& vector, NewRequest* request);
  void keep_unsent(size_t first);
  uint32_t send(const SendVector* vectors, uint32_t count);
  void retry();
  void settle_drain();
  void read_drops();

  ServerContext& context_;
  int fd_ = -1;
  uint32_t registration_ = Reactor::kNone;
  bool may_read_ = false;
  bool may_write_ = true;
  bool draining_ = false;
  bool stopped_ = false;  // reads no more
  bool starved_ = false;  // no slot was free
  uint32_t in_flight_ = 0;
  uint32_t batch_ = 0;  // of the next receive call: follows the traffic
  double drops_read_ms_ = 0;
  double read_until_ms_ = 0;  // while draining
  PeerTable peers_;
  std::unique_ptr<uint8_t[]> overflow_;
  std::vector<ReceiveVector> vectors_;
  std::vector<uint32_t> slots_;  // of vectors_, Slab::kNone = to be allocated
  std::vector<SendVector> gathered_;
  std::vector<SendVector> resend_;
  SendQueue queue_;
  TimerNode retry_timer_;
};

}  // namespace netvolley
