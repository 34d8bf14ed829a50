#include <sys/socket.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <map>
#include <thread>
#include <vector>

#include "io/offload_probe.h"
#include "test/fake_udp.h"
#include "test/io_socket.h"
#include "test/real_udp.h"

// Threads that share one socket on real sockets, each with a link of its own, while others change its options. What it
// shows it shows best under ThreadSanitizer.
namespace netvolley::test {
namespace {

constexpr uint32_t kThreads = 8;
constexpr uint32_t kLeavers = 2;  // of them: they go in the middle, and somebody else comes
constexpr uint32_t kSinks = 4;
constexpr uint32_t kBytes = 64;
constexpr uint32_t kEchoEvery = 4;
#ifdef __SANITIZE_THREAD__
constexpr uint32_t kEach = 3000;
#else
constexpr uint32_t kEach = 20000;
#endif
const DatagramLinkSizes kSizes{256, 1024, 256, 1024};
constexpr std::chrono::seconds kPatience{60};

uint32_t word_of(const uint8_t* bytes, uint32_t index) {
  uint32_t value = 0;
  std::memcpy(&value, bytes + index * 4, sizeof value);
  return value;
}

// link, class, sequence, then a pattern of the sequence
Bytes datagram_of(uint32_t link, uint32_t send_class, uint32_t sequence) {
  Bytes bytes = payload_of(sequence, kBytes);
  std::memcpy(bytes.data(), &link, 4);
  std::memcpy(bytes.data() + 4, &send_class, 4);
  std::memcpy(bytes.data() + 8, &sequence, 4);
  return bytes;
}

bool intact(const Bytes& bytes) {
  return bytes.size() == kBytes &&
         bytes == datagram_of(word_of(bytes.data(), 0), word_of(bytes.data(), 1), word_of(bytes.data(), 2));
}

// Reads one socket in a thread, checks what it gets, and sends some of it back.
class Sink {
 public:
  Sink() : io_(make_datagram_io(BackEnd::kMmsg, 64)), socket_(*io_, kLoopback4, options()) {}
  const Address& at() const { return socket_.at(); }
  void start() {
    thread_ = std::thread([this] { run(); });
  }
  void stop() {
    stopping_.store(true);
    thread_.join();
  }
  uint64_t received() const { return received_.load(); }
  uint64_t echoed() const { return echoed_.load(); }
  uint32_t dropped() { return io_->kernel_drops(socket_.fd()); }

 private:
  static DatagramSocketOptions options() {
    DatagramSocketOptions options;
    options.receive_buffer_bytes = 4 << 20;
    return options;
  }

  void run() {
    std::vector<std::array<uint8_t, 2048>> memory(64);
    std::vector<ReceiveVector> vectors(64);
    std::map<uint32_t, uint32_t> last;  // by link and class
    while (!stopping_.load()) {
      pollfd polled{socket_.fd(), POLLIN, 0};
      if (poll(&polled, 1, 20) == 0) continue;
      for (uint32_t i = 0; i < 64; ++i) vectors[i] = landing(memory[i].data(), 2048);
      const IoResult result = io_->receive(socket_.fd(), vectors.data(), 64, false);
      for (int64_t i = 0; i < result.count; ++i) {
        const Bytes bytes(memory[static_cast<size_t>(i)].data(),
                          memory[static_cast<size_t>(i)].data() + vectors[static_cast<size_t>(i)].bytes);
        CHECK(intact(bytes));
        uint32_t& before = last[word_of(bytes.data(), 0) * kSendClasses + word_of(bytes.data(), 1)];
        CHECK(before < word_of(bytes.data(), 2));  // each link's class in its order
        before = word_of(bytes.data(), 2);
        ++received_;
        if (received_.load() % kEchoEvery != 0) continue;
        const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        if (socket_.send(text, &vectors[static_cast<size_t>(i)].from) == 0) ++echoed_;
      }
    }
  }

