#include "engine/udp_service.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "memory/batch_layout.h"
#include "wire/frame_decoder.h"

namespace netvolley {

namespace {

constexpr uint32_t kBatch = 64;
constexpr uint32_t kFirstBatch = 8;
constexpr uint32_t kPerTurn = 1024;
constexpr uint32_t kMaxDatagram = 65535;
constexpr uint32_t kMaxErrorsInARow = 16;
constexpr uint32_t kMaxUnsent = 1024;
constexpr double kRetryMs = 1;
constexpr double kDropsEveryMs = 1000;
constexpr double kDrainReadMs = 100;  // senders who never stop do not hold the drain up

}  // namespace

UdpService::UdpService(ServerContext& context)
    : context_(context),
      batch_(kFirstBatch),
      peers_(context.peers + uint64_t{context.config.max_connections} * kPeerBytes, context.config.udp_peers),
      vectors_(kBatch),
      slots_(kBatch, Slab::kNone),
      queue_(kMaxUnsent) {
  gathered_.reserve(context.config.max_udp_in_flight);
  retry_timer_.source = &context.source;
  retry_timer_.key = kDatagramKey;
}

int UdpService::open(int fd) {
  int error = 0;
  registration_ = context_.reactor.watch(fd, context_.source, kDatagramKey, kReadable | kOnce, &error);
  if (registration_ == Reactor::kNone) {
    context_.reactor.system().datagrams.close(fd);
    return error;
  }
  fd_ = fd;
  may_read_ = true;
  // Touched only where datagrams are longer than a small slot: untouched pages cost nothing.
  const uint32_t small = context_.slab.smallest_slot_bytes();
  const uint32_t overflow = kMaxDatagram > small ? kMaxDatagram - small : 0;
  overflow_.reset(new uint8_t[uint64_t{overflow} * kBatch]);
  for (uint32_t i = 0; i < kBatch; ++i) {
    vectors_[i].overflow = overflow_.get() + uint64_t{overflow} * i;
    vectors_[i].overflow_capacity = overflow;
  }
  return 0;
}

void UdpService::on_ready(uint8_t ready) {
  if (fd_ < 0) return;
  if ((ready & kWritable) != 0) may_write_ = true;
  if (may_write_ && !queue_.empty()) retry();
  if ((ready & kReadable) == 0) return;
  may_read_ = true;
  if (reads()) receive();
}

void UdpService::advance() {
  if (fd_ < 0) return;
  if (may_read_ && reads()) receive();
  if (context_.reactor.now_ms() - drops_read_ms_ > kDropsEveryMs) read_drops();
  settle_drain();
}

uint32_t UdpService::room() const {
  return std::min(context_.config.max_udp_in_flight - in_flight_, context_.dispatch.room());
}

void UdpService::receive() {
  DatagramIo& datagrams = context_.reactor.system().datagrams;
  uint32_t errors = 0;
  for (uint32_t total = 0; total < kPerTurn && fd_ >= 0 && room() > 0;) {
    const uint32_t count = prepare(std::min(batch_, room()));
    if (count == 0) {
      starved_ = true;  // until a slot comes back the kernel's buffer holds the rest
      return;
    }
    context_.reactor.counters().add(EngineCounter::kReceiveCalls);
    const IoResult result = datagrams.receive(fd_, vectors_.data(), count, false);
    if (result.interrupted()) continue;
    if (!result.ok() && !result.would_block()) {
      // Reports of earlier replies that did not arrive; the datagrams behind them are still to be read.
      context_.counters.add(ServerCounter::kReceiveErrors);
      if (++errors < kMaxErrorsInARow) continue;
      return;
    }
    const uint32_t got = static_cast<uint32_t>(result.count);
    for (uint32_t i = 0; i < got; ++i) accept_datagram(vectors_[i], slots_[i]);
    total += got;
    errors = 0;
    if (got < count) {
      // A short batch has emptied the socket: the call that would say so is saved.
      batch_ = std::clamp(std::bit_ceil(std::max(total, 1u)), kFirstBatch, kBatch);
      may_read_ = false;
      return context_.reactor.rearm(registration_, kReadable);
    }
    if (got == batch_) batch_ = std::min(batch_ * 2, kBatch);
  }
}

uint32_t UdpService::prepare(uint32_t wanted) {
  for (uint32_t i = 0; i < wanted; ++i) {
    if (slots_[i] == Slab::kNone) slots_[i] = context_.slab.allocate(1);
    if (slots_[i] == Slab::kNone) return i;
    vectors_[i].data = context_.slab.data(slots_[i]);
    vectors_[i].capacity = context_.slab.smallest_slot_bytes();
  }
  return wanted;
}

void UdpService::accept_datagram(ReceiveVector& vector, uint32_t& slot) {
  CounterPage& counters = context_.counters;
  counters.add(ServerCounter::kDatagramsIn);
  counters.add(ServerCounter::kBytesIn, vector.bytes);
  if (vector.from.port() == 0) return counters.add(ServerCounter::kDroppedShort);  // nobody could be answered
  if (vector.truncated || vector.bytes > context_.config.udp_payload_bytes) {
    return counters.add(ServerCounter::kDroppedTruncated);
  }
  NewRequest request;
  if (!cut(vector, &request)) return;
  if (!place(vector, &slot)) return counters.add(ServerCounter::kDroppedOverload);
  const uint32_t peer = peers_.intern(vector.from);
  if (peer == PeerTable::kNone) return counters.add(ServerCounter::kDroppedOverload);
  peers_.pin(peer);
  request.origin.place = slot;
  request.origin.offset = context_.slab.offset(slot);
  request.origin.connection = Dispatch::kDatagram;
  request.origin.peer = peer;
  request.peer_id = context_.config.max_connections + peer;
  request.flags = kRequestUdp;
  context_.dispatch.open(request, context_.reactor.now_ms());
  slot = Slab::kNone;
  ++in_flight_;
}

// A datagram that went over the end of its small slot is joined in a larger one.
bool UdpService::place(const ReceiveVector& vector, uint32_t* slot) {
  if (vector.bytes <= vector.capacity) return true;
  const uint32_t larger = context_.slab.allocate(vector.bytes);
  if (larger == Slab::kNone) return false;
  uint8_t* to = context_.slab.data(larger);
  std::memcpy(to, vector.data, vector.capacity);
  std::memcpy(to + vector.capacity, vector.overflow, vector.bytes - vector.capacity);
  context_.slab.release(*slot);
  *slot = larger;
  return true;
}

bool UdpService::cut(const ReceiveVector& vector, NewRequest* request) {
  request->origin.frame_bytes = vector.bytes;
  const ServerConfig& config = context_.config;
  CounterPage& counters = context_.counters;
  if (!config.datagram_framed) {
    if (vector.bytes <= config.framing.max_body_bytes) return true;
    counters.add(ServerCounter::kRejectedTooLarge);
    return false;
  }
  if (vector.bytes < config.framing.prefix.header_bytes()) {
    counters.add(ServerCounter::kDroppedShort);
    return false;
  }
  FrameDecoder decoder;
  const FrameStep step = decoder.next(config.framing, vector.data, vector.bytes);
  if (step.kind == FrameStep::Kind::kFrame) {
    counters.add(ServerCounter::kFramesOk);
    request->header_bytes = step.header_bytes;
    request->origin.frame_bytes = step.frame_bytes();  // bytes behind the frame are ignored
    return true;
  }
  counters.add(step.kind == FrameStep::Kind::kMore   ? ServerCounter::kDroppedTruncated
               : step.error == FrameError::kTooLarge ? ServerCounter::kRejectedTooLarge
                                                     : ServerCounter::kRejectedBadLength);
  return false;
}

void UdpService::reply(const InFlight& request, const Reply& reply, const uint8_t* bytes) {
  if ((reply.flags & (kReplyNone | kReplyFailed)) != 0) return;
  gathered_.push_back({bytes, reply.bytes, &peers_.address(request.peer)});
}

void UdpService::release(const InFlight& request) {
  peers_.unpin(request.peer);
  --in_flight_;
}

void UdpService::flush() {
  if (gathered_.empty()) return;
  if (fd_ >= 0 && may_write_ && queue_.empty()) {
    keep_unsent(send(gathered_.data(), static_cast<uint32_t>(gathered_.size())));
  } else {
    keep_unsent(0);
  }
  gathered_.clear();
}

// Gives how many datagrams are dealt with: sent, or failed each by itself. Fewer than `count` = the kernel is full.
uint32_t UdpService::send(const SendVector* vectors, uint32_t count) {
  DatagramIo& datagrams = context_.reactor.system().datagrams;
  uint32_t done = 0;
  while (done < count) {
    context_.reactor.counters().add(EngineCounter::kSendCalls);
    const IoResult result = datagrams.send(fd_, vectors + done, std::min(count - done, datagrams.max_batch()));
    if (result.ok()) {
      context_.counters.add(ServerCounter::kDatagramsOut, static_cast<double>(result.count));
      for (uint32_t i = 0; i < result.count; ++i) {
        context_.counters.add(ServerCounter::kBytesOut, vectors[done + i].bytes);
      }
      done += static_cast<uint32_t>(result.count);
      continue;
    }
    if (result.interrupted()) continue;
    if (result.would_block()) {
      may_write_ = false;
      context_.reactor.rearm(registration_, kWritable);
      return done;
    }
    // A full device queue: the socket polls writable all the same, so only time helps.
    if (result.error == ENOBUFS || result.error == ENOMEM) {
      context_.reactor.timers().arm(retry_timer_, context_.reactor.now_ms() + kRetryMs);
      return done;
    }
    context_.counters.add(ServerCounter::kSendErrors);
    ++done;
  }
  return done;
}

void UdpService::keep_unsent(size_t first) {
  for (size_t i = first; i < gathered_.size(); ++i) {
    const SendVector& vector = gathered_[i];
    if (fd_ < 0 || !queue_.push(*vector.to, vector.data, vector.bytes))
      context_.counters.add(ServerCounter::kDroppedSend);
  }
}

void UdpService::retry() {
  if (fd_ < 0) return;
  while (!queue_.empty()) {
    const uint32_t count = std::min(queue_.size(), kBatch);
    resend_.clear();
    for (uint32_t i = 0; i < count; ++i) {
      const SendQueue::Datagram& datagram = queue_[i];
      resend_.push_back({datagram.bytes.data(), static_cast<uint32_t>(datagram.bytes.size()), &datagram.to});
    }
    const uint32_t done = send(resend_.data(), count);
    queue_.pop(done);
    if (done < count) return;
  }
}

void UdpService::read_drops() {
  drops_read_ms_ = context_.reactor.now_ms();
  context_.counters.set(ServerCounter::kDroppedKernel, context_.reactor.system().datagrams.kernel_drops(fd_));
}

void UdpService::drain() {
  draining_ = true;
  read_until_ms_ = context_.reactor.now_ms() + kDrainReadMs;
  // An event that has not been seen yet may be in this very turn's batch, behind the command that drains.
  may_read_ = true;
}

void UdpService::settle_drain() {
  if (!draining_ || fd_ < 0) return;
  if (!may_read_ || context_.reactor.now_ms() >= read_until_ms_) stopped_ = true;
  if (drained()) close();
}

void UdpService::close() {
  if (fd_ < 0) return;
  context_.reactor.timers().disarm(retry_timer_);
  read_drops();
  context_.counters.add(ServerCounter::kDroppedSend, queue_.size());
  context_.reactor.unwatch(registration_);
  context_.reactor.system().datagrams.close(fd_);
  fd_ = -1;
  for (uint32_t& slot : slots_) {
    if (slot != Slab::kNone) context_.slab.release(slot);
    slot = Slab::kNone;
  }
}

}  // namespace netvolley
