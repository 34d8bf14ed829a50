#include "engine/datagram_sender.h"

#include <algorithm>
#include <bit>

#include "engine/datagram_link.h"
#include "engine/send_errors.h"

namespace netvolley {

namespace {

constexpr uint32_t kMostInOneFlush = 4096;
constexpr uint32_t kMostIdleCalls = 1000;
constexpr double kLeastQueueDelayMs = 0.0625;
constexpr uint32_t kQueueDelays = 16;

uint32_t delay_bucket(double waited_ms) {
  if (waited_ms < kLeastQueueDelayMs) return 0;
  const double units = std::min(waited_ms / kLeastQueueDelayMs, 4e9);
  return std::min<uint32_t>(static_cast<uint32_t>(std::bit_width(static_cast<uint32_t>(units))), kQueueDelays - 1);
}

}  // namespace

DatagramSender::DatagramSender(DatagramContext& context)
    : context_(context), scheduler_(context.config.aging_ms), gso_(context.config.gso_max_segments) {
  flush_timer_.key = kFlushKey;
  retry_timer_.key = kRetryKey;
  offload_timer_.key = kOffloadKey;
  for (TimerNode* node : {&flush_timer_, &retry_timer_, &offload_timer_}) node->source = &context_.source;
  picks_.reserve(SendFormer::kMaxBatch);
  context_.counters.set(SocketCounter::kGsoMaxSegments, gso_.max_segments());
  configure();
}

DatagramSender::~DatagramSender() {
  for (TimerNode* node : {&flush_timer_, &retry_timer_, &offload_timer_}) disarm(*node);
}

void DatagramSender::configure() {
  const DatagramConfig& config = context_.config;
  former_.set_rules(config.batch_packets, config.gso_min_segments, config.gso_gather);
  scheduler_.set_aging(config.aging_ms);
}

void DatagramSender::reserve(uint32_t entries) {
  // Places of all links so far: what a class may hold at most.
  reserved_ += entries;
  scheduler_.reserve(reserved_);
}

void DatagramSender::push(const QueuedSend& send) {
  // An empty run is no datagram at all; an empty datagram is one.
  if (send.datagrams() == 0) return context_.links[send.link]->settle(send);
  pending_ += send.datagrams();
  scheduler_.push(send);
}

void DatagramSender::evict(uint32_t link, uint32_t below_class, uint32_t count) {
  QueuedSend send;
  while (count-- > 0 && scheduler_.evict(link, below_class, &send)) drop_one(send, Verdict::kEvicted, ENOBUFS);
}

void DatagramSender::cancel(uint32_t link, uint32_t token) {
  QueuedSend send;
  if (token != 0 && scheduler_.remove(link, token, &send)) drop_one(send, Verdict::kAborted, ECANCELED);
}

void DatagramSender::drop(uint32_t link, Verdict verdict, int error) {
  scheduler_.remove_all(link, [&](const QueuedSend& send) { drop_one(send, verdict, error); });
  if (link != SendScheduler::kAnyLink) return;
  for (TimerNode* node : {&flush_timer_, &retry_timer_, &offload_timer_}) disarm(*node);
  triggered_ = flush_requested_ = false;
}

void DatagramSender::set_connected(bool connected, bool error_queue) {
  connected_ = connected;
  error_queue_ = error_queue;
}

void DatagramSender::on_deadline(uint32_t key) {
  // kFlushKey: flush() looks at the clock. kRetryKey: no longer armed, so flush() tries again.
  if (key == kOffloadKey) gso_.retry();
}

bool DatagramSender::is_due(double now_ms) const {
  const DatagramConfig& config = context_.config;
  return triggered_ || flush_requested_ || config.flush_ms <= 0 || pending_ >= config.batch_packets ||
         scheduler_.size(kSendClasses - 1) != 0 || scheduler_.oldest_ms() + config.flush_ms <= now_ms;
}

bool DatagramSender::has_work() const {
  return !scheduler_.empty() && may_write_ && fatal_ == 0 && context_.fd.get() >= 0 && !retry_timer_.armed() &&
         is_due(context_.reactor.now_ms());
}

void DatagramSender::flush() {
  const double now_ms = context_.reactor.now_ms();
  if (fatal_ != 0 || context_.fd.get() < 0) return;
  if (!scheduler_.empty() && is_due(now_ms)) {
    triggered_ = true;
    dealt_with_ = idle_calls_ = 0;
    while (!scheduler_.empty() && may_write_ && !retry_timer_.armed() && fatal_ == 0 && !is_turn_over()) {
      if (error_queue_) drain_error_queue();
      take_batch(now_ms);
      if (!picks_.empty()) send_batch(now_ms);
    }
  }
  tell_gso_change(now_ms);
  if (scheduler_.empty()) {
    triggered_ = flush_requested_ = false;
    disarm(flush_timer_);
  } else if (!triggered_) {
    arm(flush_timer_, scheduler_.oldest_ms() + context_.config.flush_ms);
  }
}

bool DatagramSender::is_turn_over() const { return dealt_with_ >= kMostInOneFlush || idle_calls_ > kMostIdleCalls; }

void DatagramSender::arm(TimerNode& node, double at_ms) {
  if (node.armed() && node.deadline_ms == at_ms) return;
  disarm(node);
  context_.reactor.alarms().arm(node, at_ms);
}

void DatagramSender::disarm(TimerNode& node) {
  if (node.armed()) context_.reactor.alarms().disarm(node);
}

// At most a batch of datagrams, in the order of leaving. A run that is longer than the rest of the batch comes alone.
void DatagramSender::take_batch(double now_ms) {
  picks_.clear();
  cursor_ = plain_until_ = SendCursor();
  uint32_t datagrams = 0;
  while (QueuedSend* next = scheduler_.next(now_ms)) {
    if (next->expires_at_ms != 0 && next->expires_at_ms <= now_ms) {
      scheduler_.pop();
      drop_one(*next, Verdict::kExpired, ETIME);  // what was popped last still lies there
      continue;
    }
    const uint32_t more = next->datagrams();
    if (!picks_.empty() && datagrams + more > former_.batch()) break;
    picks_.push_back(*next);
    scheduler_.pop();
    datagrams += more;
    if (datagrams >= former_.batch()) break;
  }
  former_.arrange(picks_.data(), static_cast<uint32_t>(picks_.size()));
}

void DatagramSender::put_back() {
  const auto first = picks_.begin() + cursor_.pick;
  // Gathering has changed the order; here each gets its own place again.
  if (former_.gathers()) {
    std::sort(first, picks_.end(), [](const auto& a, const auto& b) { return a.sequence < b.sequence; });
  }
  for (auto pick = picks_.end(); pick != first;) scheduler_.put_back(*--pick);
  picks_.clear();
  cursor_ = SendCursor();
}

void DatagramSender::count(const QueuedSend& send, Verdict verdict, uint32_t datagrams, uint32_t bytes) {
  pending_ -= datagrams;
  dealt_with_ += datagrams;
  context_.links[send.link]->count(send, verdict, datagrams, bytes);
}

// The rest of it, without the kernel.
void DatagramSender::drop_one(QueuedSend send, Verdict verdict, int error) {
  count(send, verdict, send.datagrams(), send.bytes - send.done);
  if (verdict == Verdict::kFailed) report_failed(send, error, send.bytes - send.done, 0);
  if (send.error == 0) send.error = error;
  context_.links[send.link]->settle(send);
}

// Moves the cursor behind the message at it.
void DatagramSender::settle_message(const SendMessage& message, Verdict verdict, int error, uint32_t mtu_bytes) {
  for (uint32_t i = message.first; i < message.first + message.picks; ++i) {
    QueuedSend& pick = picks_[i];
    const bool is_run = pick.segment_bytes != 0;
    const uint32_t bytes = is_run ? message.bytes : pick.bytes;
    const uint32_t datagrams = is_run ? message.datagrams : 1;
    count(pick, verdict, datagrams, bytes);
    pick.done += bytes;
    pick.repeated = false;
    if (verdict == Verdict::kFailed) report_failed(pick, error, bytes, mtu_bytes);
    if (pick.error == 0) pick.error = error;
    if (verdict == Verdict::kSent) count_delay(pick, datagrams);
    const bool over = pick.done >= pick.bytes;
    cursor_ = over ? SendCursor{i + 1, 0} : SendCursor{i, pick.done};
    if (over) context_.links[pick.link]->settle(pick);
  }
}

void DatagramSender::count_delay(const QueuedSend& send, uint32_t datagrams) {
  const uint32_t bucket = delay_bucket(context_.reactor.now_ms() - send.queued_ms);
  context_.counters.add_at(SocketCounter::kQueueDelay0, bucket, datagrams);
}

// Whoever waits for it is told by its token.
void DatagramSender::report_failed(const QueuedSend& send, int error, uint32_t bytes, uint32_t mtu_bytes) {
  context_.counters.add_at(SocketCounter::kErrors0, error_cell(error));
  if (send.token != 0) return;
  DatagramEvent event;
  event.kind = kEventSendFailed;
  event.error = error;
  event.bytes = bytes;
  event.mtu_bytes = mtu_bytes;
  event.to = send.to;
  context_.links[send.link]->report(event);
}

void DatagramSender::tell_gso_change(double now_ms) {
  int error = 0;
  if (!gso_.take_change(&error)) return;
  CounterBook<SocketCounter>& counters = context_.counters;
  counters.set(SocketCounter::kGsoMaxSegments, gso_.max_segments());
  counters.set(SocketCounter::kCapabilityErrno, error);
  counters.add(SocketCounter::kCapabilityChanges);
  for (const auto& link : context_.links) {
    if (link != nullptr) link->notify();
  }
  if (error != 0 && context_.config.gso_retry_ms > 0) arm(offload_timer_, now_ms + context_.config.gso_retry_ms);
}

}  // namespace netvolley
