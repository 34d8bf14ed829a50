#include <dirent.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <vector>

#include "test/check.h"
#include "test/fake_host.h"

// The whole engine on the real kernel: epoll, recvmmsg, sendmmsg, a thread for the reactor, one for JavaScript, and
// clients on threads of their own. Worth most under ThreadSanitizer.
namespace netvolley::test {

namespace {

constexpr uint32_t kClients = 4;
constexpr uint32_t kDepth = 16;

ServerConfig real_config() {
  ServerConfig config;
  config.max_connections = 256;
  config.max_tcp_in_flight = 512;
  config.max_udp_in_flight = 256;
  config.ring_entries = 1024;
  config.udp_peers = 512;
  config.slab = {{1024, 2048}, {64, 16384}, {16, 70000}};
  return config;
}

uint32_t open_descriptors() {
  DIR* folder = opendir("/proc/self/fd");
  CHECK(folder != nullptr);
  uint32_t count = 0;
  while (readdir(folder) != nullptr) ++count;
  closedir(folder);
  return count;
}

class Socket {
 public:
  Socket(int type, const Address& to) : fd_(socket(AF_INET, type, 0)) {
    CHECK(fd_ >= 0);
    CHECK_EQ(connect(fd_, to.data(), to.size()), 0);
    const timeval patience{type == SOCK_DGRAM ? 1 : 60, 0};
    CHECK_EQ(setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
  }
  ~Socket() { close(fd_); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  void send_all(const Bytes& bytes) const {
    for (size_t done = 0; done < bytes.size();) {
      const ssize_t sent = send(fd_, bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL);
      CHECK(sent > 0);
      done += static_cast<size_t>(sent);
    }
  }
  Bytes receive_exactly(size_t count) const {
    Bytes bytes(count);
    CHECK_EQ(recv(fd_, bytes.data(), count, MSG_WAITALL), static_cast<ssize_t>(count));
    return bytes;
  }
  bool send_once(const Bytes& bytes) const { return send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) > 0; }
  // 0 bytes: the end, or nothing came in time.
  Bytes receive_some() const {
    Bytes bytes(70000);
    const ssize_t got = recv(fd_, bytes.data(), bytes.size(), 0);
    bytes.resize(got < 0 ? 0 : static_cast<size_t>(got));
    return bytes;
  }
  void finish() const { shutdown(fd_, SHUT_WR); }

 private:
  int fd_;
};

Bytes frame_of(uint32_t client, uint32_t number, uint32_t size) {
  Bytes frame(2 + size);
  frame[0] = static_cast<uint8_t>(size >> 8);
  frame[1] = static_cast<uint8_t>(size);
  for (uint32_t i = 0; i < size; ++i) frame[2 + i] = static_cast<uint8_t>(client * 59 + number * 7 + i);
  return frame;
}

void ask_over_tcp(const Address& to, uint32_t client, uint32_t rounds) {
  Random random(client);
  const Socket socket(SOCK_STREAM, to);
  for (uint32_t round = 0; round < rounds; ++round) {
    Bytes all;
    for (uint32_t i = 0; i < kDepth; ++i) {
      const Bytes frame = frame_of(client, round * kDepth + i, random.below(random.one_in(16) ? 9000 : 300));
      all.insert(all.end(), frame.begin(), frame.end());
    }
    // In two pieces, cut anywhere.
    const size_t cut = random.below(static_cast<uint32_t>(all.size()));
    socket.send_all(Bytes(all.begin(), all.begin() + static_cast<ptrdiff_t>(cut)));
    socket.send_all(Bytes(all.begin() + static_cast<ptrdiff_t>(cut), all.end()));
    CHECK(socket.receive_exactly(all.size()) == all);
  }
}

// A datagram may be lost, so each is asked for until its own answer comes.
void ask_over_udp(const Address& to, uint32_t client, uint32_t count) {
  Random random(100 + client);
  const Socket socket(SOCK_DGRAM, to);
  for (uint32_t number = 0; number < count; ++number) {
    const Bytes datagram = frame_of(client, number, 4 + random.below(random.one_in(16) ? 6000 : 300));
    for (uint32_t attempt = 0;; ++attempt) {
      CHECK(attempt < 30);
      CHECK(socket.send_once(datagram));
      Bytes got = socket.receive_some();
      while (!got.empty() && got != datagram) got = socket.receive_some();  // a late answer to an earlier attempt
      if (!got.empty()) break;
    }
  }
}

}  // namespace

TEST("[SV46] over real sockets every request of many clients gets its own answer, and a drain leaves nothing open") {
  const uint32_t before = open_descriptors();
  {
    FakeHost host(real_config());
    std::vector<std::thread> clients;
    for (uint32_t i = 0; i < kClients; ++i) clients.emplace_back([&, i] { ask_over_tcp(host.tcp(), i, 100); });
    for (uint32_t i = 0; i < kClients; ++i) clients.emplace_back([&, i] { ask_over_udp(host.udp(), i, 500); });
    for (std::thread& client : clients) client.join();
    CHECK_EQ(host.get(ServerCounter::kRequestsTcp), kClients * 100.0 * kDepth);
    CHECK(host.get(ServerCounter::kRequestsUdp) >= kClients * 500.0);
    host.drain(10000);
    host.wait_for_end();
    CHECK_EQ(host.get(ServerCounter::kConnectionsActive), 0.0);
    CHECK_EQ(host.get(ServerCounter::kAborted), 0.0);
    CHECK_EQ(host.get(ServerCounter::kSlabFree), host.get(ServerCounter::kSlabSlots));
  }
  CHECK_EQ(open_descriptors(), before);
}

TEST("[SV46] commands and wake-ups from other threads all arrive, each once, while requests are served") {
  std::atomic<uint32_t> ran{0};
  std::atomic<bool> last{false};
  FakeHost host(real_config());
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 2000; ++k) {
        host.reactor().post([&] { ++ran; });
        if (k % 16 == 0) host.reactor().wake();
        if (k % 64 == 0) std::this_thread::yield();
      }
    });
  }
  threads.emplace_back([&] { ask_over_tcp(host.tcp(), 1, 50); });
  for (std::thread& thread : threads) thread.join();
  // What was posted before is done when a later command runs.
  host.reactor().post([&] {
    last = true;
    last.notify_one();
  });
  last.wait(false);
  CHECK_EQ(ran.load(), 6000u);
}

