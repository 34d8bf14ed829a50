#include "stop_request.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <cerrno>

#include "sockets.h"

namespace netvolley::bench {

void StopRequest::watch(int epoll_fd) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = tag();
  if (::epoll_ctl(epoll_fd, EPOLL_CTL_ADD, STDIN_FILENO, &event) != 0 && errno != EPERM && errno != EBADF) {
    fail_with_errno("epoll_ctl of standard input");
  }
}

bool StopRequest::is_end_of_input() {
  char ignored[256];
  return ::read(STDIN_FILENO, ignored, sizeof(ignored)) <= 0;
}

}  // namespace netvolley::bench
