#pragma once

#include <cstdint>

#include "io/address.h"
#include "io/io_result.h"

namespace netvolley {

// A non-blocking, close-on-exec socket of the address's family; `type` is SOCK_STREAM or SOCK_DGRAM.
IoResult open_socket(const Address& at, int type, bool ipv6_only);
IoResult bind_socket(int fd, const Address& at, Address* bound);

// Options that make a connection better and are not needed for it to work: a refusal is no error.
void set_reuse_address(int fd);
void set_receive_buffer(int fd, uint32_t bytes);
void set_send_buffer(int fd, uint32_t bytes);
void set_no_delay(int fd);
void set_keep_alive(int fd, uint32_t idle_s, uint32_t interval_s, uint32_t count);
void set_user_timeout(int fd, uint32_t timeout_ms);
// close() then sends RST and drops what is unsent.
void set_abortive_close(int fd);

// Datagrams dropped at the socket because its buffer was full, modulo 2^32.
uint32_t socket_drops(int fd);

}  // namespace netvolley
