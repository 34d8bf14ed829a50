#include "io/mmsg_datagram_io.h"

#include <sys/socket.h>

#include <algorithm>

namespace netvolley {

// The control arrays stay untouched, and so cost nothing, until messages carry something beside their payload.
struct MmsgDatagramIo::Headers {
  explicit Headers(uint32_t count)
      : messages(new mmsghdr[count]()),
        slices(new iovec[size_t{count} * 2]()),
        receive_control(new uint8_t[size_t{count} * kReceiveControlBytes]),
        send_control(new uint8_t[size_t{count} * kSendControlBytes]) {}
  std::unique_ptr<mmsghdr[]> messages;
  std::unique_ptr<iovec[]> slices;
  std::unique_ptr<uint8_t[]> receive_control;
  std::unique_ptr<uint8_t[]> send_control;
};

MmsgDatagramIo::MmsgDatagramIo(uint32_t max_batch) : max_batch_(max_batch), headers_(new Headers(max_batch)) {}

MmsgDatagramIo::~MmsgDatagramIo() = default;

IoResult MmsgDatagramIo::receive(int fd, ReceiveVector* vectors, uint32_t count, bool with_info) {
  if (count == 1) return receive_one(fd, vectors, with_info);
  count = std::min(count, max_batch_);
  for (uint32_t i = 0; i < count; ++i) {
    uint8_t* control = with_info ? &headers_->receive_control[size_t{i} * kReceiveControlBytes] : nullptr;
    prepare_receive(vectors[i], &headers_->messages[i].msg_hdr, &headers_->slices[size_t{i} * 2], control);
  }
  const int got = recvmmsg(fd, headers_->messages.get(), count, MSG_DONTWAIT | MSG_TRUNC, nullptr);
  if (got < 0) return IoResult::failure(errno);
  for (int i = 0; i < got; ++i) {
    const mmsghdr& message = headers_->messages[i];
    finish_receive(message.msg_hdr, message.msg_len, with_info, &vectors[i]);
  }
  return IoResult::success(got);
}

IoResult MmsgDatagramIo::send(int fd, const SendVector* vectors, uint32_t count) {
  if (count == 1) return send_one(fd, vectors[0]);
  count = std::min(count, max_batch_);
  for (uint32_t i = 0; i < count; ++i) {
    prepare_send(vectors[i], &headers_->messages[i].msg_hdr, &headers_->slices[i],
                 &headers_->send_control[size_t{i} * kSendControlBytes]);
  }
  const int sent = sendmmsg(fd, headers_->messages.get(), count, MSG_DONTWAIT | MSG_NOSIGNAL);
  return sent < 0 ? IoResult::failure(errno) : IoResult::success(sent);
}

}  // namespace netvolley
