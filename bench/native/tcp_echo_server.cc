#include "tcp_echo_server.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>

#include "sockets.h"

namespace netvolley::bench {
namespace {

constexpr int kMaxEvents = 512;
constexpr uint32_t kPeerClosed = EPOLLRDHUP | EPOLLHUP | EPOLLERR;

}  // namespace

TcpEchoServer::TcpEchoServer(const FrameFormat& format, uint16_t port, size_t max_body_bytes)
    : format_(format),
      max_body_bytes_(max_body_bytes),
      listener_(listen_tcp(port)),
      epoll_(make_epoll()),
      area_(format.header_bytes + max_body_bytes) {
  epoll_add(epoll_.get(), listener_.get(), EPOLLIN, &listener_);
  stop_.watch(epoll_.get());
}

uint16_t TcpEchoServer::port() const { return local_port(listener_.get()); }

void TcpEchoServer::run() {
  std::vector<epoll_event> events(kMaxEvents);
  for (;;) {
    const int count = ::epoll_wait(epoll_.get(), events.data(), kMaxEvents, -1);
    ++counters_.waits;
    if (count < 0 && errno != EINTR) fail_with_errno("epoll_wait");
    for (int i = 0; i < count; ++i) {
      void* const tag = events[i].data.ptr;
      if (tag == &listener_) {
        accept_all();
      } else if (tag == stop_.tag()) {
        if (stop_.is_end_of_input()) return;
      } else {
        on_ready(*static_cast<Connection*>(tag), events[i].events);
      }
    }
  }
}

void TcpEchoServer::accept_all() {
  for (;;) {
    const int fd = ::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
      if (is_would_block(errno)) return;
      if (errno == EINTR || errno == ECONNABORTED) continue;
      fail_with_errno("accept4");
    }
    set_no_delay(fd);
    auto connection = std::make_unique<Connection>();
    connection->fd = FileDescriptor(fd);
    epoll_add(epoll_.get(), fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, connection.get());
    connections_[fd] = std::move(connection);
    ++counters_.connections;
  }
}

void TcpEchoServer::on_ready(Connection& connection, uint32_t events) {
  Step step = flush(connection);
  while (step == Step::kGoOn) {
    const Received received = area_.receive(connection.fd.get(), connection.carry);
    ++counters_.receives;
    if (received.result == ReceiveResult::kWouldBlock) return;
    step = received.result == ReceiveResult::kEnded ? Step::kClose : answer_burst(connection, received.bytes);
    // The end of the stream has no edge of its own once it was reported together with the last bytes: read on to see
    // it.
    if (step == Step::kGoOn && received.drained && (events & kPeerClosed) == 0) return;
  }
  if (step == Step::kClose) connections_.erase(connection.fd.get());
}

TcpEchoServer::Step TcpEchoServer::answer_burst(Connection& connection, std::span<const uint8_t> received) {
  const WholeFrames whole = whole_frames(format_, received, max_body_bytes_);
  if (whole.too_large) {
    ++counters_.refused;
    return Step::kClose;
  }
  const std::span<const uint8_t> rest = received.subspan(whole.bytes);
  connection.carry.assign(rest.begin(), rest.end());
  counters_.answers += whole.frames;
  return whole.bytes == 0 ? Step::kGoOn : send_or_keep(connection, received.first(whole.bytes));
}

TcpEchoServer::Step TcpEchoServer::send_or_keep(Connection& connection, std::span<const uint8_t> replies) {
  const ssize_t sent = send_some(connection.fd.get(), replies);
  if (sent < 0) return Step::kClose;
  const std::span<const uint8_t> rest = replies.subspan(static_cast<size_t>(sent));
  if (rest.empty()) return Step::kGoOn;
  connection.unsent.assign(rest.begin(), rest.end());
  connection.unsent_from = 0;
  return Step::kWait;
}

// While replies are unsent nothing more is read, so a client that does not read costs one burst of memory.
TcpEchoServer::Step TcpEchoServer::flush(Connection& connection) {
  if (connection.unsent.empty()) return Step::kGoOn;
  const auto rest = std::span<const uint8_t>(connection.unsent).subspan(connection.unsent_from);
  const ssize_t sent = send_some(connection.fd.get(), rest);
  if (sent < 0) return Step::kClose;
  connection.unsent_from += static_cast<size_t>(sent);
  if (connection.unsent_from < connection.unsent.size()) return Step::kWait;
  connection.unsent.clear();
  return Step::kGoOn;
}

ssize_t TcpEchoServer::send_some(int fd, std::span<const uint8_t> bytes) {
  for (;;) {
    const ssize_t count = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    ++counters_.sends;
    if (count >= 0) return count;
    if (is_would_block(errno)) return 0;
    if (errno != EINTR) return -1;
  }
}

}  // namespace netvolley::bench