TEST("[SV42] a stop under load ends the reactor at once, and leaves nothing open") {
  const uint32_t before = open_descriptors();
  for (int round = 0; round < 10; ++round) {
    FakeHost host(real_config());
    std::atomic<uint32_t> connected{0};
    std::vector<std::thread> clients;
    for (uint32_t i = 0; i < kClients; ++i) {
      clients.emplace_back([&, i] {
        const Socket socket(SOCK_STREAM, host.tcp());
        ++connected;
        connected.notify_one();
        while (socket.send_once(frame_of(i, 1, 100)) && !socket.receive_some().empty()) {
        }
      });
    }
    for (uint32_t seen = 0; seen < kClients; seen = connected.load()) connected.wait(seen);
    host.stop();
    for (std::thread& client : clients) client.join();
    CHECK_EQ(host.get(ServerCounter::kState), static_cast<double>(ServerState::kClosed));
  }
  CHECK_EQ(open_descriptors(), before);
}

TEST("[SV22] over a real socket a request followed at once by FIN is answered, then comes the end") {
  FakeHost host(real_config());
  for (uint32_t i = 0; i < 200; ++i) {
    const Socket socket(SOCK_STREAM, host.tcp());
    const Bytes frame = frame_of(1, i, 50);
    socket.send_all(frame);
    socket.finish();
    CHECK(socket.receive_exactly(frame.size()) == frame);
    CHECK(socket.receive_some().empty());
  }
}

}  // namespace netvolley::test
