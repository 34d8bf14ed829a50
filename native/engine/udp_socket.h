#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "engine/datagram_link.h"
#include "engine/datagram_receiver.h"
#include "engine/datagram_sender.h"

namespace netvolley {

// A datagram socket with its links to JavaScript threads. Made on any thread; from start() on it belongs to its
// reactor, which keeps it until it is finished. Nothing that a remote peer does ends it.
class UdpSocket final : public Source {
 public:
  UdpSocket(Reactor& reactor, const DatagramConfig& config, const DatagramSocketMemory& memory);
  UdpSocket(const UdpSocket&) = delete;
  UdpSocket& operator=(const UdpSocket&) = delete;

  // Any thread, through with() and drops().
  DatagramFd& fd() { return fd_; }

  // The rest: reactor's thread.
  // Its index is the number of earlier calls; may come before start().
  void add_link(const DatagramLink::Parts& parts);
  // fd().adopt() came before. Gives an errno; a failure finishes the socket.
  int start();
  // It could not be opened: what is queued has failed, and the socket is finished.
  void fail(int error);
  void set_reading(bool on);
  void set(HotOption option, double value);
  // What is queued for the connected peer goes to it also when that is another one, or none, by then.
  void address_queued();
  // Null = not connected.
  void set_connected(const Address* remote, bool error_queue);
  void cancel(uint32_t link, uint32_t token);
  // Detached, or its environment has gone.
  void end_link(uint32_t link, bool flush_first);
  // Sends what is queued, then finishes; whoever is impatient calls abort().
  void close();
  // What is queued becomes dropped.closed.
  void abort();

  void collect() override;
  void on_ready(uint32_t key, uint8_t ready, bool hangup) override;
  void on_deadline(uint32_t key) override;
  void advance() override;
  void publish() override;
  bool has_work() override;
  bool finished() const override { return state_ == SocketState::kClosed; }
  void stop() override { abort(); }

 private:
  void set_state(SocketState state);
  void apply_connected();
  void collect_link(DatagramLink& link);
  void end_drained_links();
  void retire_link(uint32_t link);
  int broken() const;
  void finish();
  void publish_levels();
  void watch_errors();

  DatagramConfig config_;
  DatagramFd fd_;
  uint32_t registration_ = Reactor::kNone;
  CounterBook<SocketCounter> counters_;
  SlotTable slots_;
  PeerTable peers_;
  std::vector<std::unique_ptr<DatagramLink>> links_;
  DatagramContext context_;
  DatagramReceiver receiver_;
  DatagramSender sender_;
  SocketState state_ = SocketState::kIdle;
  std::vector<uint32_t> ending_;  // links that are being flushed
  Address remote_;
  std::deque<Address> former_remotes_;  // of queued sends
  bool connected_ = false;
  bool error_queue_ = false;
  double drops_read_ms_ = 0;
};

}  // namespace netvolley
