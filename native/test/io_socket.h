#pragma once

#include <poll.h>

#include <array>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "io/back_end.h"
#include "io/datagram_control.h"
#include "test/check.h"

// Real datagram sockets on loopback, for the tests of native/io.
namespace netvolley::test {

constexpr const char* kLoopback4 = "127.0.0.1";
constexpr const char* kLoopback6 = "::1";
constexpr int kPatienceMs = 10000;  // far more than loopback needs; nothing waits for it to pass

inline Address address_of(std::string_view host, uint16_t port = 0) {
  Address address;
  CHECK(Address::parse_scoped(host, port, &address));
  return address;
}

inline ReceiveVector landing(uint8_t* data, uint32_t capacity, uint8_t* overflow = nullptr, uint32_t more = 0) {
  ReceiveVector vector;
  vector.data = data;
  vector.capacity = capacity;
  vector.overflow = overflow;
  vector.overflow_capacity = more;
  return vector;
}

class IoSocket {
 public:
  explicit IoSocket(DatagramIo& io, std::string_view host = kLoopback4, const DatagramSocketOptions& options = {},
                    uint16_t port = 0)
      : io_(io) {
    const IoResult result = io.open(address_of(host, port), options, &at_);
    CHECK_EQ(result.error, 0);
    fd_ = static_cast<int>(result.count);
  }
  ~IoSocket() { close(); }
  IoSocket(const IoSocket&) = delete;
  IoSocket& operator=(const IoSocket&) = delete;

  int fd() const { return fd_; }
  const Address& at() const { return at_; }
  void close() {
    if (fd_ >= 0) io_.close(fd_);
    fd_ = -1;
  }
  int send(std::string_view bytes, const Address* to, const DatagramInfo* info = nullptr, uint16_t segment_bytes = 0) {
    SendVector vector;
    vector.data = reinterpret_cast<const uint8_t*>(bytes.data());
    vector.bytes = static_cast<uint32_t>(bytes.size());
    vector.to = to;
    vector.info = info;
    vector.segment_bytes = segment_bytes;
    const IoResult result = io_.send(fd_, &vector, 1);
    CHECK(!result.ok() || result.count == 1);
    return result.error;
  }
  void wait_readable() const {
    pollfd polled{fd_, POLLIN, 0};
    CHECK_EQ(poll(&polled, 1, kPatienceMs), 1);
  }

 private:
  DatagramIo& io_;
  int fd_ = -1;
  Address at_;
};

// One message with all that came beside it.
struct Message {
  std::array<uint8_t, 65536> bytes;
  ReceiveVector vector;
  std::string text() const { return {reinterpret_cast<const char*>(bytes.data()), vector.bytes}; }
};

// A message that has to come.
inline std::unique_ptr<Message> receive_one(DatagramIo& io, const IoSocket& socket, bool with_info = true) {
  std::unique_ptr<Message> message(new Message);
  message->vector.data = message->bytes.data();
  message->vector.capacity = static_cast<uint32_t>(message->bytes.size());
  // What an earlier message may have left: receive() has to replace all of it.
  message->vector.bytes = message->vector.full_bytes = 77;
  message->vector.segment_bytes = 7;
  message->vector.truncated = true;
  socket.wait_readable();
  const IoResult result = io.receive(socket.fd(), &message->vector, 1, with_info);
  CHECK_EQ(result.error, 0);
  CHECK_EQ(result.count, 1);
  return message;
}

inline bool is_dry(DatagramIo& io, const IoSocket& socket) {
  uint8_t byte;
  ReceiveVector vector;
  vector.data = &byte;
  vector.capacity = 1;
  return io.receive(socket.fd(), &vector, 1, false).would_block();
}

// Loopback delivers within the sending call: what was sent is there. Says why where a machine has no IPv6.
inline bool has_ipv6() {
  const std::unique_ptr<DatagramIo> io = make_datagram_io(BackEnd::kSingle, 1);
  Address bound;
  const IoResult result = io->open(address_of(kLoopback6), {}, &bound);
  if (result.ok()) {
    io->close(static_cast<int>(result.count));
    return true;
  }
  std::printf("left out: no IPv6 on loopback here (errno %d)\n", result.error);
  return false;
}

template <class Run>
void with_each_io(Run run) {
  for (const BackEnd back_end : {BackEnd::kMmsg, BackEnd::kSingle}) {
    const Note note(std::string("back end ") + kBackEndNames[static_cast<uint32_t>(back_end)]);
    run(*make_datagram_io(back_end, 128));
  }
}

}  // namespace netvolley::test
