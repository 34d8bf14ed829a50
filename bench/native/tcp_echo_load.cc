#include "tcp_echo_load.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "sockets.h"

namespace netvolley::bench {
namespace {

constexpr int kMaxEvents = 512;
constexpr int kPhaseCheckMs = 20;
constexpr int kConnectionShift = 40;
constexpr size_t kSequenceBytes = sizeof(uint64_t);

// At the beginning of the header where the length field leaves room for it, else at the beginning of the body.
size_t sequence_offset(const FrameFormat& format, size_t body_bytes) {
  if (format.length_offset >= kSequenceBytes) return 0;
  if (body_bytes < kSequenceBytes)
    usage_error("--body must be at least 8 when the header has no room for a sequence number");
  return format.header_bytes;
}

}  // namespace

TcpEchoLoad TcpEchoLoad::from(Options& options) {
  Settings settings{};
  settings.format = FrameFormat::from(options);
  settings.port = static_cast<uint16_t>(options.required_number("port", 1, 65535));
  settings.connections = options.number("connections", 50, 1, 60000);
  settings.pipeline = options.number("pipeline", 16, 1, 4096);
  settings.body_bytes = options.number("body", 64, 0, 1024 * 1024);
  settings.seed = options.number("seed", 1, 0, UINT64_MAX);
  return {settings, MeasuredWindow::from(options)};
}

TcpEchoLoad::TcpEchoLoad(const Settings& settings, const MeasuredWindow& window)
    : settings_(settings),
      window_(window),
      frame_bytes_(settings.format.header_bytes + settings.body_bytes),
      sequence_at_(sequence_offset(settings.format, settings.body_bytes)),
      pattern_(settings.seed, frame_bytes_),
      area_(frame_bytes_),
      epoll_(make_epoll()) {}

const LoadReport& TcpEchoLoad::run() {
  connect_all();
  int64_t now_ns = monotonic_ns();
  window_.start(now_ns);
  for (Connection& connection : connections_) send_requests(connection, now_ns);
  std::vector<epoll_event> events(kMaxEvents);
  while (!is_finished()) {
    const int count = ::epoll_wait(epoll_.get(), events.data(), kMaxEvents, kPhaseCheckMs);
    if (count < 0 && errno != EINTR) fail_with_errno("epoll_wait");
    for (int i = 0; i < count; ++i) on_ready(*static_cast<Connection*>(events[i].data.ptr), events[i].events);
    window_.update(monotonic_ns());
  }
  window_.close(monotonic_ns());
  report_.lost += outstanding_;
  report_.more = {{"connectionsLost", connections_lost_}};
  return report_;
}

void TcpEchoLoad::connect_all() {
  for (size_t i = 0; i < settings_.connections; ++i) {
    Connection& connection = connections_.emplace_back();
    connection.fd = connect_tcp(settings_.port);
    connection.next_sent = static_cast<uint64_t>(i) << kConnectionShift;
    connection.next_expected = connection.next_sent;
    connection.sent_at_ns.resize(settings_.pipeline);
    epoll_add(epoll_.get(), connection.fd.get(), EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, &connection);
    ++live_;
  }
}

void TcpEchoLoad::on_ready(Connection& connection, uint32_t events) {
  const bool peer_closed = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
  int64_t now_ns = 0;
  while (connection.is_live) {
    const Received received = area_.receive(connection.fd.get(), connection.carry);
    if (received.result == ReceiveResult::kWouldBlock) break;
    if (received.result == ReceiveResult::kEnded) return give_up(connection);
    now_ns = monotonic_ns();
    const size_t taken = check_replies(connection, received.bytes, now_ns);
    if (!connection.is_live) return;
    const auto rest = received.bytes.subspan(taken);
    connection.carry.assign(rest.begin(), rest.end());
    if (received.drained && !peer_closed) break;
  }
  if (now_ns == 0) {
    flush(connection);
  } else {
    send_requests(connection, now_ns);
  }
}

size_t TcpEchoLoad::check_replies(Connection& connection, std::span<const uint8_t> received, int64_t now_ns) {
  size_t taken = 0;
  while (received.size() - taken >= settings_.format.header_bytes) {
    const uint8_t* reply = received.data() + taken;
    const char* fault = nullptr;
    if (connection.outstanding() == 0) {
      fault = "a reply that was not asked for";
    } else if (settings_.format.body_bytes(reply) != settings_.body_bytes) {
      fault = "wrong length";
    } else if (received.size() - taken < frame_bytes_) {
      break;
    } else {
      fault = fault_of(connection.next_expected, reply);
    }
    if (fault != nullptr) {
      report_.count_bad(fault);
      give_up(connection);
      break;
    }
    const int64_t sent_at_ns = connection.sent_at_ns[connection.next_expected % settings_.pipeline];
    report_.count_answer(window_.is_measured(), now_ns - sent_at_ns);
    ++connection.next_expected;
    --outstanding_;
    taken += frame_bytes_;
  }
  return taken;
}

const char* TcpEchoLoad::fault_of(uint64_t sequence, const uint8_t* reply) const {
  uint64_t got = 0;
  std::memcpy(&got, reply + sequence_at_, kSequenceBytes);
  if (got != sequence) {
    return got >> kConnectionShift == sequence >> kConnectionShift ? "out of order" : "a reply of another connection";
  }
  const size_t fields[3] = {sequence_at_, settings_.format.length_offset, frame_bytes_};
  const size_t field_bytes[3] = {kSequenceBytes, settings_.format.length_bytes, 0};
  // The sequence number and the length are checked already: compare what lies before, between and behind them.
  const bool sequence_first = fields[0] < fields[1];
  const size_t order[3] = {sequence_first ? size_t{0} : 1, sequence_first ? size_t{1} : 0, 2};
  size_t from = 0;
  for (const size_t field : order) {
    if (!pattern_.matches(sequence, from, reply + from, fields[field] - from)) return "wrong contents";
    from = fields[field] + field_bytes[field];
  }
  return nullptr;
}

void TcpEchoLoad::send_requests(Connection& connection, int64_t now_ns) {
  if (window_.may_send()) {
    while (connection.outstanding() < settings_.pipeline) append_request(connection, now_ns);
  }
  flush(connection);
}

void TcpEchoLoad::append_request(Connection& connection, int64_t now_ns) {
  const size_t at = connection.unsent.size();
  connection.unsent.resize(at + frame_bytes_);
  uint8_t* frame = connection.unsent.data() + at;
  const uint64_t sequence = connection.next_sent++;
  pattern_.fill(sequence, frame, frame_bytes_);
  std::memcpy(frame + sequence_at_, &sequence, kSequenceBytes);
  settings_.format.write_body_bytes(frame, settings_.body_bytes);
  connection.sent_at_ns[sequence % settings_.pipeline] = now_ns;
  ++outstanding_;
  if (window_.is_measured()) ++report_.sent;
}

void TcpEchoLoad::flush(Connection& connection) {
  while (connection.is_live && connection.unsent_from < connection.unsent.size()) {
    const auto rest = std::span<const uint8_t>(connection.unsent).subspan(connection.unsent_from);
    const ssize_t count = ::send(connection.fd.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
    if (count < 0 && is_would_block(errno)) return;
    if (count < 0 && errno != EINTR) return give_up(connection);
    if (count > 0) connection.unsent_from += static_cast<size_t>(count);
  }
  connection.unsent.clear();
  connection.unsent_from = 0;
}

void TcpEchoLoad::give_up(Connection& connection) {
  report_.lost += connection.outstanding();
  outstanding_ -= connection.outstanding();
  connection.is_live = false;
  connection.fd = FileDescriptor();
  ++connections_lost_;
  --live_;
}

}  // namespace netvolley::bench
