#include "io/single_datagram_io.h"

namespace netvolley {

IoResult SingleDatagramIo::receive(int fd, ReceiveVector* vectors, uint32_t count, bool with_info) {
  return count == 0 ? IoResult::success(0) : receive_one(fd, vectors, with_info);
}

IoResult SingleDatagramIo::send(int fd, const SendVector* vectors, uint32_t count) {
  return count == 0 ? IoResult::success(0) : send_one(fd, vectors[0]);
}

}  // namespace netvolley