  std::unique_ptr<DatagramIo> io_;
  IoSocket socket_;
  std::thread thread_;
  std::atomic<bool> stopping_{false};
  std::atomic<uint64_t> received_{0};
  std::atomic<uint64_t> echoed_{0};
};

// A JavaScript thread: sends, sleeps while there is no room, takes what comes.
struct User {
  User(RealUdp& udp, uint32_t index, const std::array<Sink, kSinks>& sinks)
      : index(index), bell(std::make_shared<ThreadBell>()), link(udp.make_link(true)), udp(udp), random(index) {
    for (const Sink& sink : sinks) to.push_back(link->destination(sink.at()));
    link->on_received = [this](const FakeReceived& entry) {
      const size_t step = entry.segment_bytes == 0 ? entry.bytes.size() : entry.segment_bytes;
      CHECK_EQ(step, kBytes);
      for (size_t at = 0; at < entry.bytes.size(); at += step) {
        const auto begin = entry.bytes.begin() + static_cast<ptrdiff_t>(at);
        CHECK(intact(Bytes(begin, begin + kBytes)));
      }
    };
  }
  DatagramLink::Parts parts() const { return link->parts(bell); }

  void run(uint32_t count, bool leaves) {
    for (uint32_t sequence = 1; sequence <= count; ++sequence) {
      const uint32_t send_class = random.below(kSendClasses);
      while (!link->has_room(kBytes, send_class)) {
        link->commit();
        link->drain();
        if (!link->has_room(kBytes, send_class)) bell->wait();
      }
      const uint32_t token = random.one_in(16) ? sequence : 0;
      if (!link->send(datagram_of(index, send_class, sequence), to[random.below(kSinks)], send_class, 0, token)) {
        CHECK(token != 0);  // as many are out as the ring of answers holds
        --sequence;
        link->drain();
        continue;
      }
      tokens += token == 0 ? 0 : 1;
      if (random.one_in(20)) link->commit();
      if (random.one_in(40)) take();
    }
    link->flush();
    link->commit();
    if (leaves) {
      udp.reactor().post([this] { udp.socket().end_link(index, true); });
      while (!link->retired()) {
        take();
        bell->wait();
      }
      link->drain(0);
      answered += link->take_outcomes().size();
      CHECK_EQ(answered, tokens);
    }
  }
  void take() {
    link->keep_next(link->kept().size() < 8 && random.one_in(4));
    link->drain();
    link->received().clear();
    for (const FakeDatagramLink::Outcome& outcome : link->take_outcomes()) {
      CHECK_EQ(outcome.error, 0);
      ++answered;
    }
    CHECK(link->take_events().empty());
    while (!link->kept().empty() && random.one_in(2)) link->give_back();
    link->commit();
  }
  double get(LinkCounter counter) const { return link->counter(counter); }

