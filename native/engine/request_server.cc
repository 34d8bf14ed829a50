#include "engine/request_server.h"

namespace netvolley {

RequestServer::RequestServer(Reactor& reactor, const ServerConfig& config, const ServerMemory& memory,
                             std::shared_ptr<Bell> bell)
    : config_(config),
      memory_(memory),
      bell_(std::move(bell)),
      counters_(memory.counters),
      slab_(memory.slab, config.slab),
      blocks_(memory.slab + config.slab_bytes(), config.read_blocks, config.read_block_bytes),
      dispatch_(LinkMemory(memory.link, config.ring_entries), *bell_, counters_, reactor.counters(),
                config.clock_offset_ms),
      context_{reactor, *this, config_, slab_, blocks_, dispatch_, counters_, memory.slab, memory.peers},
      tcp_(context_),
      udp_(context_) {
  released_.reserve(config.ring_entries);
  grace_.source = this;
  grace_.key = kDrainKey;
  counters_.set(ServerCounter::kSlabSlots, slab_.slots());
  counters_.set(ServerCounter::kReadBlocks, blocks_.blocks());
}

int RequestServer::start(int tcp_fd, int udp_fd) {
  int error = tcp_fd < 0 ? 0 : tcp_.open(tcp_fd);
  if (udp_fd >= 0) {
    const int udp_error = udp_.open(udp_fd);
    if (error == 0) error = udp_error;
  }
  set_state(ServerState::kListening);
  counters_.set(ServerCounter::kStartErrno, error);
  if (error != 0) finish(CloseReason::kDestroyed);
  return error;
}

void RequestServer::set_state(ServerState state) {
  state_ = state;
  counters_.set(ServerCounter::kState, static_cast<uint32_t>(state));
}

void RequestServer::drain(double grace_ms) {
  if (state_ != ServerState::kListening) return;
  set_state(ServerState::kDraining);
  context_.reactor.timers().arm(grace_, context_.reactor.now_ms() + grace_ms);
  tcp_.drain();
  udp_.drain();
}

void RequestServer::destroy() {
  if (state_ != ServerState::kClosed) finish(CloseReason::kDestroyed);
}

// Requests that JavaScript still has keep their slots: the memory is JavaScript's from now on.
void RequestServer::finish(CloseReason reason) {
  context_.reactor.timers().disarm(grace_);
  counters_.set(ServerCounter::kDrainAborted, dispatch_.in_flight());
  counters_.add(ServerCounter::kAborted, dispatch_.in_flight());
  dispatch_.abandon([this](const InFlight& request) {
    if (request.connection == Dispatch::kDatagram) {
      udp_.release(request);
    } else {
      tcp_.release(request);
    }
  });
  tcp_.close_all(reason);
  udp_.close();
  publish();
  set_state(ServerState::kClosed);
  dispatch_.retire();
}

void RequestServer::collect() {
  if (state_ == ServerState::kClosed) return;
  Reply reply;
  if (!dispatch_.next_reply(&reply)) return;
  Tally tally;
  do {
    take(reply, &tally);
  } while (dispatch_.next_reply(&reply));
  count(tally);
  tcp_.flush();
  udp_.flush();
  release_places();
  tcp_.resume_starved();
  udp_.resume_starved();
}

void RequestServer::take(Reply reply, Tally* tally) {
  const InFlight* request = dispatch_.find(reply.request_id);
  if (request == nullptr) {
    ++tally->late;
    return;
  }
  const bool datagram = request->connection == Dispatch::kDatagram;
  const uint8_t* bytes = reply_bytes(*request, reply);
  if (bytes == nullptr) reply = {reply.request_id, 0, 0, kReplyFailed};
  bool taken = true;
  if (datagram) {
    udp_.reply(*request, reply, bytes);
  } else {
    taken = tcp_.reply(*request, reply, bytes);
  }
  if ((reply.flags & kReplyMore) != 0) return;
  if (!taken) {
    ++tally->aborted;
    if ((reply.flags & (kReplyNone | kReplyFailed)) == 0) ++tally->late;
  } else {
    ++((reply.flags & kReplyFailed) != 0 ? tally->failed
       : (reply.flags & kReplyNone) != 0 ? tally->none
                                         : tally->replied);
  }
  release_later(request->place);
  if (datagram) {
    udp_.release(*request);
  } else {
    tcp_.release(*request);
  }
  dispatch_.settle(reply.request_id);
}

void RequestServer::count(const Tally& tally) {
  counters_.add(ServerCounter::kReplied, tally.replied);
  counters_.add(ServerCounter::kNoReply, tally.none);
  counters_.add(ServerCounter::kFailed, tally.failed);
  counters_.add(ServerCounter::kAborted, tally.aborted);
  counters_.add(ServerCounter::kLateReplies, tally.late);
}

void RequestServer::release_later(uint32_t place) {
  if (!released_.empty() && released_.back().place == place) {
    ++released_.back().count;
  } else {
    released_.push_back({place, 1});
  }
}

void RequestServer::release_places() {
  for (const Released& released : released_) {
    if (ReadBlocks::is_place(released.place)) {
      blocks_.release(released.place, released.count);
    } else {
      slab_.release(released.place);
    }
  }
  released_.clear();
}

const uint8_t* RequestServer::reply_bytes(const InFlight& request, const Reply& reply) const {
  const bool in_place = (reply.flags & kReplyInPlace) != 0;
  const uint64_t limit = in_place ? request.frame_bytes : memory_.transmit_bytes;
  if (uint64_t{reply.offset} + reply.bytes > limit) return nullptr;
  return (in_place ? memory_.slab + request.offset : memory_.transmit) + reply.offset;
}

void RequestServer::on_ready(uint32_t key, uint8_t ready, bool hangup) {
  if (key == kListenerKey) return tcp_.on_listener_ready();
  if (key == kDatagramKey) return udp_.on_ready(ready);
  tcp_.on_ready(key, ready, hangup);
}

void RequestServer::on_deadline(uint32_t key) {
  if (key == kDrainKey) return finish(CloseReason::kDrain);
  if (key == kDatagramKey) return udp_.on_deadline();
  tcp_.on_deadline(key);
}

void RequestServer::advance() {
  if (state_ == ServerState::kClosed) return;
  tcp_.advance();
  udp_.advance();
  if (state_ == ServerState::kDraining && tcp_.done() && udp_.done()) finish(CloseReason::kDrain);
}

void RequestServer::publish() {
  if (state_ == ServerState::kClosed) return;
  counters_.set(ServerCounter::kSlabFree, slab_.free_slots());
  counters_.set(ServerCounter::kReadBlocksFree, blocks_.free_blocks());
  dispatch_.publish();
}

bool RequestServer::has_work() {
  if (state_ == ServerState::kClosed) return true;  // to be forgotten
  return dispatch_.has_replies() || tcp_.has_work() || udp_.has_work() ||
         (state_ == ServerState::kDraining && tcp_.done() && udp_.done());
}

}  // namespace netvolley
