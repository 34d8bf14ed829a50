#include "udp_load.h"

#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>

#include "sockets.h"

namespace netvolley::bench {
namespace {

constexpr int kMaxEvents = 64;
constexpr int kPhaseCheckMs = 20;
constexpr int64_t kLostAfterNs = 1'000'000'000;
constexpr int64_t kLostCheckNs = 50'000'000;

}  // namespace

UdpLoad UdpLoad::from(Options& options, DatagramProtocol& protocol) {
  const auto port = static_cast<uint16_t>(options.required_number("port", 1, 65535));
  const size_t outstanding = options.number("outstanding", 64, 1, 4096);
  const size_t sockets = options.number("sockets", 1, 1, outstanding);
  return {protocol, MeasuredWindow::from(options), port, outstanding, sockets};
}

UdpLoad::UdpLoad(DatagramProtocol& protocol, const MeasuredWindow& window, uint16_t port, size_t outstanding,
                 size_t sockets)
    : protocol_(protocol),
      window_(window),
      slots_(outstanding),
      sockets_(sockets),
      generations_(protocol.token_count() / outstanding),
      epoll_(make_epoll()) {
  protocol_.set_slots(outstanding);
  replies_.lay_out(protocol_.max_reply_bytes());
  requests_.lay_out(protocol_.max_request_bytes());
  for (Socket& socket : sockets_) {
    socket.fd = connect_udp(port);
    epoll_add(epoll_.get(), socket.fd.get(), EPOLLIN, &socket);
  }
  for (size_t slot = 0; slot < outstanding; ++slot) socket_of(slot).free_slots.push_back(slot);
}

void UdpLoad::Batch::lay_out(size_t datagram_bytes) {
  bytes.resize(kBatch * datagram_bytes);
  for (size_t i = 0; i < kBatch; ++i) {
    parts[i] = {bytes.data() + i * datagram_bytes, datagram_bytes};
    messages[i].msg_hdr.msg_iov = &parts[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
}

const LoadReport& UdpLoad::run() {
  int64_t now_ns = monotonic_ns();
  int64_t lost_check_ns = now_ns;
  window_.start(now_ns);
  for (Socket& socket : sockets_) send_requests(socket);
  std::array<epoll_event, kMaxEvents> events{};
  while (!window_.is_over() && (window_.may_send() || outstanding_ > 0)) {
    const int count = ::epoll_wait(epoll_.get(), events.data(), kMaxEvents, kPhaseCheckMs);
    if (count < 0 && errno != EINTR) fail_with_errno("epoll_wait");
    for (int i = 0; i < count; ++i) {
      Socket& socket = *static_cast<Socket*>(events[i].data.ptr);
      receive_all(socket);
      send_requests(socket);
    }
    now_ns = monotonic_ns();
    window_.update(now_ns);
    if (now_ns - lost_check_ns < kLostCheckNs) continue;
    lost_check_ns = now_ns;
    give_up_overdue(now_ns);
  }
  report_.lost += outstanding_;
  report_.more = protocol_.counters();
  report_.more.emplace_back("late", late_);
  return report_;
}

void UdpLoad::receive_all(Socket& socket) {
  for (;;) {
    const int count = ::recvmmsg(socket.fd.get(), replies_.messages.data(), kBatch, 0, nullptr);
    if (count < 0) {
      // A refused request (no server on the port) is reported here once; its slot is given up in its time.
      if (errno == EINTR || errno == ECONNREFUSED) continue;
      if (is_would_block(errno)) return;
      fail_with_errno("recvmmsg");
    }
    const int64_t now_ns = monotonic_ns();
    for (int i = 0; i < count; ++i) {
      const auto* begin = static_cast<const uint8_t*>(replies_.parts[i].iov_base);
      check_reply(socket, {begin, replies_.messages[i].msg_len}, now_ns);
    }
    // Level-triggered: what came meanwhile is reported again, after the requests for these replies went out.
    return;
  }
}

void UdpLoad::check_reply(Socket& socket, std::span<const uint8_t> reply, int64_t now_ns) {
  const std::optional<uint64_t> token = protocol_.token_of(reply);
  if (!token.has_value()) return report_.count_bad("too short");
  const size_t index = *token % slots_.size();
  Slot& slot = slots_[index];
  if (slot.lost_token == *token) {
    slot.lost_token = kNoToken;
    ++late_;
    return;
  }
  if (slot.token != *token) return report_.count_bad("a reply to nothing outstanding");
  if (&socket_of(index) != &socket) return report_.count_bad("a reply to another socket");
  const char* fault = protocol_.fault_of(*token, index, reply);
  if (fault != nullptr) {
    report_.count_bad(fault);
  } else {
    report_.count_answer(window_.is_measured(), now_ns - slot.sent_at_ns);
  }
  slot.token = kNoToken;
  --outstanding_;
  socket.free_slots.push_back(index);
}

void UdpLoad::send_requests(Socket& socket) {
  bool has_room = true;
  while (has_room && window_.may_send() && !socket.free_slots.empty()) {
    const size_t count = std::min(kBatch, socket.free_slots.size());
    const int64_t now_ns = monotonic_ns();
    for (size_t i = 0; i < count; ++i) {
      const size_t index = socket.free_slots[socket.free_slots.size() - 1 - i];
      Slot& slot = slots_[index];
      slot.generation = (slot.generation + 1) % generations_;
      slot.token = slot.generation * slots_.size() + index;
      slot.sent_at_ns = now_ns;
      requests_.parts[i].iov_len =
          protocol_.compose(slot.token, index, static_cast<uint8_t*>(requests_.parts[i].iov_base));
    }
    const size_t sent = send_batch(socket, count);
    has_room = sent == count;
    for (size_t i = sent; i < count; ++i) slots_[socket.free_slots[socket.free_slots.size() - 1 - i]].token = kNoToken;
    // The batch was taken from the end backwards, so what went out is the last `sent` of the list.
    socket.free_slots.resize(socket.free_slots.size() - sent);
    outstanding_ += sent;
    if (window_.is_measured()) report_.sent += sent;
  }
  if (has_room != socket.waits_for_room) return;
  socket.waits_for_room = !has_room;
  epoll_change(epoll_.get(), socket.fd.get(), has_room ? EPOLLIN : EPOLLIN | EPOLLOUT, &socket);
}

size_t UdpLoad::send_batch(Socket& socket, size_t count) {
  size_t sent = 0;
  while (sent < count) {
    const int result =
        ::sendmmsg(socket.fd.get(), requests_.messages.data() + sent, static_cast<unsigned>(count - sent), 0);
    if (result > 0) {
      sent += static_cast<size_t>(result);
    } else if (is_would_block(errno) || errno == ENOBUFS) {
      return sent;
    } else if (errno != EINTR && errno != ECONNREFUSED) {
      fail_with_errno("sendmmsg");
    }
  }
  return sent;
}

void UdpLoad::give_up_overdue(int64_t now_ns) {
  for (size_t index = 0; index < slots_.size(); ++index) {
    Slot& slot = slots_[index];
    if (slot.token == kNoToken || now_ns - slot.sent_at_ns < kLostAfterNs) continue;
    slot.lost_token = std::exchange(slot.token, kNoToken);
    --outstanding_;
    ++report_.lost;
    socket_of(index).free_slots.push_back(index);
  }
  for (Socket& socket : sockets_) send_requests(socket);
}

}  // namespace netvolley::bench
