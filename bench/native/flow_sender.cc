#include "flow_sender.h"

#include <netinet/udp.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstring>

#include "flow_socket.h"
#include "options.h"
#include "sockets.h"

namespace netvolley::bench {
namespace {

constexpr size_t kControlBytes = CMSG_SPACE(sizeof(uint16_t));

// 127.0.x.y, which are all this machine; the first is 127.0.0.1.
sockaddr_in destination(uint32_t index, uint32_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(0x7f000001u + (index / 250 << 8) + index % 250);
  return address;
}

}  // namespace

FlowSender::FlowSender(Mode mode, size_t batch, size_t segments)
    : mode_(mode), batch_(batch), segments_(segments), socket_(open_flow_socket()) {
  bind_flow_socket(socket_.get(), true);
}

int FlowSender::run() {
  std::printf("READY\n");
  std::fflush(stdout);
  std::array<char, 512> line;
  while (std::fgets(line.data(), line.size(), stdin) != nullptr) {
    FlowOrder order;
    if (std::sscanf(line.data(),
                    "go {\"port\":%" SCNu32 ",\"payload\":%" SCNu32 ",\"seconds\":%lf,\"destinations\":%" SCNu32
                    ",\"flow\":%" SCNu32 "}",
                    &order.port, &order.payload, &order.seconds, &order.destinations, &order.flow) != 5) {
      usage_error(std::string("not an order: ") + line.data());
    }
    const Result result = send_for(order);
    std::printf("{\"offered\":%" PRIu64 ",\"accepted\":%" PRIu64 ",\"refused\":%" PRIu64 ",\"seconds\":%.6f}\n",
                result.offered, result.accepted, result.offered - result.accepted, result.seconds);
    std::fflush(stdout);
  }
  std::printf("{}\n");
  return 0;
}

void FlowSender::lay_out(const FlowOrder& order) {
  destinations_.clear();
  for (uint32_t i = 0; i < order.destinations; ++i) destinations_.push_back(destination(i, order.port));
  next_destination_ = 0;
  // Even, so that a place in the buffer always holds sequence numbers of the same parity.
  const size_t fits = FlowPayload::kMaxBytes / order.payload & ~size_t{1};
  per_message_ = mode_ == Mode::kGso ? std::min(segments_, std::max<size_t>(fits, 1)) : 1;
  const size_t datagrams = mode_ == Mode::kSendto ? 2 : batch_;
  const size_t messages = std::max<size_t>(datagrams / per_message_, 1);
  bytes_.resize(messages * per_message_ * order.payload);
  for (size_t i = 0; i < messages * per_message_; ++i) {
    payload_.fill(order.flow, static_cast<uint32_t>(i), &bytes_[i * order.payload], order.payload);
  }
  messages_.assign(messages, {});
  parts_.resize(messages);
  controls_.assign(messages * kControlBytes, 0);
  for (size_t i = 0; i < messages; ++i) {
    parts_[i] = {&bytes_[i * per_message_ * order.payload], per_message_ * order.payload};
    msghdr& header = messages_[i].msg_hdr;
    header.msg_iov = &parts_[i];
    header.msg_iovlen = 1;
    header.msg_namelen = sizeof(sockaddr_in);
    if (per_message_ == 1) continue;
    header.msg_control = &controls_[i * kControlBytes];
    header.msg_controllen = kControlBytes;
    cmsghdr* control = CMSG_FIRSTHDR(&header);
    control->cmsg_level = SOL_UDP;
    control->cmsg_type = UDP_SEGMENT;
    control->cmsg_len = CMSG_LEN(sizeof(uint16_t));
    const auto segment = static_cast<uint16_t>(order.payload);
    std::memcpy(CMSG_DATA(control), &segment, sizeof segment);
  }
}

void FlowSender::number(const FlowOrder& order, uint32_t first) {
  const size_t count = messages_.size() * per_message_;
  for (size_t i = 0; i < count; ++i) {
    FlowPayload::number(order.flow, first + static_cast<uint32_t>(i), &bytes_[i * order.payload]);
  }
  for (mmsghdr& message : messages_) {
    message.msg_hdr.msg_name = &destinations_[next_destination_];
    if (++next_destination_ == destinations_.size()) next_destination_ = 0;
  }
}

int FlowSender::send(size_t from) {
  if (mode_ != Mode::kSendto) {
    return ::sendmmsg(socket_.get(), &messages_[from], static_cast<unsigned>(messages_.size() - from), 0);
  }
  const msghdr& header = messages_[from].msg_hdr;
  const ssize_t sent = ::sendto(socket_.get(), parts_[from].iov_base, parts_[from].iov_len, 0,
                                static_cast<const sockaddr*>(header.msg_name), header.msg_namelen);
  return sent < 0 ? -1 : 1;
}

FlowSender::Result FlowSender::send_for(const FlowOrder& order) {
  lay_out(order);
  Result result;
  uint32_t sequence = 0;
  const double started = flow_now_ms();
  const double until = started + order.seconds * 1e3;
  double now = started;
  for (; now < until; now = flow_now_ms()) {
    number(order, sequence);
    for (size_t at = 0; at < messages_.size();) {
      const int sent = send(at);
      if (sent > 0) {
        at += static_cast<size_t>(sent);
        result.offered += static_cast<uint64_t>(sent) * per_message_;
        result.accepted += static_cast<uint64_t>(sent) * per_message_;
        continue;
      }
      if (errno == EINTR) continue;
      if (!is_would_block(errno) && errno != ENOBUFS) fail_with_errno("send");
      result.offered += per_message_;  // refused, and tried again
      pollfd writable{socket_.get(), POLLOUT, 0};
      (void)::poll(&writable, 1, 1);
    }
    sequence += static_cast<uint32_t>(messages_.size() * per_message_);
  }
  result.seconds = (now - started) / 1e3;
  return result;
}

}  // namespace netvolley::bench
