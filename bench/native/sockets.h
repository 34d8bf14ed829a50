#pragma once

#include <sys/epoll.h>

#include <cstdint>
#include <string>

#include "file_descriptor.h"

// Sockets of the bench programs: IPv4 loopback only, non-blocking. Whatever fails here ends the process with status 1
// and the reason, because a run that could not open its sockets measures nothing.
namespace netvolley::bench {

[[noreturn]] void fail_with_errno(const std::string& what);

// Port 0 takes any free port.
[[nodiscard]] FileDescriptor listen_tcp(uint16_t port);
[[nodiscard]] FileDescriptor bind_udp(uint16_t port);
[[nodiscard]] FileDescriptor connect_tcp(uint16_t port);
[[nodiscard]] FileDescriptor connect_udp(uint16_t port);
[[nodiscard]] uint16_t local_port(int fd);

void set_no_delay(int fd);
// Raises the soft limit of open descriptors to the hard one.
void raise_descriptor_limit();

[[nodiscard]] FileDescriptor make_epoll();
// `data` comes back in epoll_event::data.ptr.
void epoll_add(int epoll_fd, int fd, uint32_t events, void* data);
void epoll_change(int epoll_fd, int fd, uint32_t events, void* data);

[[nodiscard]] bool is_would_block(int error);

}  // namespace netvolley::bench
