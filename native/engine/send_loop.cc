#include <algorithm>
#include <bit>

#include "engine/datagram_link.h"
#include "engine/datagram_sender.h"
#include "engine/send_errors.h"

// The sender's talk with the kernel: one call after the other until a batch is settled, and what each errno means.
namespace netvolley {

namespace {

constexpr double kFirstRetryMs = 0.05;
constexpr double kLastRetryMs = 1;
constexpr double kStuckMs = 100;
constexpr uint32_t kMostQueuedErrors = 256;
constexpr uint8_t kOriginLocal = 1;
constexpr uint32_t kBatchBuckets = 8;
constexpr uint32_t kFullBucket = 64;

// 1, 2-3, 4-7, 8-15, 16-31, 32-63, 64, above
uint32_t batch_bucket(uint32_t datagrams) {
  if (datagrams > kFullBucket) return kBatchBuckets - 1;
  return static_cast<uint32_t>(std::bit_width(datagrams)) - 1;
}

}  // namespace

void DatagramSender::send_batch(double now_ms) {
  const uint32_t count = static_cast<uint32_t>(picks_.size());
  while (cursor_.pick < count && !is_turn_over()) {
    const uint32_t messages = former_.form(picks_.data(), count, cursor_, plain_until_, gso_, now_ms);
    if (send_formed(messages, now_ms) == Step::kStop) break;
  }
  put_back();
}

// kForm = the cursor stands where the next messages begin.
DatagramSender::Step DatagramSender::send_formed(uint32_t messages, double now_ms) {
  DatagramIo& io = context_.reactor.system().datagrams;
  for (uint32_t i = 0; i < messages;) {
    if (is_turn_over()) return Step::kStop;
    const uint32_t offered = std::min(messages - i, io.max_batch());
    const IoResult result = io.send(context_.fd.get(), former_.vectors() + i, offered);
    ++idle_calls_;
    context_.counters.add(SocketCounter::kSendCalls);
    context_.reactor.counters().add(EngineCounter::kSendCalls);
    if (result.ok() && result.count > 0) {
      const uint32_t sent = static_cast<uint32_t>(result.count);
      count_sent(former_.messages() + i, sent, offered);
      i += sent;
      // A short count is not a full socket: the next call tells what is the matter with the next message.
      continue;
    }
    const Step step = refused(former_.messages()[i], result.ok() ? EAGAIN : result.error, now_ms);
    if (step == Step::kNext) ++i;
    if (step == Step::kForm || step == Step::kStop) return step;
  }
  return Step::kForm;
}

void DatagramSender::count_sent(const SendMessage* messages, uint32_t sent, uint32_t offered) {
  CounterBook<SocketCounter>& counters = context_.counters;
  uint32_t datagrams = 0;
  for (uint32_t i = 0; i < sent; ++i) {
    datagrams += messages[i].datagrams;
    if (messages[i].segment_bytes != 0) {
      counters.add(SocketCounter::kGsoSends);
      counters.add(SocketCounter::kGsoSegments, messages[i].datagrams);
      gso_.worked();
    }
    settle_message(messages[i], Verdict::kSent, 0, 0);
  }
  counters.add(SocketCounter::kBatchesSent);
  counters.add_at(SocketCounter::kSendBatch0, batch_bucket(datagrams));
  if (sent < offered) counters.add(SocketCounter::kPartialSends);
  idle_calls_ = 0;
  retry_ms_ = 0;
  stuck_since_ms_ = -1;
}

DatagramSender::Step DatagramSender::refused(const SendMessage& message, int error, double now_ms) {
  const bool is_gso = message.segment_bytes != 0;
  switch (send_rule(error, is_gso)) {
    case SendRule::kAgain:
      context_.counters.add(SocketCounter::kRetries);
      return Step::kSame;
    case SendRule::kWait:
      context_.counters.add(SocketCounter::kWouldBlock);
      may_write_ = false;
      context_.reactor.rearm(context_.registration, kWritable);
      return Step::kStop;
    case SendRule::kLater:
      return wait_for_buffers(message, error);
    case SendRule::kSplit:
      gso_.failed(error, picks_[message.first].to, message.segment_bytes, known_mtu(), now_ms);
      context_.counters.add(SocketCounter::kGsoFallbacks);
      return split(message);
    case SendRule::kTooLarge:
      return fail(message, error, known_mtu());
    case SendRule::kMaybeEarlier:
      return repeat_or_fail(message, error);
    case SendRule::kFail:
      return fail(message, error, 0);
    case SendRule::kFatal:
      break;
  }
  fatal_ = error;
  put_back();
  drop(SendScheduler::kAnyLink, Verdict::kFailed, error);
  return Step::kStop;
}

DatagramSender::Step DatagramSender::wait_for_buffers(const SendMessage& message, int error) {
  // The clock itself: the turn may have begun longer ago than the shortest wait.
  const double now_ms = context_.reactor.system().clock.now_ms();
  context_.counters.add(SocketCounter::kNoBuffers);
  retry_ms_ = retry_ms_ == 0 ? kFirstRetryMs : std::min(retry_ms_ * 2, kLastRetryMs);
  if (stuck_since_ms_ < 0) stuck_since_ms_ = now_ms;
  if (now_ms - stuck_since_ms_ >= kStuckMs) {
    stuck_since_ms_ = now_ms;
    settle_message(head_of(message), Verdict::kFailed, error, 0);
  }
  arm(retry_timer_, now_ms + retry_ms_);
  return Step::kStop;
}

// Its first datagram alone.
SendMessage DatagramSender::head_of(const SendMessage& message) const {
  const QueuedSend& pick = picks_[message.first];
  const uint32_t size = pick.segment_bytes;
  return {message.first, 1, 1, size == 0 ? pick.bytes : std::min(pick.bytes - pick.done, size), 0};
}

// The same bytes as plain datagrams, each with its own verdict. Nothing of the message was sent.
DatagramSender::Step DatagramSender::split(const SendMessage& message) {
  const QueuedSend& last = picks_[message.first + message.picks - 1];
  plain_until_ = last.segment_bytes != 0 ? SendCursor{message.first, last.done + message.bytes}
                                         : SendCursor{message.first + message.picks, 0};
  return Step::kForm;
}

// On a connected socket, or with the error queue, an errno may tell of a datagram that left long ago.
DatagramSender::Step DatagramSender::repeat_or_fail(const SendMessage& message, int error) {
  QueuedSend& first = picks_[message.first];
  if ((!connected_ && !error_queue_) || first.repeated) return fail(message, error, 0);
  first.repeated = true;
  context_.counters.add(SocketCounter::kRetries);
  if (error_queue_) {
    drain_error_queue();
  } else {
    DatagramEvent event;
    event.kind = kEventPeerError;
    event.error = error;
    report_peer_error(event);
  }
  return Step::kSame;
}

DatagramSender::Step DatagramSender::fail(const SendMessage& message, int error, uint32_t mtu_bytes) {
  // Which of its datagrams is meant shows when each goes by itself.
  if (message.segment_bytes != 0) return split(message);
  settle_message(message, Verdict::kFailed, error, mtu_bytes);
  idle_calls_ = 0;
  return Step::kNext;
}

uint32_t DatagramSender::known_mtu() {
  if (connected_) return context_.reactor.system().datagrams.path_mtu(context_.fd.get());
  local_mtu_ = 0;
  if (error_queue_) drain_error_queue();
  return local_mtu_;
}

void DatagramSender::on_hangup() {
  if (!error_queue_ || drain_error_queue() != 0) return;
  // Where the receive buffer is full the queue takes none: then it stands at the socket, and a poller that tells levels
  // would tell of it for ever.
  DatagramEvent event;
  event.kind = kEventPeerError;
  event.error = context_.reactor.system().datagrams.take_error(context_.fd.get());
  if (event.error != 0) report_peer_error(event);
}

// Gives how many there were.
uint32_t DatagramSender::drain_error_queue() {
  DatagramIo& io = context_.reactor.system().datagrams;
  uint32_t taken = 0;
  // Bounded: who sends us errors without end does not keep the turn.
  for (uint32_t i = 0; i < kMostQueuedErrors; ++i) {
    QueuedError queued;
    const IoResult result = io.read_error(context_.fd.get(), &queued);
    if (result.interrupted()) continue;
    if (!result.ok()) break;
    ++taken;
    if (queued.origin == kOriginLocal) {
      // What the own system refused is the verdict of that very datagram; only the MTU is news.
      local_mtu_ = queued.mtu_bytes;
      continue;
    }
    DatagramEvent event;
    event.kind = kEventPeerError;
    event.error = queued.error;
    event.origin = queued.origin;
    event.type = queued.type;
    event.code = queued.code;
    event.mtu_bytes = queued.mtu_bytes;
    event.to = &queued.to;
    event.offender = queued.offender.size() == 0 ? nullptr : &queued.offender;
    report_peer_error(event);
  }
  return taken;
}

// No link is more concerned than another: whose datagram it was nobody knows any more.
void DatagramSender::report_peer_error(const DatagramEvent& event) {
  context_.counters.add(SocketCounter::kPeerErrors);
  context_.counters.add_at(SocketCounter::kErrors0, error_cell(event.error));
  for (const auto& link : context_.links) {
    if (link != nullptr) link->report(event);
  }
}

}  // namespace netvolley
