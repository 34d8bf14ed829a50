#include "io/posix_stream_io.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstddef>

#include "io/socket_options.h"

namespace netvolley {

static_assert(sizeof(IoSlice) == sizeof(iovec));
static_assert(offsetof(IoSlice, bytes) == offsetof(iovec, iov_len));

namespace {

void configure(int fd, const StreamOptions& options) {
  if (options.no_delay) set_no_delay(fd);
  if (options.keep_alive) {
    set_keep_alive(fd, options.keep_alive_idle_s, options.keep_alive_interval_s, options.keep_alive_count);
  }
  if (options.user_timeout_ms != 0) set_user_timeout(fd, options.user_timeout_ms);
}

}  // namespace

IoResult PosixStreamIo::listen(const Address& at, const ListenOptions& options, Address* bound) {
  const IoResult made = open_socket(at, SOCK_STREAM, options.ipv6_only);
  if (!made.ok()) return made;
  const int fd = static_cast<int>(made.count);
  set_reuse_address(fd);
  configure(fd, options.accepted);
  IoResult done = bind_socket(fd, at, bound);
  if (done.ok() && ::listen(fd, options.backlog) != 0) done = IoResult::failure(errno);
  if (!done.ok()) ::close(fd);
  return done.ok() ? made : done;
}

IoResult PosixStreamIo::accept(int listener, Address* remote) {
  socklen_t size = Address::kMaxBytes;
  const int fd = accept4(listener, remote->data(), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) return IoResult::failure(errno);
  remote->set_size(size);
  return IoResult::success(fd);
}

IoResult PosixStreamIo::read(int fd, uint8_t* into, size_t capacity) {
  const ssize_t got = recv(fd, into, capacity, 0);
  return got < 0 ? IoResult::failure(errno) : IoResult::success(got);
}

IoResult PosixStreamIo::write(int fd, const IoSlice* slices, uint32_t count) {
  msghdr message{};
  message.msg_iov = reinterpret_cast<iovec*>(const_cast<IoSlice*>(slices));
  message.msg_iovlen = count;
  const ssize_t sent = sendmsg(fd, &message, MSG_NOSIGNAL);
  return sent < 0 ? IoResult::failure(errno) : IoResult::success(sent);
}

void PosixStreamIo::finish(int fd) { shutdown(fd, SHUT_WR); }

void PosixStreamIo::close(int fd) { ::close(fd); }

void PosixStreamIo::abort(int fd) {
  set_abortive_close(fd);
  ::close(fd);
}

int PosixStreamIo::reserve() { return open("/dev/null", O_RDONLY | O_CLOEXEC); }

}  // namespace netvolley
