#include "engine/tcp_service.h"

#include <algorithm>
#include <limits>

#include "engine/peer_table.h"
#include "memory/batch_layout.h"

namespace netvolley {

namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();

}  // namespace

TcpService::TcpService(ServerContext& context)
    : context_(context), listener_(context, [this](int fd, const Address& remote) { take(fd, remote); }) {
  segments_.reserve(context.config.ring_entries);
  scratch_.reset(new uint8_t[kScratchBytes]);
  joined_.reset(new uint8_t[kJoinedBytes]);
}

void TcpService::take(int fd, const Address& remote) {
  StreamIo& streams = context_.reactor.system().streams;
  if (free_.empty() && connections_.size() < context_.config.max_connections) {
    free_.push_back(static_cast<uint32_t>(connections_.size()));
    connections_.emplace_back();
  }
  if (free_.empty() || draining_) {
    context_.counters.add(ServerCounter::kRejectedMax);
    return streams.close(fd);
  }
  const uint32_t index = free_.back();
  TcpConnection& connection = connections_[index];
  int error = 0;
  const uint32_t registration = context_.reactor.watch(fd, context_.source, index, kReadable, &error);
  if (registration == Reactor::kNone) {
    context_.counters.add(ServerCounter::kAcceptErrors);
    return streams.close(fd);
  }
  free_.pop_back();
  connection.fd = fd;
  connection.registration = registration;
  connection.open = connection.may_write = connection.may_read = true;
  connection.timer.source = &context_.source;
  connection.timer.key = index;
  connection.active_ms = connection.frame_started_ms = context_.reactor.now_ms();
  write_peer(context_.peers + uint64_t{index} * kPeerBytes, connection.generation, remote);
  ++active_;
  context_.counters.add(ServerCounter::kAccepted);
  context_.counters.set(ServerCounter::kConnectionsActive, active_);
  context_.counters.raise(ServerCounter::kConnectionsPeak, active_);
  arm(connection);
  list(index);  // a request may be there already
}

void TcpService::close(uint32_t index, CloseReason reason, bool abort) {
  TcpConnection& connection = connections_[index];
  if (!connection.open) return;
  StreamIo& streams = context_.reactor.system().streams;
  connection.open = false;
  context_.reactor.timers().disarm(connection.timer);
  drop_input(index);
  context_.counters.add(ServerCounter::kUnsentBytes, -double(connection.unsent_bytes()));
  context_.reactor.unwatch(connection.registration);
  if (abort) {
    streams.abort(connection.fd);
  } else {
    streams.close(connection.fd);
  }
  connection.fd = -1;
  connection.output.clear();
  connection.early.reset();
  --active_;
  context_.counters.add(closed_counter(reason));
  context_.counters.set(ServerCounter::kConnectionsActive, active_);
  if (connection.in_flight == 0) recycle(index);
}

// The place is used again only when no request of the old connection is left, so that late replies have an owner.
void TcpService::recycle(uint32_t index) {
  TcpConnection& connection = connections_[index];
  const uint32_t generation = connection.generation + 1;
  const bool listed = connection.listed, starved = connection.starved, dirty = connection.dirty;
  connection = TcpConnection();
  connection.generation = generation;
  connection.listed = listed;
  connection.starved = starved;
  connection.dirty = dirty;
  free_.push_back(index);
}

void TcpService::list(uint32_t index) {
  TcpConnection& connection = connections_[index];
  if (connection.listed) return;
  connection.listed = true;
  ready_.push_back(index);
}

void TcpService::on_ready(uint32_t index, uint8_t ready, bool hangup) {
  TcpConnection& connection = connections_[index];
  if (!connection.open) return;
  if ((ready & kReadable) != 0) {
    connection.may_read = true;
    connection.to_end = connection.to_end || hangup;
  }
  if ((ready & kWritable) != 0 && !connection.may_write) {
    connection.may_write = true;
    if (!connection.output.empty()) write(index);
  }
  if (connection.open && connection.may_read) resume(index);
}

void TcpService::advance() {
  if (listener_.ready()) listener_.accept_some();
  turn_.swap(ready_);
  for (const uint32_t index : turn_) {
    connections_[index].listed = false;
    if (connections_[index].open) resume(index);
  }
  turn_.clear();
}

double TcpService::deadline(const TcpConnection& connection, CloseReason* reason) const {
  const ServerConfig& config = context_.config;
  if (connection.lingering) {
    *reason = connection.close_reason;
    return connection.linger_until_ms;
  }
  double due = kNever;
  const auto consider = [&](double at_ms, CloseReason why) {
    if (at_ms >= due) return;
    due = at_ms;
    *reason = why;
  };
  if (!connection.output.empty()) {
    const double earned_ms = static_cast<double>(connection.written_since_blocked) / config.min_bytes_per_ms;
    consider(connection.blocked_ms + config.write_timeout_ms + earned_ms, CloseReason::kWriteTimeout);
  }
  // A peer is not blamed for what waits because of us.
  if (connection.closing || connection.finished || !reads(connection)) return due;
  if (connection.partial && connection.decoder.state() == DecoderState::kWantBody) {
    const double earned_ms = connection.input.size() / config.min_bytes_per_ms;
    consider(connection.body_started_ms + config.body_timeout_ms + earned_ms, CloseReason::kBodyTimeout);
  } else if (connection.partial || connection.fresh) {
    consider(connection.frame_started_ms + config.header_timeout_ms, CloseReason::kHeaderTimeout);
  } else if (connection.in_flight == 0 && connection.output.empty() && config.idle_timeout_ms > 0) {
    consider(connection.active_ms + config.idle_timeout_ms, CloseReason::kIdleTimeout);
  }
  return due;
}

