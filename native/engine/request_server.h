#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "engine/tcp_service.h"
#include "engine/udp_service.h"

namespace netvolley {

// TCP and UDP on one port, in front of one JavaScript thread. Made on any thread; from start() on it belongs to its
// reactor, which keeps it until it is finished.
class RequestServer final : public Source {
 public:
  // `memory` stays valid until finished(), `bell` until the server is destroyed.
  RequestServer(Reactor& reactor, const ServerConfig& config, const ServerMemory& memory, std::shared_ptr<Bell> bell);
  RequestServer(const RequestServer&) = delete;
  RequestServer& operator=(const RequestServer&) = delete;

  // Takes over descriptors that listen and are bound; -1 = without this transport. On the reactor's thread. Where they
  // cannot be watched the server is finished at once; ServerCounter::kStartErrno keeps the errno that is returned.
  int start(int tcp_fd, int udp_fd);
  // Stops taking requests, answers those that are there, and is finished after `grace_ms` at the latest.
  void drain(double grace_ms);
  void destroy();

  void collect() override;
  void on_ready(uint32_t key, uint8_t ready, bool hangup) override;
  void on_deadline(uint32_t key) override;
  void advance() override;
  void publish() override;
  bool has_work() override;
  bool finished() const override { return state_ == ServerState::kClosed; }
  void stop() override { destroy(); }

 private:
  void set_state(ServerState state);
  // How the replies of one burst ended: added to the shared counters once.
  struct Tally {
    uint32_t replied = 0;
    uint32_t none = 0;
    uint32_t failed = 0;
    uint32_t aborted = 0;
    uint32_t late = 0;
  };
  // A slot, or so many parts of a read block, whose bytes this turn's writes still use.
  struct Released {
    uint32_t place = 0;
    uint32_t count = 0;
  };

  void take(Reply reply, Tally* tally);
  void count(const Tally& tally);
  void release_later(uint32_t place);
  void release_places();
  // Null where the entry points outside its memory: then nothing of it is sent.
  const uint8_t* reply_bytes(const InFlight& request, const Reply& reply) const;
  void finish(CloseReason reason);

  ServerConfig config_;
  ServerMemory memory_;
  std::shared_ptr<Bell> bell_;
  CounterPage counters_;
  Slab slab_;
  ReadBlocks blocks_;
  Dispatch dispatch_;
  ServerContext context_;
  TcpService tcp_;
  UdpService udp_;
  ServerState state_ = ServerState::kIdle;
  std::vector<Released> released_;
  TimerNode grace_;
};

}  // namespace netvolley
