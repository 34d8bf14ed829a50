#include <algorithm>
#include <cstring>

#include "engine/tcp_service.h"
#include "memory/batch_layout.h"

namespace netvolley {

namespace {

constexpr uint32_t kBytesPerTurn = 256 * 1024;

}  // namespace

bool TcpService::server_is_full() const {
  return in_flight_ >= context_.config.max_tcp_in_flight || context_.dispatch.room() == 0;
}

// It waits for its own replies to be finished, or to be taken by its peer.
bool TcpService::is_behind(const TcpConnection& connection) const {
  return connection.throttled || connection.in_flight >= context_.config.max_in_flight_per_connection;
}

bool TcpService::has_room(const TcpConnection& connection) const {
  return !connection.starved && !is_behind(connection) && !server_is_full();
}

// Bytes that nobody would take stay in the kernel, where they slow the peer down.
bool TcpService::reads(const TcpConnection& connection) const {
  return connection.open && !connection.closing && !connection.finished &&
         (connection.input.empty() || connection.partial) && has_room(connection);
}

void TcpService::starve(uint32_t index) {
  TcpConnection& connection = connections_[index];
  if (connection.starved) return;
  connection.starved = true;
  starved_.push_back(index);
  context_.counters.set(ServerCounter::kPausedConnections, static_cast<double>(starved_.size()));
}

void TcpService::resume(uint32_t index) {
  TcpConnection& connection = connections_[index];
  if (connection.lingering) return discard(index);
  if (connection.closing) return;
  if (!connection.input.empty() && !connection.partial && has_room(connection)) {
    const uint32_t used = cut(index, connection.input.data(), connection.input.size(), false);
    if (!connection.open) return;
    count_buffered(-int64_t{used});
    if (used != 0) connection.input.consume(used);
  }
  if (connection.may_read && reads(connection)) read(index);
  after_input(index);
}

void TcpService::read(uint32_t index) {
  TcpConnection& connection = connections_[index];
  StreamIo& streams = context_.reactor.system().streams;
  uint32_t budget = kBytesPerTurn;
  while (connection.may_read && reads(connection)) {
    if (budget == 0) return list(index);
    if (memory_is_full()) return starve(index);
    context_.reactor.counters().add(EngineCounter::kReadCalls);
    ReadBlocks::Room room = context_.blocks.room();
    const bool in_block = room.data != nullptr;
    if (!in_block) room = {scratch_.get(), kScratchBytes};
    const IoResult result = streams.read(connection.fd, room.data, room.bytes);
    if (result.interrupted()) continue;
    if (!result.ok() && !result.would_block()) return close(index, CloseReason::kReset, false);
    const uint32_t bytes = static_cast<uint32_t>(result.count);
    if (result.ok() && bytes == 0) {
      connection.finished = true;
      connection.may_read = false;
      return;
    }
    // A short read has emptied the socket: the next byte is a new edge, and the call that would say so is saved.
    const bool emptied = !result.ok() || (bytes < room.bytes && !connection.to_end);
    if (emptied) {
      connection.may_read = false;
      context_.reactor.rearm(connection.registration, kReadable);
    }
    if (!result.ok()) return;
    context_.counters.add(ServerCounter::kBytesIn, bytes);
    feed(index, room.data, bytes, in_block);
    if (!connection.open) return;
    budget -= std::min(budget, bytes);
  }
}

// After our FIN: what still comes is thrown away, so that the peer gets our last bytes and not a reset.
void TcpService::discard(uint32_t index) {
  TcpConnection& connection = connections_[index];
  StreamIo& streams = context_.reactor.system().streams;
  while (connection.may_read) {
    context_.reactor.counters().add(EngineCounter::kReadCalls);
    const IoResult result = streams.read(connection.fd, scratch_.get(), kScratchBytes);
    if (result.interrupted()) continue;
    if (result.would_block()) {
      connection.may_read = false;
      return context_.reactor.rearm(connection.registration, kReadable);
    }
    connection.lingered_bytes += static_cast<uint64_t>(result.count);
    const bool over = !result.ok() || result.count == 0 || connection.lingered_bytes > context_.config.linger_bytes;
    if (over) return close(index, connection.close_reason, false);
  }
}

// Takes bytes that follow those in `input`. An incomplete frame there is first joined with just what it lacks, so that
// a large frame is copied once and a run of small ones not at all.
void TcpService::feed(uint32_t index, const uint8_t* data, uint32_t bytes, bool in_block) {
  TcpConnection& connection = connections_[index];
  while (bytes > 0 && connection.partial && !connection.closing) {
    const uint32_t lacks = connection.decoder.wanted() - connection.input.size();
    const uint32_t taken = std::min(lacks, bytes);
    connection.input.append(data, taken);
    count_buffered(taken);
    if (!connection.open) return;  // it was the one to be shed
    data += taken;
    bytes -= taken;
    const uint32_t used = cut(index, connection.input.data(), connection.input.size(), false);
    count_buffered(-int64_t{used});
    if (used != 0) connection.input.consume(used);
    if (used == 0 && !connection.partial) break;  // complete, but there is no room for it
  }
  if (connection.closing || bytes == 0) return;
  const uint32_t used = connection.input.empty() ? cut(index, data, bytes, in_block) : 0;
  if (connection.closing || used == bytes) return;
  connection.input.append(data + used, bytes - used);
  count_buffered(bytes - used);
}

// Opens requests for the whole frames at the front and gives the number of bytes they took. Stops where there is no
// room; `partial` then tells whether the rest is an incomplete frame or waits for us. Frames in a read block stay
// there.
uint32_t TcpService::cut(uint32_t index, const uint8_t* data, uint32_t bytes, bool in_block) {
  TcpConnection& connection = connections_[index];
  const uint32_t room = request_room(connection);
  NewRequest request;
  request.origin.connection = request.peer_id = index;
  request.origin.connection_generation = connection.generation;
  FrameStep step;
  uint32_t used = 0;
  uint32_t frames = 0;
  for (bool memory = true; used < bytes; ++frames) {
    if (frames < room) {
      step = connection.decoder.next(context_.config.framing, data + used, bytes - used);
      if (step.kind != FrameStep::Kind::kFrame) break;
      memory = place_request(data + used, step.frame_bytes(), in_block, &request.origin);
    }
    if (frames == room || !memory) {
      if (!memory || !is_behind(connection)) starve(index);
      step.kind = FrameStep::Kind::kFrame;  // it waits for us, whole or not
      break;
    }
    request.origin.sequence = connection.next_sequence++;
    request.header_bytes = step.header_bytes;
    context_.dispatch.open(request, context_.reactor.now_ms());
    ++connection.in_flight;
    ++in_flight_;
    used += step.frame_bytes();
  }
  if (frames != 0) {
    connection.fresh = false;
    connection.active_ms = context_.reactor.now_ms();
    context_.counters.add(ServerCounter::kFramesOk, frames);
  }
  if (frames != 0 || step.kind == FrameStep::Kind::kFrame) end_partial(index);
  if (step.kind == FrameStep::Kind::kMore && used < bytes) begin_partial(index);
  if (step.kind == FrameStep::Kind::kError) refuse(index, step.error);
  return used;
}

// Requests that it may open now.
uint32_t TcpService::request_room(const TcpConnection& connection) const {
  if (!has_room(connection)) return 0;
  const ServerConfig& config = context_.config;
  return std::min({config.max_in_flight_per_connection - connection.in_flight, config.max_tcp_in_flight - in_flight_,
                   context_.dispatch.room()});
}

bool TcpService::place_request(const uint8_t* frame, uint32_t bytes, bool in_block, InFlight* request) {
  request->frame_bytes = bytes;
  if (in_block) {
    request->place = context_.blocks.keep(frame, bytes);
    request->offset = static_cast<uint32_t>(frame - context_.request_memory);
    return true;
  }
  const uint32_t slot = context_.slab.allocate(bytes);
  if (slot == Slab::kNone) return false;
  std::memcpy(context_.slab.data(slot), frame, bytes);
  request->place = slot;
  request->offset = context_.slab.offset(slot);
  return true;
}

// What comes after a framing error is never decoded; the replies before it still go out.
void TcpService::refuse(uint32_t index, FrameError error) {
  TcpConnection& connection = connections_[index];
  const bool too_large = error == FrameError::kTooLarge;
  context_.counters.add(too_large ? ServerCounter::kRejectedTooLarge : ServerCounter::kRejectedBadLength);
  end_partial(index);
  connection.closing = true;
  connection.close_reason = CloseReason::kProtocol;
}

void TcpService::after_input(uint32_t index) {
  TcpConnection& connection = connections_[index];
  if (!connection.open || connection.lingering) return;
  const bool waits_for_us = !connection.input.empty() && !connection.partial;
  if (!connection.closing && !waits_for_us) {
    if (connection.finished) {
      if (connection.partial) context_.counters.add(ServerCounter::kRejectedTruncated);
      connection.closing = true;
      connection.close_reason = CloseReason::kEof;
    } else if (draining_ && !connection.may_read) {
      connection.closing = true;
      connection.close_reason = CloseReason::kDrain;
    }
  }
  if (connection.closing) {
    drop_input(index);
    end_if_done(index);
  }
  if (!connection.open) return;
  // A reply to somebody else makes room: without a note nobody would come back here. One that is behind is listed by
  // its own replies.
  const bool has_more = connection.may_read || (!connection.input.empty() && !connection.partial);
  if (!connection.closing && !is_behind(connection) && has_more && server_is_full()) starve(index);
  arm(connection);
}

void TcpService::begin_partial(uint32_t index) {
  TcpConnection& connection = connections_[index];
  const double now_ms = context_.reactor.now_ms();
  if (connection.decoder.state() == DecoderState::kWantBody && connection.body_started_ms == 0) {
    connection.body_started_ms = now_ms;
  }
  if (connection.partial) return;
  connection.partial = true;
  if (!connection.fresh) connection.frame_started_ms = now_ms;
  connection.older_partial = newest_partial_;
  if (newest_partial_ != kNone) connections_[newest_partial_].newer_partial = index;
  newest_partial_ = index;
  if (oldest_partial_ == kNone) oldest_partial_ = index;
}

void TcpService::end_partial(uint32_t index) {
  TcpConnection& connection = connections_[index];
  connection.body_started_ms = 0;
  if (connection.partial) unlink_partial(index);
}

void TcpService::unlink_partial(uint32_t index) {
  TcpConnection& connection = connections_[index];
  connection.partial = false;
  uint32_t& newer_side =
      connection.newer_partial == kNone ? newest_partial_ : connections_[connection.newer_partial].older_partial;
  uint32_t& older_side =
      connection.older_partial == kNone ? oldest_partial_ : connections_[connection.older_partial].newer_partial;
  newer_side = connection.older_partial;
  older_side = connection.newer_partial;
  connection.older_partial = connection.newer_partial = kNone;
}

void TcpService::count_buffered(int64_t change) {
  buffered_bytes_ += static_cast<uint64_t>(change);
  context_.counters.set(ServerCounter::kBufferedBytes, static_cast<double>(buffered_bytes_));
  if (change > 0 && buffered_bytes_ > context_.config.max_buffered_bytes) shed();
}

uint64_t TcpService::enough_buffered() const { return context_.config.max_buffered_bytes / 10 * 9; }

// Too much memory in frames that do not come to an end: whoever began first and is still not done goes first.
void TcpService::shed() {
  while (buffered_bytes_ > enough_buffered() && oldest_partial_ != kNone)
    close(oldest_partial_, CloseReason::kShed, true);
}

// All of it waits for replies to make room: more would only wait with it.
bool TcpService::memory_is_full() const { return oldest_partial_ == kNone && buffered_bytes_ > enough_buffered(); }

void TcpService::drop_input(uint32_t index) {
  TcpConnection& connection = connections_[index];
  end_partial(index);
  count_buffered(-int64_t{connection.input.size()});
  connection.input.clear();
}

}  // namespace netvolley