// Only ever brings a deadline forward; one that moved back is found out when the node fires.
void TcpService::arm(TcpConnection& connection) {
  CloseReason reason;
  const double due = deadline(connection, &reason);
  if (due == kNever) return;
  if (connection.timer.armed() && connection.timer.deadline_ms <= due) return;
  context_.reactor.timers().arm(connection.timer, due);
}

void TcpService::expire(uint32_t index, CloseReason reason) {
  TcpConnection& connection = connections_[index];
  const bool slow_sender = reason == CloseReason::kHeaderTimeout || reason == CloseReason::kBodyTimeout;
  if (!slow_sender || (connection.in_flight == 0 && connection.output.empty())) {
    return close(index, reason, reason == CloseReason::kWriteTimeout);
  }
  // The answers to its complete requests are still owed.
  connection.closing = true;
  connection.close_reason = reason;
  after_input(index);
}

void TcpService::on_deadline(uint32_t index) {
  if (index == kListenerKey) return listener_.on_ready();
  TcpConnection& connection = connections_[index];
  CloseReason reason = CloseReason::kIdleTimeout;
  const double now_ms = context_.reactor.now_ms();
  double due = deadline(connection, &reason);
  const bool blames_peer = reason != CloseReason::kWriteTimeout && !connection.lingering;
  if (due <= now_ms && blames_peer && !connection.may_read) {
    // What the peer sent in time may still lie in the kernel, where this program was too busy to read it.
    connection.may_read = true;
    resume(index);
    if (!connection.open) return;
    due = deadline(connection, &reason);
  }
  if (due <= now_ms) return expire(index, reason);
  // With requests in flight there is no deadline; the idle one cannot come sooner than a whole idle time from now.
  const double idle_ms = context_.config.idle_timeout_ms;
  const double next = due != kNever ? due : idle_ms > 0 ? context_.reactor.now_ms() + idle_ms : kNever;
  if (next != kNever) context_.reactor.timers().arm(connection.timer, next);
}

// Closes a connection that has nothing more to do. One whose peer may still send lingers: closing with unread input
// would turn into a reset, and the peer would lose the last reply.
void TcpService::end_if_done(uint32_t index) {
  TcpConnection& connection = connections_[index];
  if (!connection.open || !connection.closing || connection.lingering || !connection.output.empty()) return;
  if (connection.gather_head != kNone) return;
  if (!connection.muted && connection.in_flight != 0) return;
  if (connection.finished) return close(index, connection.close_reason, false);
  connection.lingering = true;
  connection.linger_until_ms = context_.reactor.now_ms() + context_.config.linger_timeout_ms;
  context_.reactor.system().streams.finish(connection.fd);
  arm(connection);
  list(index);
}

void TcpService::resume_starved() {
  if (starved_.empty()) return;
  for (const uint32_t index : starved_) {
    TcpConnection& connection = connections_[index];
    connection.starved = false;
    if (!connection.open) continue;
    // A peer is not blamed for the time in which it was not read.
    connection.frame_started_ms = context_.reactor.now_ms();
    if (connection.body_started_ms != 0) connection.body_started_ms = context_.reactor.now_ms();
    list(index);
  }
  starved_.clear();
  context_.counters.set(ServerCounter::kPausedConnections, 0);
}

void TcpService::drain() {
  // Clients that the kernel has already accepted for us are still served. Their event may be in this very turn's batch,
  // behind the command that drains: so everybody is looked at once more, reported or not.
  listener_.on_ready();
  for (uint32_t round = 0; listener_.ready() && round < 256; ++round) listener_.accept_some();
  listener_.close();
  draining_ = true;
  for (uint32_t index = 0; index < connections_.size(); ++index) {
    TcpConnection& connection = connections_[index];
    if (!connection.open || connection.closing) continue;
    connection.may_read = !connection.finished;
    resume(index);
    if (!connection.open) continue;
    const bool idle = connection.in_flight == 0 && connection.output.empty() && connection.closing;
    context_.counters.add(idle ? ServerCounter::kDrainIdleClosed : ServerCounter::kDrainServed);
  }
}

void TcpService::close_all(CloseReason reason) {
  listener_.close();
  for (uint32_t index = 0; index < connections_.size(); ++index) {
    if (!connections_[index].open) continue;
    if (draining_ && !connections_[index].lingering) context_.counters.add(ServerCounter::kDrainDestroyed);
    close(index, reason, true);
  }
}

}  // namespace netvolley
