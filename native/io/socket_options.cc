#include "io/socket_options.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace netvolley {

namespace {

// From linux/sock_diag.h, whose header the C library does not carry: SK_MEMINFO_DROPS is the ninth word.
constexpr int kSoMemInfo = 55;
constexpr int kMemInfoWords = 9;
constexpr int kMemInfoDrops = 8;

void set_int(int fd, int level, int option, int value) { setsockopt(fd, level, option, &value, sizeof value); }

}  // namespace

IoResult open_socket(const Address& at, int type, bool ipv6_only) {
  const int fd = socket(at.data()->sa_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return IoResult::failure(errno);
  if (at.data()->sa_family == AF_INET6) set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, ipv6_only ? 1 : 0);
  return IoResult::success(fd);
}

IoResult bind_socket(int fd, const Address& at, Address* bound) {
  if (bind(fd, at.data(), at.size()) != 0) return IoResult::failure(errno);
  socklen_t size = Address::kMaxBytes;
  if (getsockname(fd, bound->data(), &size) != 0) return IoResult::failure(errno);
  bound->set_size(size);
  return IoResult::success(fd);
}

void set_reuse_address(int fd) { set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1); }

void set_receive_buffer(int fd, uint32_t bytes) {
  const int size = static_cast<int>(bytes);
  // The forced form passes net.core.rmem_max and needs CAP_NET_ADMIN.
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0) set_int(fd, SOL_SOCKET, SO_RCVBUF, size);
}

void set_send_buffer(int fd, uint32_t bytes) {
  const int size = static_cast<int>(bytes);
  if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size) != 0) set_int(fd, SOL_SOCKET, SO_SNDBUF, size);
}

void set_no_delay(int fd) { set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1); }

void set_keep_alive(int fd, uint32_t idle_s, uint32_t interval_s, uint32_t count) {
  set_int(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_int(fd, IPPROTO_TCP, TCP_KEEPIDLE, static_cast<int>(idle_s));
  set_int(fd, IPPROTO_TCP, TCP_KEEPINTVL, static_cast<int>(interval_s));
  set_int(fd, IPPROTO_TCP, TCP_KEEPCNT, static_cast<int>(count));
}

void set_user_timeout(int fd, uint32_t timeout_ms) {
  set_int(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(timeout_ms));
}

void set_abortive_close(int fd) {
  const linger abort{1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &abort, sizeof abort);
}

uint32_t socket_drops(int fd) {
  uint32_t words[kMemInfoWords] = {};
  socklen_t size = sizeof words;
  if (getsockopt(fd, SOL_SOCKET, kSoMemInfo, words, &size) != 0 || size < sizeof words) return 0;
  return words[kMemInfoDrops];
}

}  // namespace netvolley
