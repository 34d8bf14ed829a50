#include <algorithm>
#include <cstring>

#include "engine/tcp_service.h"
#include "memory/batch_layout.h"

namespace netvolley {

namespace {

constexpr uint32_t kJoinedReply = 1024;

}  // namespace

bool TcpService::reply(const InFlight& request, const Reply& reply, const uint8_t* bytes) {
  const uint32_t index = request.connection;
  TcpConnection& connection = connections_[index];
  const bool gone = !connection.open || connection.generation != request.connection_generation || connection.muted;
  if (gone) return false;
  const bool last = (reply.flags & kReplyMore) == 0;
  const uint32_t place = request.sequence - connection.next_reply;
  if (place != 0) {
    keep_early(connection, place, reply, bytes);
    mark_dirty(connection, index);  // it counts as unsent: the write limit is looked at
    return true;
  }
  const bool has_bytes = (reply.flags & (kReplyNone | kReplyFailed)) == 0;
  if (has_bytes) gather(connection, bytes, reply.bytes, (reply.flags & kReplyInPlace) != 0);
  if (!last) {
    mark_dirty(connection, index);
    return true;
  }
  complete_reply(connection, index, (reply.flags & kReplyFailed) != 0, (reply.flags & kReplyCloseAfter) != 0);
  if (connection.early != nullptr) send_early(index);
  return true;
}

void TcpService::release(const InFlight& request) {
  TcpConnection& connection = connections_[request.connection];
  --in_flight_;
  // A place is not used again while requests of its last connection are left, so this is their connection.
  --connection.in_flight;
  if (!connection.open) {
    if (connection.in_flight == 0) recycle(request.connection);
    return;
  }
  connection.active_ms = context_.reactor.now_ms();
  mark_dirty(connection, request.connection);
}

void TcpService::mark_dirty(TcpConnection& connection, uint32_t index) {
  if (connection.dirty) return;
  connection.dirty = true;
  dirty_.push_back(index);
}

// Small replies from different slots are copied into one piece: a slice costs the kernel more than moving a few lines.
const uint8_t* TcpService::join(const uint8_t* bytes, uint32_t count) {
  if (count > kJoinedReply || joined_bytes_ + count > kJoinedBytes) return bytes;
  uint8_t* to = joined_.get() + joined_bytes_;
  std::memcpy(to, bytes, count);
  joined_bytes_ += count;
  return to;
}

void TcpService::gather(TcpConnection& connection, const uint8_t* bytes, uint32_t count, bool in_place) {
  if (count == 0) return;
  if (connection.gather_tail != kNone) {
    // Replies that lie one behind the other leave in one piece.
    Segment& last = segments_[connection.gather_tail];
    if (last.data + last.bytes == bytes) {
      last.bytes += count;
      return;
    }
    if (in_place) {
      bytes = join(bytes, count);
      if (last.data + last.bytes == bytes) {
        last.bytes += count;
        return;
      }
    }
  }
  const uint32_t made = static_cast<uint32_t>(segments_.size());
  segments_.push_back({bytes, count, kNone});
  if (connection.gather_tail == kNone) {
    connection.gather_head = made;
  } else {
    segments_[connection.gather_tail].next = made;
  }
  connection.gather_tail = made;
}

void TcpService::keep_early(TcpConnection& connection, uint32_t place, const Reply& reply, const uint8_t* bytes) {
  if (connection.early == nullptr) connection.early.reset(new std::vector<EarlyReply>());
  if (connection.early->size() <= place) connection.early->resize(place + 1);
  EarlyReply& early = (*connection.early)[place];
  if ((reply.flags & (kReplyNone | kReplyFailed)) == 0) {
    early.bytes.insert(early.bytes.end(), bytes, bytes + reply.bytes);
    connection.early_bytes += reply.bytes;
    context_.counters.add(ServerCounter::kUnsentBytes, reply.bytes);
  }
  early.done = (reply.flags & kReplyMore) == 0;
  early.failed = (reply.flags & kReplyFailed) != 0;
  early.close_after = (reply.flags & kReplyCloseAfter) != 0;
}

void TcpService::complete_reply(TcpConnection& connection, uint32_t index, bool failed, bool close_after) {
  ++connection.next_reply;
  if (connection.early != nullptr && !connection.early->empty()) connection.early->erase(connection.early->begin());
  if (!failed && !close_after) return;
  connection.muted = connection.closing = true;
  connection.close_reason = CloseReason::kHandler;
  drop_input(index);
  mark_dirty(connection, index);
}

// Sends the replies whose turn has come; also the first part of one that is not finished.
void TcpService::send_early(uint32_t index) {
  TcpConnection& connection = connections_[index];
  while (!connection.muted && !connection.early->empty()) {
    EarlyReply& early = connection.early->front();
    if (!early.bytes.empty()) {
      move_gathered(connection);
      connection.output.append(early.bytes.data(), static_cast<uint32_t>(early.bytes.size()));
      connection.early_bytes -= early.bytes.size();
      early.bytes.clear();
      mark_dirty(connection, index);
    }
    if (!early.done) return;
    complete_reply(connection, index, early.failed, early.close_after);
  }
  connection.early.reset();
}

// `output` goes out before what was gathered: bytes that must come after the gathered ones push them into it.
void TcpService::move_gathered(TcpConnection& connection) {
  for (uint32_t at = connection.gather_head; at != kNone; at = segments_[at].next) {
    connection.output.append(segments_[at].data, segments_[at].bytes);
    context_.counters.add(ServerCounter::kUnsentBytes, segments_[at].bytes);
  }
  connection.gather_head = connection.gather_tail = kNone;
}

void TcpService::flush() {
  for (size_t i = 0; i < dirty_.size(); ++i) {
    const uint32_t index = dirty_[i];
    TcpConnection& connection = connections_[index];
    connection.dirty = false;
    if (!connection.open) continue;
    write(index);
    if (!connection.open) continue;
    if (connection.closing) {
      end_if_done(index);
    } else {
      // There may be room again for what waits in `input` or in the kernel.
      if (connection.may_read || !connection.input.empty() || draining_) list(index);
      arm(connection);
    }
  }
  dirty_.clear();
  segments_.clear();
  joined_bytes_ = 0;
}

void TcpService::write(uint32_t index) {
  TcpConnection& connection = connections_[index];
  const ServerConfig& config = context_.config;
  StreamIo& streams = context_.reactor.system().streams;
  IoSlice slices[StreamIo::kMaxSlices];
  while (connection.may_write) {
    const uint32_t count = fill(connection, slices);
    if (count == 0) break;
    context_.reactor.counters().add(EngineCounter::kWriteCalls);
    const IoResult result = streams.write(connection.fd, slices, count);
    if (result.ok()) {
      advance_written(connection, static_cast<uint64_t>(result.count));
      continue;
    }
    if (result.interrupted()) continue;
    if (!result.would_block()) return close(index, CloseReason::kReset, false);
    connection.may_write = false;
    context_.reactor.rearm(connection.registration, kWritable);
  }
  move_gathered(connection);
  if (connection.output.empty()) {
    connection.blocked_ms = 0;
    connection.written_since_blocked = 0;
  } else if (connection.blocked_ms == 0) {
    connection.blocked_ms = context_.reactor.now_ms();
  }
  const uint64_t unsent = connection.unsent_bytes();
  if (unsent > config.write_limit_bytes) return close(index, CloseReason::kWriteLimit, true);
  const bool was_throttled = connection.throttled;
  connection.throttled = unsent > (was_throttled ? config.write_low_water_bytes : config.write_high_water_bytes);
  if (was_throttled && !connection.throttled) list(index);
  arm(connection);
  if (connection.closing) end_if_done(index);
}

uint32_t TcpService::fill(const TcpConnection& connection, IoSlice* slices) const {
  uint32_t count = 0;
  if (!connection.output.empty()) slices[count++] = {connection.output.data(), connection.output.size()};
  for (uint32_t at = connection.gather_head; at != kNone && count < StreamIo::kMaxSlices; at = segments_[at].next) {
    slices[count++] = {segments_[at].data, segments_[at].bytes};
  }
  return count;
}

void TcpService::advance_written(TcpConnection& connection, uint64_t count) {
  context_.counters.add(ServerCounter::kBytesOut, static_cast<double>(count));
  if (connection.blocked_ms != 0) connection.written_since_blocked += count;
  const uint32_t queued = static_cast<uint32_t>(std::min<uint64_t>(count, connection.output.size()));
  connection.output.consume(queued);
  context_.counters.add(ServerCounter::kUnsentBytes, -double(queued));
  count -= queued;
  while (count > 0) {
    Segment& segment = segments_[connection.gather_head];
    const uint32_t part = static_cast<uint32_t>(std::min<uint64_t>(count, segment.bytes));
    segment.data += part;
    segment.bytes -= part;
    count -= part;
    if (segment.bytes != 0) return;
    connection.gather_head = segment.next;
    if (connection.gather_head == kNone) connection.gather_tail = kNone;
  }
}

}  // namespace netvolley
