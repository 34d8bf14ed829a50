#include "io/mmsg_datagram_io.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "io/socket_options.h"

namespace netvolley {

struct MmsgDatagramIo::Headers {
  explicit Headers(uint32_t count) : messages(new mmsghdr[count]()), slices(new iovec[count * 2]()) {}
  std::unique_ptr<mmsghdr[]> messages;
  std::unique_ptr<iovec[]> slices;
};

MmsgDatagramIo::MmsgDatagramIo(uint32_t max_batch) : max_batch_(max_batch), headers_(new Headers(max_batch)) {}

MmsgDatagramIo::~MmsgDatagramIo() = default;

IoResult MmsgDatagramIo::open(const Address& at, const DatagramSocketOptions& options, Address* bound) {
  const IoResult made = open_socket(at, SOCK_DGRAM, options.ipv6_only);
  if (!made.ok()) return made;
  const int fd = static_cast<int>(made.count);
  if (options.reuse_address) set_reuse_address(fd);
  if (options.receive_buffer_bytes != 0) set_receive_buffer(fd, options.receive_buffer_bytes);
  const IoResult done = bind_socket(fd, at, bound);
  if (!done.ok()) ::close(fd);
  return done.ok() ? made : done;
}

IoResult MmsgDatagramIo::receive(int fd, ReceiveVector* vectors, uint32_t count) {
  count = std::min(count, max_batch_);
  for (uint32_t i = 0; i < count; ++i) {
    ReceiveVector& vector = vectors[i];
    iovec* slices = &headers_->slices[i * 2];
    slices[0] = {vector.data, vector.capacity};
    slices[1] = {vector.overflow, vector.overflow_capacity};
    msghdr& header = headers_->messages[i].msg_hdr;
    header.msg_name = vector.from.data();
    header.msg_namelen = Address::kMaxBytes;
    header.msg_iov = slices;
    header.msg_iovlen = vector.overflow_capacity == 0 ? 1 : 2;
    header.msg_flags = 0;
  }
  const int got = recvmmsg(fd, headers_->messages.get(), count, MSG_DONTWAIT, nullptr);
  if (got < 0) return IoResult::failure(errno);
  for (int i = 0; i < got; ++i) {
    const mmsghdr& message = headers_->messages[i];
    vectors[i].bytes = message.msg_len;
    vectors[i].truncated = (message.msg_hdr.msg_flags & MSG_TRUNC) != 0;
    vectors[i].from.set_size(message.msg_hdr.msg_namelen);
  }
  return IoResult::success(got);
}

IoResult MmsgDatagramIo::send(int fd, const SendVector* vectors, uint32_t count) {
  count = std::min(count, max_batch_);
  for (uint32_t i = 0; i < count; ++i) {
    const SendVector& vector = vectors[i];
    iovec* slice = &headers_->slices[i * 2];
    *slice = {const_cast<uint8_t*>(vector.data), vector.bytes};
    msghdr& header = headers_->messages[i].msg_hdr;
    header.msg_name = vector.to == nullptr ? nullptr : const_cast<sockaddr*>(vector.to->data());
    header.msg_namelen = vector.to == nullptr ? 0 : vector.to->size();
    header.msg_iov = slice;
    header.msg_iovlen = 1;
    header.msg_flags = 0;
  }
  const int sent = sendmmsg(fd, headers_->messages.get(), count, MSG_DONTWAIT | MSG_NOSIGNAL);
  return sent < 0 ? IoResult::failure(errno) : IoResult::success(sent);
}

uint32_t MmsgDatagramIo::kernel_drops(int fd) { return socket_drops(fd); }

void MmsgDatagramIo::close(int fd) { ::close(fd); }

}  // namespace netvolley
