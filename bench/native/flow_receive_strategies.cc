#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include "flow_receiver.h"
#include "options.h"
#include "sockets.h"

namespace netvolley::bench {
namespace {

constexpr size_t kDatagramBytes = 2048;  // as the engine's small slots
constexpr size_t kBatch = 64;            // as its batches
constexpr size_t kJoinedBytes = 65536;
constexpr size_t kJoinedBatch = 4;  // as its batches of large slots

// False where the socket is empty; what an earlier send of nobody's caused is passed over.
bool may_go_on(ssize_t result, const char* what) {
  if (result >= 0) return true;
  if (!is_would_block(errno) && errno != EINTR) fail_with_errno(what);
  return errno == EINTR;
}

class OneByOne final : public ReceiveStrategy {
 public:
  bool receive(int fd, FlowTally& tally) override {
    sockaddr_in from;
    socklen_t size = sizeof from;
    const ssize_t got = ::recvfrom(fd, bytes_.data(), bytes_.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
    if (got >= 0) tally.take(bytes_.data(), static_cast<size_t>(got));
    return may_go_on(got, "recvfrom");
  }

 private:
  std::array<uint8_t, kJoinedBytes> bytes_;
};

// `kCount` messages of `kBytes` each, with a control message where datagrams may be joined.
template <size_t kCount, size_t kBytes, bool kJoined>
class Batched final : public ReceiveStrategy {
 public:
  Batched() : bytes_(kCount * kBytes) {
    for (size_t i = 0; i < kCount; ++i) {
      parts_[i] = {bytes_.data() + i * kBytes, kBytes};
      msghdr& header = messages_[i].msg_hdr;
      header.msg_iov = &parts_[i];
      header.msg_iovlen = 1;
      header.msg_name = &from_[i];
      if (kJoined) header.msg_control = controls_[i].data();
    }
  }
  void prepare(int fd) override {
    const int on = 1;
    if (kJoined && ::setsockopt(fd, SOL_UDP, UDP_GRO, &on, sizeof on) != 0) fail_with_errno("UDP_GRO");
  }
  bool receive(int fd, FlowTally& tally) override {
    for (size_t i = 0; i < used_; ++i) {
      messages_[i].msg_hdr.msg_namelen = sizeof(sockaddr_in);
      if (kJoined) messages_[i].msg_hdr.msg_controllen = controls_[i].size();
    }
    const int got = ::recvmmsg(fd, messages_.data(), kCount, 0, nullptr);
    used_ = got < 0 ? 0 : static_cast<size_t>(got);
    for (size_t i = 0; i < used_; ++i) take(messages_[i], static_cast<const uint8_t*>(parts_[i].iov_base), tally);
    // A batch that was not filled has emptied the socket.
    return may_go_on(got, "recvmmsg") && used_ == kCount;
  }

 private:
  static size_t segment_bytes(const mmsghdr& message) {
    const msghdr& header = message.msg_hdr;
    for (cmsghdr* at = CMSG_FIRSTHDR(&header); at != nullptr; at = CMSG_NXTHDR(const_cast<msghdr*>(&header), at)) {
      if (at->cmsg_level != SOL_UDP || at->cmsg_type != UDP_GRO) continue;
      int bytes = 0;
      std::memcpy(&bytes, CMSG_DATA(at), sizeof bytes);
      return static_cast<size_t>(bytes);
    }
    return message.msg_len;
  }
  static void take(const mmsghdr& message, const uint8_t* bytes, FlowTally& tally) {
    const size_t step = kJoined ? segment_bytes(message) : message.msg_len;
    const size_t size = message.msg_len;
    if (size == 0) return tally.take(bytes, 0);
    for (size_t at = 0; at < size; at += step) tally.take(bytes + at, std::min(step, size - at));
  }

  std::vector<uint8_t> bytes_;
  std::array<mmsghdr, kCount> messages_{};
  std::array<iovec, kCount> parts_{};
  std::array<sockaddr_in, kCount> from_{};
  alignas(8) std::array<std::array<uint8_t, CMSG_SPACE(sizeof(int))>, kCount> controls_{};
  size_t used_ = kCount;
};

}  // namespace

std::unique_ptr<ReceiveStrategy> make_receive_strategy(const std::string& mode) {
  if (mode == "recvfrom") return std::make_unique<OneByOne>();
  if (mode == "recvmmsg") return std::make_unique<Batched<kBatch, kDatagramBytes, false>>();
  if (mode == "gro") return std::make_unique<Batched<kJoinedBatch, kJoinedBytes, true>>();
  usage_error("--mode takes recvfrom, recvmmsg or gro, got '" + mode + "'");
}

}  // namespace netvolley::bench
