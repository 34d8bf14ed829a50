#include "io/datagram_io.h"

#include <dirent.h>
#include <net/if.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cstring>
#include <ctime>

#include "io/datagram_fd.h"
#include "test/io_socket.h"

namespace netvolley::test {
namespace {

uint32_t open_descriptors() {
  DIR* folder = opendir("/proc/self/fd");
  CHECK(folder != nullptr);
  uint32_t count = 0;
  while (readdir(folder) != nullptr) ++count;
  closedir(folder);
  return count;
}

struct Way {
  const char* host;  // both sockets are bound to it
  const char* to;    // where the receiver is reached
  bool dual = false;
  Family family = Family::kIpv4;  // on the wire
};

std::vector<Way> all_ways() {
  std::vector<Way> ways{{"127.0.0.1", "127.0.0.1"}};
  if (!has_ipv6()) return ways;
  ways.push_back({"::1", "::1", false, Family::kIpv6});
  ways.push_back({"::", "::ffff:127.0.0.1", true, Family::kIpv4});
  ways.push_back({"::", "::1", true, Family::kIpv6});
  return ways;
}

DatagramSocketOptions everything(const Way& way) {
  DatagramSocketOptions options;
  options.ipv6_only = !way.dual;
  options.traffic_class = options.packet_info = options.hop_limit = options.timestamps = true;
  return options;
}

template <class Run>
void on_each_way(Run run) {
  for (const Way& way : all_ways()) {
    const Note note(std::string("to ") + way.to + (way.dual ? " on a dual-stack socket" : ""));
    with_each_io([&](DatagramIo& io) {
      IoSocket receiver(io, way.host, everything(way));
      IoSocket sender(io, way.host, everything(way));
      run(way, io, receiver, sender, address_of(way.to, receiver.at().port()));
    });
  }
}

std::string text_of_size(size_t bytes, char first) {
  std::string text(bytes, ' ');
  for (size_t i = 0; i < bytes; ++i) text[i] = static_cast<char>(first + i % 23);
  return text;
}

}  // namespace

TEST("[U1] port 0 gives a real port, and an address that cannot be had gives its errno and keeps no descriptor") {
  with_each_io([](DatagramIo& io) {
    {
      const IoSocket socket(io);
      CHECK(socket.at().port() != 0);
      CHECK_EQ(socket.at().host_text(), kLoopback4);
      Address bound;
      CHECK_EQ(io.open(socket.at(), {}, &bound).error, EADDRINUSE);
    }
    const uint32_t before = open_descriptors();
    Address bound;
    CHECK_EQ(io.open(address_of("192.0.2.1"), {}, &bound).error, EADDRNOTAVAIL);
    CHECK_EQ(open_descriptors(), before);
  });
}

TEST("[U38] a port is shared where every socket asked for it") {
  with_each_io([](DatagramIo& io) {
    DatagramSocketOptions options;
    options.reuse_port = true;
    const IoSocket first(io, kLoopback4, options);
    const IoSocket second(io, kLoopback4, options, first.at().port());
    CHECK(second.at() == first.at());
    Address bound;
    CHECK_EQ(io.open(first.at(), {}, &bound).error, EADDRINUSE);
  });
}

TEST("[U21] [U22] a batch goes out and comes in whole, in order, with its sender") {
  constexpr uint32_t kCount = 64;
  const std::unique_ptr<DatagramIo> io = make_datagram_io(BackEnd::kMmsg, kCount);
  CHECK_EQ(io->max_batch(), kCount);
  const IoSocket receiver(*io);
  const IoSocket sender(*io);
  std::vector<std::string> texts;
  std::vector<SendVector> out(kCount);
  for (uint32_t i = 0; i < kCount; ++i) texts.push_back(text_of_size(1 + i * 7, static_cast<char>('a' + i % 3)));
  for (uint32_t i = 0; i < kCount; ++i) {
    out[i].data = reinterpret_cast<const uint8_t*>(texts[i].data());
    out[i].bytes = static_cast<uint32_t>(texts[i].size());
    out[i].to = &receiver.at();
  }
  CHECK_EQ(io->send(sender.fd(), out.data(), kCount).count, kCount);
  std::vector<std::array<uint8_t, 1024>> memory(kCount);
  std::vector<ReceiveVector> in(kCount);
  for (uint32_t i = 0; i < kCount; ++i) in[i] = landing(memory[i].data(), 1024);
  CHECK_EQ(io->receive(receiver.fd(), in.data(), kCount, false).count, kCount);
  for (uint32_t i = 0; i < kCount; ++i) {
    CHECK_EQ(std::string(reinterpret_cast<char*>(memory[i].data()), in[i].bytes), texts[i]);
    CHECK_EQ(in[i].full_bytes, texts[i].size());
    CHECK(!in[i].truncated);
    CHECK_EQ(in[i].segment_bytes, 0);
    CHECK(in[i].from == sender.at());
  }
  CHECK(is_dry(*io, receiver));
}

TEST("[U23] without batches each call moves one datagram, whatever it was given") {
  const std::unique_ptr<DatagramIo> io = make_datagram_io(BackEnd::kSingle, 64);
  CHECK_EQ(io->max_batch(), 1);
  const IoSocket receiver(*io);
  const IoSocket sender(*io);
  const std::string text = "hello";
  std::vector<SendVector> out(3);
  for (SendVector& vector : out) {
    vector.data = reinterpret_cast<const uint8_t*>(text.data());
    vector.bytes = 5;
    vector.to = &receiver.at();
  }
  for (uint32_t i = 0; i < 3; ++i) CHECK_EQ(io->send(sender.fd(), &out[i], 3 - i).count, 1);
  std::array<uint8_t, 16> memory;
  std::vector<ReceiveVector> in(3, landing(memory.data(), 16));
  for (uint32_t i = 0; i < 3; ++i) CHECK_EQ(io->receive(receiver.fd(), in.data(), 3, false).count, 1);
  CHECK(io->receive(receiver.fd(), in.data(), 3, false).would_block());
  CHECK_EQ(io->send(sender.fd(), out.data(), 0).count, 0);
  CHECK_EQ(io->receive(receiver.fd(), in.data(), 0, false).count, 0);
}

TEST("[U21] the errno of a batch belongs to its first datagram, those before it are counted") {
  const std::unique_ptr<DatagramIo> io = make_datagram_io(BackEnd::kMmsg, 64);
  const IoSocket receiver(*io);
  const IoSocket sender(*io);
  const std::string too_long(65508, 'x');
  std::vector<SendVector> out(5);
  for (SendVector& vector : out) {
    vector.data = reinterpret_cast<const uint8_t*>(too_long.data());
    vector.bytes = 10;
    vector.to = &receiver.at();
  }
  out[3].bytes = 65508;
  CHECK_EQ(io->send(sender.fd(), out.data(), 5).count, 3);
  CHECK_EQ(io->send(sender.fd(), &out[3], 2).error, EMSGSIZE);
  CHECK_EQ(io->send(sender.fd(), &out[4], 1).count, 1);
  for (uint32_t i = 0; i < 4; ++i) CHECK_EQ(receive_one(*io, receiver)->vector.bytes, 10);
}

TEST("[U44] a datagram may be empty, first, in the middle and last") {
  with_each_io([](DatagramIo& io) {
    const IoSocket receiver(io);
    IoSocket sender(io);
    for (const char* text : {"", "a", "", "b", ""}) CHECK_EQ(sender.send(text, &receiver.at()), 0);
    for (const char* text : {"", "a", "", "b", ""}) {
      const std::unique_ptr<Message> message = receive_one(io, receiver, false);
      CHECK_EQ(message->text(), text);
      CHECK(!message->vector.truncated);
      CHECK(message->vector.from == sender.at());
    }
  });
}

TEST("[U45] what does not fit runs over into the second area; what fits in neither is reported with its full size") {
  with_each_io([](DatagramIo& io) {
    const IoSocket receiver(io);
    IoSocket sender(io);
    const std::string text = text_of_size(1000, 'a');
    for (const uint32_t overflow : {0u, 500u, 900u}) {
      CHECK_EQ(sender.send(text, &receiver.at()), 0);
      std::array<uint8_t, 100> small;
      std::array<uint8_t, 900> large;
      // Two vectors, so that the batched call is the one that is looked at.
      std::array<ReceiveVector, 2> vectors;
      for (ReceiveVector& vector : vectors) vector = landing(small.data(), 100, large.data(), overflow);
      CHECK_EQ(io.receive(receiver.fd(), vectors.data(), 2, false).count, 1);
      const uint32_t bytes = 100 + overflow;
      CHECK_EQ(vectors[0].bytes, bytes);
      CHECK_EQ(vectors[0].full_bytes, 1000);
      CHECK_EQ(vectors[0].truncated, bytes < 1000);
      CHECK_EQ(std::memcmp(small.data(), text.data(), 100), 0);
      CHECK_EQ(std::memcmp(large.data(), text.data() + 100, overflow), 0);
    }
  });
}

TEST("[U24] a message of several pieces arrives as one datagram") {
  with_each_io([](DatagramIo& io) {
    const IoSocket receiver(io);
    const IoSocket sender(io);
    const std::string text = text_of_size(300, 'a');
    const uint8_t* at = reinterpret_cast<const uint8_t*>(text.data());
    const std::array<IoSlice, 3> slices{{{at, 100}, {at + 100, 1}, {at + 101, 199}}};
    SendVector vector;
    vector.bytes = 300;
    vector.to = &receiver.at();
    vector.slices = slices.data();
    vector.slice_count = 3;
    CHECK_EQ(io.send(sender.fd(), &vector, 1).count, 1);
    CHECK_EQ(receive_one(io, receiver)->text(), text);
  });
}

TEST("[U30] traffic class: what one datagram was given arrives with it, in each family") {
  on_each_way([](const Way& way, DatagramIo& io, IoSocket& receiver, IoSocket& sender, const Address& to) {
    DatagramInfo info;
    info.present = kTrafficClass;
    info.family = way.family;
    for (const int value : {0x01, 0x02, 0xb8 | 0x03}) {
      info.traffic_class = static_cast<uint8_t>(value);
      CHECK_EQ(sender.send("x", &to, &info), 0);
      const DatagramInfo got = receive_one(io, receiver)->vector.info;
      CHECK_EQ(got.present & kTrafficClass, kTrafficClass);
      CHECK_EQ(got.traffic_class, value);
      CHECK(got.family == way.family);
    }
    CHECK_EQ(sender.send("x", &to), 0);
    CHECK_EQ(receive_one(io, receiver)->vector.info.traffic_class, 0);
  });
}

TEST("[U32] hop limit: what one datagram was given arrives with it, in each family") {
  on_each_way([](const Way& way, DatagramIo& io, IoSocket& receiver, IoSocket& sender, const Address& to) {
    DatagramInfo info;
    info.present = kHopLimit;
    info.family = way.family;
    info.hop_limit = 17;
    CHECK_EQ(sender.send("x", &to, &info), 0);
    const DatagramInfo got = receive_one(io, receiver)->vector.info;
    CHECK_EQ(got.present & kHopLimit, kHopLimit);
    CHECK_EQ(got.hop_limit, 17);
  });
}

TEST("[U31] packet info: the address and interface of arrival are told once, and a reply leaves from there") {
  const uint32_t lo = if_nametoindex("lo");
  on_each_way([lo](const Way& way, DatagramIo& io, IoSocket& receiver, IoSocket& sender, const Address& to) {
    CHECK_EQ(sender.send("x", &to), 0);
    const std::unique_ptr<Message> message = receive_one(io, receiver);
    const DatagramInfo& got = message->vector.info;
    CHECK_EQ(got.present & kLocalAddress, kLocalAddress);
    CHECK_EQ(got.interface_index, lo);
    CHECK(got.local.family() == way.family);
    CHECK_EQ(got.local.host_text(), to.host_text());
    CHECK_EQ(got.local.port(), 0);
    // As a reply would do it.
    DatagramInfo source = got;
    source.present = kLocalAddress;
    CHECK_EQ(receiver.send("y", &message->vector.from, &source), 0);
    CHECK_EQ(receive_one(io, sender)->vector.from.host_text(), to.host_text());
  });
  with_each_io([](DatagramIo& io) {
    DatagramSocketOptions options;
    options.packet_info = true;
    IoSocket anywhere(io, "0.0.0.0", options);
    IoSocket asker(io);
    const Address second = address_of("127.0.0.42", anywhere.at().port());
    CHECK_EQ(asker.send("x", &second), 0);
    const std::unique_ptr<Message> message = receive_one(io, anywhere);
    CHECK_EQ(message->vector.info.local.host_text(), "127.0.0.42");
    CHECK_EQ(anywhere.send("y", &asker.at(), &message->vector.info), 0);
    CHECK(receive_one(io, asker)->vector.from == second);
    CHECK_EQ(anywhere.send("y", &asker.at()), 0);
    CHECK_EQ(receive_one(io, asker)->vector.from.host_text(), kLoopback4);
  });
}

TEST("[U33] time stamps lie between sending and receiving") {
  on_each_way([](const Way&, DatagramIo& io, IoSocket& receiver, IoSocket& sender, const Address& to) {
    const auto now_ns = [] {
      timespec now{};
      clock_gettime(CLOCK_REALTIME, &now);
      return int64_t{now.tv_sec} * 1000000000 + now.tv_nsec;
    };
    // Seconds of slack: the system may set its clock meanwhile.
    const int64_t before = now_ns() - 2000000000;
    CHECK_EQ(sender.send("x", &to), 0);
    const DatagramInfo got = receive_one(io, receiver)->vector.info;
    CHECK_EQ(got.present & kTimestamp, kTimestamp);
    const int64_t stamp = int64_t{got.seconds} * 1000000000 + got.nanoseconds;
    CHECK(stamp >= before && stamp <= now_ns() + 2000000000);
    CHECK(got.nanoseconds < 1000000000);
  });
}

TEST("[U30] [U31] [U32] all of it together, in a batch, and nothing of one message sticks to the next") {
  on_each_way([](const Way& way, DatagramIo& io, IoSocket& receiver, IoSocket& sender, const Address& to) {
    DatagramInfo info;
    info.present = kTrafficClass | kHopLimit | kLocalAddress;
    info.family = way.family;
    info.traffic_class = 0x29;
    info.hop_limit = 9;
    info.local = address_of(way.family == Family::kIpv4 ? "127.0.0.1" : "::1");
    std::array<SendVector, 3> out;
    for (uint32_t i = 0; i < 3; ++i) {
      out[i].data = reinterpret_cast<const uint8_t*>("abc") + i;
      out[i].bytes = 1;
      out[i].to = &to;
      out[i].info = i == 1 ? &info : nullptr;
    }
    for (uint32_t done = 0; done < 3;) {
      const IoResult result = io.send(sender.fd(), &out[done], 3 - done);
      CHECK_EQ(result.error, 0);
      done += static_cast<uint32_t>(result.count);
    }
    std::array<std::array<uint8_t, 8>, 3> memory;
    std::array<ReceiveVector, 3> in;
    for (uint32_t i = 0; i < 3; ++i) in[i] = landing(memory[i].data(), 8);
    for (uint32_t done = 0; done < 3;) {
      receiver.wait_readable();
      done += static_cast<uint32_t>(io.receive(receiver.fd(), &in[done], 3 - done, true).count);
    }
    CHECK_EQ(in[1].info.traffic_class, 0x29);
    CHECK_EQ(in[1].info.hop_limit, 9);
    for (const uint32_t other : {0u, 2u}) {
      CHECK_EQ(in[other].info.traffic_class, 0);
      CHECK(in[other].info.hop_limit != 9);
    }
  });
}

TEST("[U24] [U26] one message in segments arrives as its datagrams, or joined again with the size of a segment") {
  with_each_io([](DatagramIo& io) {
    DatagramSocketOptions joining;
    joining.gro = true;
    const IoSocket plain(io);
    const IoSocket joined(io, kLoopback4, joining);
    IoSocket sender(io);
    const std::string text = text_of_size(250, 'a');
    CHECK_EQ(sender.send(text, &plain.at(), nullptr, 100), 0);
    for (const size_t at : {0u, 100u, 200u}) {
      const std::unique_ptr<Message> message = receive_one(io, plain);
      CHECK_EQ(message->text(), text.substr(at, 100));
      CHECK_EQ(message->vector.segment_bytes, 0);
    }
    CHECK_EQ(sender.send(text, &joined.at(), nullptr, 100), 0);
    const std::unique_ptr<Message> message = receive_one(io, joined);
    CHECK_EQ(message->text(), text);
    CHECK_EQ(message->vector.segment_bytes, 100);
    // Plain datagrams to a joining socket have no segments, and one left by a message before them must not stay.
    CHECK_EQ(sender.send(text, &joined.at()), 0);
    CHECK_EQ(receive_one(io, joined)->vector.segment_bytes, 0);
  });
}

TEST("[U24] segments and a source go out in one message, on every kind of socket") {
  on_each_way([](const Way& way, DatagramIo& io, IoSocket& receiver, IoSocket& sender, const Address& to) {
    DatagramInfo info;
    info.present = kTrafficClass | kHopLimit | kLocalAddress;
    info.family = way.family;
    info.traffic_class = 2;
    info.hop_limit = 33;
    info.local = address_of(way.family == Family::kIpv4 ? "127.0.0.1" : "::1");
    CHECK_EQ(sender.send(text_of_size(400, 'a'), &to, &info, 100), 0);
    for (uint32_t i = 0; i < 4; ++i) {
      const std::unique_ptr<Message> message = receive_one(io, receiver);
      CHECK_EQ(message->vector.bytes, 100);
      CHECK_EQ(message->vector.info.traffic_class, 2);
      CHECK_EQ(message->vector.info.hop_limit, 33);
    }
  });
}

TEST("[U34] datagrams that the full buffer of a socket refused are counted, the last loss included, also at its end") {
  with_each_io([](DatagramIo& io) {
    DatagramSocketOptions options;
    options.receive_buffer_bytes = 8192;
    Address at;
    const IoResult opened = io.open(address_of(kLoopback4), options, &at);
    CHECK(opened.ok());
    const int fd = static_cast<int>(opened.count);
    IoSocket sender(io);
    const std::string text = text_of_size(1000, 'a');
    for (uint32_t i = 0; i < 200; ++i) CHECK_EQ(sender.send(text, &at), 0);
    // Nothing is queued behind the drops: no packet carries the news.
    DatagramFd descriptor(io);
    descriptor.adopt(fd);
    const uint64_t drops = descriptor.drops();
    CHECK(drops > 0);
    uint64_t received = 0;
    std::array<uint8_t, 1000> memory;
    ReceiveVector vector = landing(memory.data(), 1000);
    while (io.receive(fd, &vector, 1, false).ok()) ++received;
    CHECK_EQ(received + drops, 200);
    for (uint32_t i = 0; i < 200; ++i) CHECK_EQ(sender.send(text, &at), 0);
    descriptor.close();
    CHECK_EQ(descriptor.get(), -1);
    CHECK_EQ(descriptor.drops(), 2 * drops);
    descriptor.close();  // twice is harmless
    CHECK_EQ(descriptor.with([](int) { return 0; }), EBADF);
  });
}

TEST("[U34] the drop counter goes on beyond the kernel's 32 bits") {
  class Counting final : public DatagramIo {
   public:
    uint32_t drops = 0;
    uint32_t max_batch() const override { return 1; }
    IoResult open(const Address&, const DatagramSocketOptions&, Address*) override { return IoResult::failure(EPERM); }
    IoResult receive(int, ReceiveVector*, uint32_t, bool) override { return IoResult::failure(EAGAIN); }
    IoResult send(int, const SendVector*, uint32_t) override { return IoResult::failure(EAGAIN); }
    IoResult read_error(int, QueuedError*) override { return IoResult::failure(EAGAIN); }
    uint32_t kernel_drops(int) override { return drops; }
    uint32_t path_mtu(int) override { return 0; }
    void close(int) override {}
  };
  Counting io;
  DatagramFd descriptor(io);
  CHECK_EQ(descriptor.drops(), 0);
  descriptor.adopt(1000);
  io.drops = 0xfffffff0u;
  CHECK_EQ(descriptor.drops(), 0xfffffff0u);
  io.drops = 0x10;
  CHECK_EQ(descriptor.drops(), 0x100000010ull);
  io.drops = 0x11;
  descriptor.close();
  CHECK_EQ(descriptor.drops(), 0x100000011ull);
}

TEST("[U43] a dead peer is told by the error queue, with whom it was for and who complained") {
  on_each_way([](const Way& way, DatagramIo& io, IoSocket& receiver, IoSocket&, const Address& to) {
    DatagramSocketOptions options;
    options.ipv6_only = !way.dual;
    options.error_queue = true;
    IoSocket sender(io, way.host, options);
    QueuedError error;
    CHECK(io.read_error(sender.fd(), &error).would_block());
    receiver.close();
    CHECK_EQ(sender.send("x", &to), 0);
    const IoResult result = io.read_error(sender.fd(), &error);
    CHECK_EQ(result.error, 0);
    CHECK_EQ(result.count, 1);
    CHECK_EQ(error.error, ECONNREFUSED);
    CHECK_EQ(error.origin, way.family == Family::kIpv4 ? 2 : 3);
    CHECK_EQ(error.type, way.family == Family::kIpv4 ? 3 : 1);
    CHECK_EQ(error.code, way.family == Family::kIpv4 ? 3 : 4);
    CHECK_EQ(error.mtu_bytes, 0);
    CHECK(error.to == to);
    CHECK_EQ(error.offender.host_text(), to.host_text());
    CHECK(io.read_error(sender.fd(), &error).would_block());
    // Read, the error hits nobody else.
    const IoSocket healthy(io, way.host, options);
    const Address there = address_of(way.to, healthy.at().port());
    CHECK_EQ(sender.send("x", &there), 0);
  });
}

TEST("[U40] the path's MTU is known of a connected socket only") {
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  with_each_io([&request](DatagramIo& io) {
    DatagramSocketOptions options;
    options.path_mtu = PathMtu::kDo;
    options.error_queue = true;
    const IoSocket receiver(io);
    IoSocket sender(io, kLoopback4, options);
    CHECK_EQ(ioctl(sender.fd(), SIOCGIFMTU, &request), 0);
    CHECK_EQ(io.path_mtu(sender.fd()), 0);
    CHECK_EQ(connect_datagram(sender.fd(), receiver.at()), 0);
    CHECK_EQ(io.path_mtu(sender.fd()), std::min(request.ifr_mtu, 65535));  // no IPv4 packet is longer
    CHECK_EQ(sender.send("x", nullptr), 0);
  });
  if (!has_ipv6()) return;
  with_each_io([&request](DatagramIo& io) {
    const IoSocket receiver(io, kLoopback6);
    const IoSocket sender(io, kLoopback6);
    CHECK_EQ(io.path_mtu(sender.fd()), 0);
    CHECK_EQ(connect_datagram(sender.fd(), receiver.at()), 0);
    CHECK_EQ(io.path_mtu(sender.fd()), request.ifr_mtu);
  });
}

TEST("[U30] [U32] [U37] a socket's own traffic class, hop limit and leave to broadcast are set when it opens") {
  for (const Way& way : all_ways()) {
    with_each_io([&way](DatagramIo& io) {
      IoSocket receiver(io, way.host, everything(way));
      DatagramSocketOptions options;
      options.ipv6_only = !way.dual;
      options.send_traffic_class = 0x48;
      options.send_hop_limit = 5;
      options.multicast_all = false;
      options.multicast_loopback = false;
      options.multicast_ttl = 3;
      options.busy_poll_us = 1;
      IoSocket sender(io, way.host, options);
      const Address to = address_of(way.to, receiver.at().port());
      CHECK_EQ(sender.send("x", &to), 0);
      const DatagramInfo got = receive_one(io, receiver)->vector.info;
      CHECK_EQ(got.traffic_class, 0x48);
      CHECK_EQ(got.hop_limit, 5);
    });
  }
  with_each_io([](DatagramIo& io) {
    const Address everyone = address_of("127.255.255.255", 9);
    IoSocket shy(io, "0.0.0.0");
    CHECK_EQ(shy.send("x", &everyone), EACCES);
    DatagramSocketOptions options;
    options.broadcast = true;
    IoSocket bold(io, "0.0.0.0", options);
    CHECK_EQ(bold.send("x", &everyone), 0);
  });
}

}  // namespace netvolley::test
