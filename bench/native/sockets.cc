#include "sockets.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace netvolley::bench {
namespace {

sockaddr_in loopback(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

FileDescriptor open_socket(int type) {
  FileDescriptor fd(::socket(AF_INET, type | SOCK_CLOEXEC, 0));
  if (fd.get() < 0) fail_with_errno("socket");
  return fd;
}

void bind_loopback(int fd, uint16_t port) {
  const sockaddr_in address = loopback(port);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    fail_with_errno("bind to port " + std::to_string(port));
  }
}

void connect_loopback(int fd, uint16_t port) {
  const sockaddr_in address = loopback(port);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    fail_with_errno("connect to port " + std::to_string(port));
  }
}

void set_non_blocking(int fd) {
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0 || ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0) fail_with_errno("fcntl O_NONBLOCK");
}

void epoll_control(int epoll_fd, int operation, int fd, uint32_t events, void* data) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = data;
  if (::epoll_ctl(epoll_fd, operation, fd, &event) != 0) fail_with_errno("epoll_ctl");
}

}  // namespace

void fail_with_errno(const std::string& what) {
  std::fprintf(stderr, "%s: %s\n", what.c_str(), std::strerror(errno));
  std::exit(1);
}

FileDescriptor listen_tcp(uint16_t port) {
  FileDescriptor fd = open_socket(SOCK_STREAM | SOCK_NONBLOCK);
  const int on = 1;
  if (::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0) fail_with_errno("SO_REUSEADDR");
  bind_loopback(fd.get(), port);
  if (::listen(fd.get(), 4096) != 0) fail_with_errno("listen");
  return fd;
}

FileDescriptor bind_udp(uint16_t port) {
  FileDescriptor fd = open_socket(SOCK_DGRAM | SOCK_NONBLOCK);
  bind_loopback(fd.get(), port);
  return fd;
}

FileDescriptor connect_tcp(uint16_t port) {
  FileDescriptor fd = open_socket(SOCK_STREAM);
  connect_loopback(fd.get(), port);
  set_non_blocking(fd.get());
  set_no_delay(fd.get());
  return fd;
}

FileDescriptor connect_udp(uint16_t port) {
  FileDescriptor fd = open_socket(SOCK_DGRAM | SOCK_NONBLOCK);
  connect_loopback(fd.get(), port);
  return fd;
}

uint16_t local_port(int fd) {
  sockaddr_in address{};
  socklen_t length = sizeof(address);
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) != 0) fail_with_errno("getsockname");
  return ntohs(address.sin_port);
}

void set_no_delay(int fd) {
  const int on = 1;
  // Fails only when the peer is already gone, which the next read reports.
  (void)::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) fail_with_errno("getrlimit");
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) fail_with_errno("setrlimit");
}

FileDescriptor make_epoll() {
  FileDescriptor fd(::epoll_create1(EPOLL_CLOEXEC));
  if (fd.get() < 0) fail_with_errno("epoll_create1");
  return fd;
}

void epoll_add(int epoll_fd, int fd, uint32_t events, void* data) {
  epoll_control(epoll_fd, EPOLL_CTL_ADD, fd, events, data);
}

void epoll_change(int epoll_fd, int fd, uint32_t events, void* data) {
  epoll_control(epoll_fd, EPOLL_CTL_MOD, fd, events, data);
}

bool is_would_block(int error) { return error == EAGAIN || error == EWOULDBLOCK; }

}  // namespace netvolley::bench
