#include "io/back_end.h"

#include "io/epoll_poller.h"
#include "io/mmsg_datagram_io.h"
#include "io/poll_poller.h"
#include "io/single_datagram_io.h"

namespace netvolley {

std::unique_ptr<Poller> make_poller(BackEnd back_end, uint32_t max_events) {
  if (back_end == BackEnd::kPoll) return std::make_unique<PollPoller>();
  return std::make_unique<EpollPoller>(max_events);
}

std::unique_ptr<DatagramIo> make_datagram_io(BackEnd back_end, uint32_t max_batch) {
  if (back_end == BackEnd::kMmsg) return std::make_unique<MmsgDatagramIo>(max_batch);
  return std::make_unique<SingleDatagramIo>();
}

}  // namespace netvolley
