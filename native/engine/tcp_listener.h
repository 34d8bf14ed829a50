#pragma once

#include <functional>

#include "engine/server_context.h"

namespace netvolley {

// Accepts until the kernel has no more, and survives running out of descriptors: one is held in reserve, given up to
// accept and refuse the waiting client, and taken again. So a listener neither spins nor leaves a client hanging.
class TcpListener {
 public:
  TcpListener(ServerContext& context, std::function<void(int, const Address&)> take);
  TcpListener(const TcpListener&) = delete;
  TcpListener& operator=(const TcpListener&) = delete;
  ~TcpListener() { close(); }

  // Takes over a listening descriptor. Returns an errno; on failure the descriptor is closed.
  int open(int fd);
  bool is_open() const { return fd_ >= 0; }
  void on_ready() { ready_ = true; }
  bool ready() const { return ready_; }
  // Accepts at most 256 connections; ready() stays true where more may wait.
  void accept_some();
  void close();

 private:
  void wait_for_clients();
  // Accepts one client with the reserved descriptor and refuses it.
  IoResult shed_one();
  void retry_later();

  ServerContext& context_;
  std::function<void(int, const Address&)> take_;
  int fd_ = -1;
  int reserve_ = -1;
  uint32_t registration_ = Reactor::kNone;
  bool ready_ = false;
  TimerNode retry_;
};

}  // namespace netvolley
