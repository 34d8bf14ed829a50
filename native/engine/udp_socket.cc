#include "engine/udp_socket.h"

#include <algorithm>

namespace netvolley {

namespace {

// The kernel's counter of drops has 32 bits: looked at often enough it never goes round unseen.
constexpr double kDropsEveryMs = 1000;

double* counter_page(uint8_t* page) { return reinterpret_cast<double*>(page + kWordBytes); }

uint32_t* generations(uint8_t* page) {
  return reinterpret_cast<uint32_t*>(page + kWordBytes + uint64_t{kSocketCounterCells} * 8);
}

}  // namespace

UdpSocket::UdpSocket(Reactor& reactor, const DatagramConfig& config, const DatagramSocketMemory& memory)
    : config_(config),
      fd_(reactor.system().datagrams),
      counters_(SharedWord(reinterpret_cast<uint32_t*>(memory.page)), counter_page(memory.page)),
      slots_(memory.slab, config.slab, generations(memory.page), config.poison),
      peers_(memory.peers, config.max_peers),
      context_{reactor, *this, config_, fd_, registration_, slots_, peers_, links_, counters_},
      receiver_(context_),
      sender_(context_),
      error_queue_(config.icmp_errors == IcmpErrors::kOn) {
  counters_.set(SocketCounter::kGsoMaxSegments, config.gso_max_segments);
}

void UdpSocket::set_state(SocketState state) {
  state_ = state;
  counters_.set(SocketCounter::kState, static_cast<uint32_t>(state));
  for (const auto& link : links_) {
    if (link != nullptr) link->notify();
  }
}

// --- Control

void UdpSocket::add_link(const DatagramLink::Parts& parts) {
  links_.push_back(std::make_unique<DatagramLink>(static_cast<uint32_t>(links_.size()), parts, context_));
  DatagramLink& link = *links_.back();
  link.set_connected_family(connected_ ? remote_.family() : Family::kNone);
  sender_.reserve(parts.sizes.send_entries);
  receiver_.set_links();
  // Whoever comes late learns from the word that there is nothing any more.
  if (finished()) retire_link(link.index());
}

int UdpSocket::start() {
  int error = 0;
  registration_ = context_.reactor.watch(fd_.get(), *this, kSocketKey, kReadable | kOnce, &error);
  if (registration_ == Reactor::kNone) {
    fail(error);
    return error;
  }
  set_state(SocketState::kOpen);
  apply_connected();
  return 0;
}

void UdpSocket::set_reading(bool on) { receiver_.set_reading(on); }

void UdpSocket::set(HotOption option, double value) {
  if (option == HotOption::kBatchPackets) config_.batch_packets = static_cast<uint32_t>(value);
  if (option == HotOption::kFlushMs) config_.flush_ms = value;
  if (option == HotOption::kAgingMs) config_.aging_ms = value;
  sender_.configure();
}

void UdpSocket::address_queued() {
  if (finished() || !connected_) return;
  collect();
  if (sender_.empty()) return former_remotes_.clear();
  former_remotes_.push_back(remote_);
  sender_.address_queued(former_remotes_.back());
}

void UdpSocket::set_connected(const Address* remote, bool error_queue) {
  connected_ = remote != nullptr;
  remote_ = connected_ ? *remote : Address();
  error_queue_ = error_queue;
  apply_connected();
}

void UdpSocket::apply_connected() {
  receiver_.set_connected(connected_ ? &remote_ : nullptr, error_queue_);
  sender_.set_connected(connected_, error_queue_);
  watch_errors();
  for (const auto& link : links_) {
    if (link != nullptr) link->set_connected_family(connected_ ? remote_.family() : Family::kNone);
  }
}

// Whoever only sends reads nothing, and hears of his peers all the same.
void UdpSocket::watch_errors() {
  if (error_queue_ && registration_ != Reactor::kNone) context_.reactor.rearm(registration_, kTrouble);
}

// What was published before the call is taken first: else it would be sent after all.
void UdpSocket::cancel(uint32_t link, uint32_t token) {
  if (finished() || link >= links_.size() || links_[link] == nullptr) return;
  collect_link(*links_[link]);
  sender_.cancel(link, token);
}

void UdpSocket::end_link(uint32_t link, bool flush_first) {
  if (finished() || link >= links_.size() || links_[link] == nullptr) return;
  collect_link(*links_[link]);
  if (!flush_first || links_[link]->pending() == 0) return retire_link(link);
  if (std::find(ending_.begin(), ending_.end(), link) == ending_.end()) ending_.push_back(link);
}

void UdpSocket::end_drained_links() {
  for (size_t i = ending_.size(); i-- > 0;) {
    const uint32_t link = ending_[i];
    if (links_[link] == nullptr || links_[link]->pending() == 0) retire_link(link);
  }
}

void UdpSocket::retire_link(uint32_t link) {
  ending_.erase(std::remove(ending_.begin(), ending_.end(), link), ending_.end());
  if (links_[link] == nullptr) return;
  sender_.drop(link, Verdict::kClosed, ECANCELED);
  links_[link]->release_all();
  links_[link]->publish();
  links_[link]->retire();
  links_[link].reset();
  receiver_.set_links();
  receiver_.on_released();
}

void UdpSocket::close() {
  if (state_ == SocketState::kClosing || finished()) return;
  set_state(SocketState::kClosing);
  receiver_.close();
}

void UdpSocket::abort() {
  if (finished()) return;
  collect();
  sender_.drop(SendScheduler::kAnyLink, Verdict::kClosed, ECANCELED);
  finish();
}

void UdpSocket::fail(int error) {
  if (finished()) return;
  collect();
  sender_.drop(SendScheduler::kAnyLink, Verdict::kFailed, error);
  counters_.set(SocketCounter::kCloseErrno, error);
  finish();
}

// The slots stay as they are: their memory is JavaScript's from now on, which may still read them.
void UdpSocket::finish() {
  receiver_.close();
  if (registration_ != Reactor::kNone) context_.reactor.unwatch(registration_);
  registration_ = Reactor::kNone;
  fd_.close();
  set_state(SocketState::kClosed);
  publish_levels();
  // The owner's comes last: once he knows, he lets the memory of all of them go.
  for (size_t i = links_.size(); i-- > 0;) {
    if (links_[i] == nullptr) continue;
    links_[i]->publish();
    links_[i]->retire();
    links_[i].reset();
  }
  receiver_.set_links();
}

// --- A turn

void UdpSocket::collect() {
  if (finished()) return;
  for (const auto& link : links_) {
    if (link != nullptr) collect_link(*link);
  }
}

// Sends before releases: a slot that is replied in place is held by its send before its entry lets go of it.
void UdpSocket::collect_link(DatagramLink& link) {
  const uint32_t free_slots = slots_.free_slots();
  link.begin_collect();
  QueuedSend send;
  while (link.take(context_.reactor.now_ms(), &send)) sender_.push(send);
  for (uint32_t below = 1; below < kSendClasses; ++below) {
    const uint32_t evictions = link.take_evictions(below);
    if (evictions != 0) sender_.evict(link.index(), below, evictions);
  }
  if (link.take_flushes() != 0) sender_.request_flush();
  // What was evicted may have been sent in place.
  if (link.finish_collect() || slots_.free_slots() != free_slots) receiver_.on_released();
}

void UdpSocket::on_ready(uint32_t, uint8_t ready, bool hangup) {
  if (finished()) return;
  if (hangup) {
    sender_.on_hangup();
    watch_errors();
  }
  if ((ready & kWritable) != 0) sender_.on_writable();
  if ((ready & kReadable) != 0) receiver_.on_readable();
}

void UdpSocket::on_deadline(uint32_t key) {
  if (!finished()) sender_.on_deadline(key);
}

void UdpSocket::advance() {
  if (finished()) return;
  receiver_.advance();
  const double now_ms = context_.reactor.now_ms();
  if (now_ms - drops_read_ms_ < kDropsEveryMs) return;
  drops_read_ms_ = now_ms;
  fd_.drops();
}

void UdpSocket::publish() {
  if (finished()) return;
  if (state_ == SocketState::kClosing || !ending_.empty()) sender_.request_flush();
  const uint32_t free_slots = slots_.free_slots();
  sender_.flush();
  // Slots that were sent in place have come back.
  if (slots_.free_slots() != free_slots) receiver_.on_released();
  if (const int error = broken(); error != 0) return fail(error);
  end_drained_links();
  if (state_ == SocketState::kClosing && sender_.empty()) return finish();
  publish_levels();
  for (const auto& link : links_) {
    if (link != nullptr) link->publish();
  }
}

int UdpSocket::broken() const { return sender_.fatal_error() != 0 ? sender_.fatal_error() : receiver_.fatal_error(); }

// The links' counters are of the same moment: what was received is in a ring, or was dropped. Nobody is rung meanwhile:
// who hears the bell may read them.
void UdpSocket::publish_levels() {
  counters_.set(SocketCounter::kSlots, slots_.slots());
  counters_.set(SocketCounter::kSlotsFree, slots_.free_slots());
  counters_.set(SocketCounter::kSlotsReading, slots_.reading());
  counters_.set(SocketCounter::kSlotsHeld, slots_.held());
  counters_.set(SocketCounter::kLargeSlotsFree, slots_.large_free());
  counters_.set(SocketCounter::kPeers, peers_.used());
  counters_.set(SocketCounter::kPeersEvicted, static_cast<double>(peers_.evicted()));
  counters_.begin();
  for (const auto& link : links_) {
    if (link != nullptr) link->publish_counters();
  }
  counters_.end();
}

bool UdpSocket::has_work() {
  if (finished()) return true;  // to be forgotten
  for (const auto& link : links_) {
    if (link == nullptr) continue;
    if (link->has_sends() || (link->stalled() && link->has_released())) return true;
  }
  if (state_ == SocketState::kClosing && sender_.empty()) return true;
  return broken() != 0 || receiver_.has_work() || sender_.has_work();
}

}  // namespace netvolley