  uint32_t index;
  std::shared_ptr<ThreadBell> bell;
  std::shared_ptr<FakeDatagramLink> link;
  RealUdp& udp;
  Random random;
  std::vector<uint32_t> to;
  uint64_t tokens = 0;
  uint64_t answered = 0;
};

// What the owner's thread does meanwhile, by all ways that are open to it.
void change_options(RealUdp& udp, const std::atomic<bool>& stopping, uint64_t* changes) {
  Random random(99);
  while (!stopping.load()) {
    const HotOption option = static_cast<HotOption>(random.below(3));
    const double value = option == HotOption::kBatchPackets ? random.between(1, 256) : random.unit();
    udp.reactor().post([&udp, option, value] { udp.socket().set(option, value); });
    const int64_t size = 1 << (20 + random.below(2));
    const SocketKind kind;
    CHECK_EQ(
        udp.socket().fd().with([&](int fd) { return set_socket_option(fd, kind, SocketOption::kSendBuffer, size); }),
        0);
    CHECK_EQ(udp.socket().fd().with(
                 [&](int fd) { return set_socket_option(fd, kind, SocketOption::kTrafficClass, size >> 18); }),
             0);
    udp.socket().fd().drops();
    CHECK(udp.get(SocketCounter::kState) <= 1);
    ++*changes;
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
}

template <class Done>
void wait_until(const char* what, Done done) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (!done()) {
    const Note note(what);
    CHECK(std::chrono::steady_clock::now() < end);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

using Users = std::vector<std::unique_ptr<User>>;

uint64_t sum(const Users& users, LinkCounter counter) {
  double total = 0;
  for (const auto& user : users) total += user->get(counter);
  return static_cast<uint64_t>(total);
}

// Each user's own books agree with its link's, and nothing is left. Gives what they have received.
uint64_t settled(const Users& users) {
  uint64_t delivered = 0;
  for (const auto& user : users) {
    if (!user->link->retired()) user->take();
    delivered += user->link->delivered();
    if (user->index >= kLeavers) CHECK_EQ(user->answered, user->tokens);
    if (!user->link->retired()) CHECK_EQ(user->link->delivered(), user->get(LinkCounter::kPublished));
  }
  CHECK_EQ(sum(users, LinkCounter::kPending) + sum(users, LinkCounter::kFailed), 0u);
  return delivered;
}

}  // namespace

TEST(
    "[U58] [U62] eight threads on one socket: the sums balance, each keeps its order, and setters meet no race "
    "(regression 26)") {
  DatagramConfig config = real_datagram_config();
  config.gso_max_segments = probe_offloads(Family::kIpv4).gso_max_segments;
  RealUdp udp(BackEnd::kMmsg, config, kSizes);
  std::array<Sink, kSinks> sinks;
  Users users;
  for (uint32_t i = 0; i < kThreads; ++i) {
    users.push_back(std::make_unique<User>(udp, i, sinks));
    udp.add(users.back()->parts());
  }
  udp.open();
  for (Sink& sink : sinks) sink.start();
  std::thread reactor([&udp] { udp.reactor().run(); });
  wait_until("open", [&] { return udp.get(SocketCounter::kState) == 1; });

  std::atomic<bool> stopping{false};
  uint64_t changes = 0;
  std::thread setter([&] { change_options(udp, stopping, &changes); });
  std::vector<std::thread> threads;
  for (uint32_t i = 0; i < kThreads; ++i) {
    threads.emplace_back(
        [user = users[i].get(), leaves = i < kLeavers] { user->run(leaves ? kEach / 4 : kEach, leaves); });
  }
  // Others come while the first ones are at work, or have gone.
  for (uint32_t i = 0; i < kLeavers; ++i) {
    threads[i].join();
    users.push_back(std::make_unique<User>(udp, kThreads + i, sinks));
    User* late = users.back().get();
    udp.reactor().post([&udp, parts = late->parts()] { udp.add(parts); });
    threads[i] = std::thread([late] { late->run(kEach / 4, false); });
  }
  for (std::thread& thread : threads) thread.join();
  stopping.store(true);
  setter.join();

  const uint64_t queued = uint64_t{kThreads - kLeavers} * kEach + 2 * kLeavers * (kEach / 4);
  wait_until("everything sent", [&] { return sum(users, LinkCounter::kSent) == queued; });
  wait_until("everything received", [&] {
    uint64_t received = 0;
    for (Sink& sink : sinks) received += sink.received() + sink.dropped();
    return received == queued;
  });
  for (Sink& sink : sinks) sink.stop();
  uint64_t echoed = 0;
  for (Sink& sink : sinks) echoed += sink.echoed();
  wait_until("every answer received", [&] {
    // Kept slots come back, or the last answers find no room.
    for (const auto& user : users) {
      if (!user->link->retired()) user->take();
    }
    return static_cast<uint64_t>(udp.get(SocketCounter::kPacketsReceived)) + udp.socket().fd().drops() == echoed;
  });
  const uint64_t delivered = settled(users);
  CHECK_EQ(udp.get(SocketCounter::kPacketsReceived),
           sum(users, LinkCounter::kPublished) + udp.get(SocketCounter::kDroppedNoSlot));
  CHECK(echoed > 0 && delivered > 0 && changes > 0);
  udp.reactor().post([&udp] { udp.socket().close(); });
  wait_until("closed", [&] { return udp.get(SocketCounter::kState) == 3; });
  udp.reactor().request_stop();
  reactor.join();
  for (const auto& user : users) CHECK(user->link->retired());
  std::printf("  %llu sent, %llu of %llu answers received, %llu changes of options\n",
              static_cast<unsigned long long>(queued), static_cast<unsigned long long>(delivered),
              static_cast<unsigned long long>(echoed), static_cast<unsigned long long>(changes));
}

}  // namespace netvolley::test
