#include "receive_area.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "sockets.h"

namespace netvolley::bench {

Received ReceiveArea::receive(int fd, std::vector<uint8_t>& carry) {
  const size_t carried = carry.size();
  std::copy(carry.begin(), carry.end(), bytes_.begin());
  const size_t room = bytes_.size() - carried;
  ssize_t count = 0;
  do {
    count = ::recv(fd, bytes_.data() + carried, room, 0);
  } while (count < 0 && errno == EINTR);
  if (count < 0 && is_would_block(errno)) return {};
  if (count <= 0) return {ReceiveResult::kEnded, {}, true};
  carry.clear();
  const auto received = static_cast<size_t>(count);
  return {ReceiveResult::kBytes, std::span(bytes_).first(carried + received), received < room};
}

}  // namespace netvolley::bench
