#include "udp_echo_server.h"

#include <sys/epoll.h>

#include <cerrno>

#include "sockets.h"

namespace netvolley::bench {

UdpEchoServer::UdpEchoServer(uint16_t port, size_t datagram_bytes)
    : socket_(bind_udp(port)), epoll_(make_epoll()), datagram_bytes_(datagram_bytes), bytes_(kBatch * datagram_bytes) {
  for (size_t i = 0; i < kBatch; ++i) {
    received_parts_[i] = {bytes_.data() + i * datagram_bytes_, datagram_bytes_};
    msghdr& header = received_[i].msg_hdr;
    header.msg_name = &peers_[i];
    header.msg_iov = &received_parts_[i];
    header.msg_iovlen = 1;
  }
  epoll_add(epoll_.get(), socket_.get(), EPOLLIN | EPOLLOUT | EPOLLET, &socket_);
  stop_.watch(epoll_.get());
}

uint16_t UdpEchoServer::port() const { return local_port(socket_.get()); }

void UdpEchoServer::run() {
  std::array<epoll_event, 2> events{};
  for (;;) {
    const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), -1);
    ++counters_.waits;
    if (count < 0 && errno != EINTR) fail_with_errno("epoll_wait");
    for (int i = 0; i < count; ++i) {
      if (events[i].data.ptr == &socket_) {
        answer_all();
      } else if (stop_.is_end_of_input()) {
        return;
      }
    }
  }
}

void UdpEchoServer::answer_all() {
  for (;;) {
    if (!send_replies()) return;
    const size_t count = receive_batch();
    make_replies(count);
    if (count < kBatch) {
      // A batch that was not filled emptied the socket: the next datagram raises a new edge.
      (void)send_replies();
      return;
    }
  }
}

size_t UdpEchoServer::receive_batch() {
  for (size_t i = 0; i < kBatch; ++i) received_[i].msg_hdr.msg_namelen = sizeof(sockaddr_in);
  for (;;) {
    const int count = ::recvmmsg(socket_.get(), received_.data(), kBatch, 0, nullptr);
    ++counters_.receives;
    if (count >= 0) return static_cast<size_t>(count);
    if (is_would_block(errno)) return 0;
    // An error queued for an earlier reply (its client is gone) was taken by this call; the datagrams are still there.
    if (errno != EINTR && errno != ECONNREFUSED) fail_with_errno("recvmmsg");
  }
}

void UdpEchoServer::make_replies(size_t count) {
  reply_from_ = 0;
  reply_end_ = 0;
  for (size_t i = 0; i < count; ++i) {
    if ((received_[i].msg_hdr.msg_flags & MSG_TRUNC) != 0) {
      ++counters_.refused;
      continue;
    }
    reply_parts_[reply_end_] = {received_parts_[i].iov_base, received_[i].msg_len};
    msghdr& header = replies_[reply_end_].msg_hdr;
    header.msg_name = &peers_[i];
    header.msg_namelen = received_[i].msg_hdr.msg_namelen;
    header.msg_iov = &reply_parts_[reply_end_];
    header.msg_iovlen = 1;
    ++reply_end_;
  }
}

bool UdpEchoServer::send_replies() {
  while (reply_from_ < reply_end_) {
    const auto count = static_cast<unsigned>(reply_end_ - reply_from_);
    const int sent = ::sendmmsg(socket_.get(), replies_.data() + reply_from_, count, 0);
    ++counters_.sends;
    if (sent > 0) {
      reply_from_ += static_cast<size_t>(sent);
      counters_.answers += static_cast<uint64_t>(sent);
    } else if (is_would_block(errno)) {
      return false;
    } else if (errno != EINTR) {
      // Only the first of the batch failed: it is passed over, the others still go out.
      ++counters_.refused;
      ++reply_from_;
    }
  }
  return true;
}

}  // namespace netvolley::bench
