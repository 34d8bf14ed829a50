#include <vector>

#include "test/fake_server.h"

// Single facts about datagrams.
namespace netvolley::test {

namespace {

FakeServerOptions options_of(const ServerConfig& config, bool poll_like = false) {
  FakeServerOptions options;
  options.config = config;
  options.poll_like = poll_like;
  options.tcp = false;
  return options;
}

Bytes pattern(size_t size) {
  Bytes bytes(size);
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<uint8_t>(i * 31 + size);
  return bytes;
}

}  // namespace

TEST("[SV38] a datagram is a request, and its reply goes to whoever sent it") {
  FakeServer server(1, options_of(small_config()));
  server.handler = FakeServer::echo;
  for (uint16_t i = 1; i < 200; ++i) server.kernel.send_datagram(address_of(3, i), pattern(i));
  server.settle();
  uint32_t count = 0;
  for (FakeDatagram datagram; server.kernel.take_sent(&datagram); ++count) {
    CHECK(datagram.bytes == pattern(datagram.address.port()));
  }
  CHECK_EQ(count, 199u);
}

TEST("[SV38] a datagram of no bytes is a request where the datagram is the body") {
  FakeServer server(1, options_of(small_config()));
  server.handler = FakeServer::echo;
  server.kernel.send_datagram(address_of(3, 7), {});
  server.settle();
  FakeDatagram datagram;
  CHECK(server.kernel.take_sent(&datagram) && datagram.bytes.empty());
}

TEST("[SV39] a datagram longer than a small slot is joined in a larger one, byte for byte") {
  ServerConfig config = small_config();
  config.framing.max_body_bytes = 65507;
  FakeServer server(1, options_of(config));
  server.handler = FakeServer::echo;
  for (const size_t size : {2047u, 2048u, 2049u, 16384u, 16385u, 65507u}) {
    const Note note(std::to_string(size) + " bytes");
    server.kernel.send_datagram(address_of(3, 7), pattern(size));
    server.settle();
    FakeDatagram datagram;
    CHECK(server.kernel.take_sent(&datagram));
    CHECK(datagram.bytes == pattern(size));
  }
}

TEST("[SV39] a datagram above the receive limit is dropped and counted, the next one is served") {
  ServerConfig config = small_config();
  config.udp_payload_bytes = 1000;
  FakeServer server(1, options_of(config));
  server.handler = FakeServer::echo;
  server.kernel.send_datagram(address_of(3, 7), pattern(1001));
  server.kernel.send_datagram(address_of(3, 7), pattern(1000));
  server.settle();
  CHECK_EQ(server.get(ServerCounter::kDroppedTruncated), 1.0);
  FakeDatagram datagram;
  CHECK(server.kernel.take_sent(&datagram) && datagram.bytes.size() == 1000);
}

TEST("[SV10] a datagram above the body limit is refused and counted") {
  FakeServer server(1, options_of(small_config()));
  server.handler = FakeServer::echo;
  server.kernel.send_datagram(address_of(3, 7), pattern(8193));
  server.kernel.send_datagram(address_of(3, 7), pattern(8192));
  server.settle();
  CHECK_EQ(server.get(ServerCounter::kRejectedTooLarge), 1.0);
  CHECK_EQ(server.get(ServerCounter::kReplied), 1.0);
}

TEST("[SV39] a framed datagram must hold its frame; what is behind it is ignored") {
  ServerConfig config = small_config();
  config.datagram_framed = true;
  FakeServer server(1, options_of(config));
  server.handler = FakeServer::echo;
  const auto send = [&](Bytes bytes) {
    server.kernel.send_datagram(address_of(3, 7), std::move(bytes));
    server.settle();
  };
  send({0});           // shorter than a header
  send({0, 3, 1, 2});  // shorter than it says
  send({255, 255, 1});
  CHECK_EQ(server.get(ServerCounter::kDroppedShort), 1.0);
  CHECK_EQ(server.get(ServerCounter::kDroppedTruncated), 1.0);
  CHECK_EQ(server.get(ServerCounter::kRejectedTooLarge), 1.0);
  send({0, 2, 1, 2, 9, 9});
  FakeDatagram datagram;
  CHECK(server.kernel.take_sent(&datagram) && datagram.bytes == (Bytes{0, 2, 1, 2}));
}

TEST("[SV39] a datagram from port 0 is dropped: nobody could be answered") {
  FakeServer server(1, options_of(small_config()));
  server.kernel.send_datagram(address_of(3, 0), {1});
  server.settle();
  CHECK_EQ(server.get(ServerCounter::kDroppedShort), 1.0);
  CHECK_EQ(server.get(ServerCounter::kRequestsUdp), 0.0);
}

TEST("[SV38] reports of replies that did not arrive do not stop the service") {
  for (const bool poll_like : {false, true}) {
    FakeServer server(1, options_of(small_config(), poll_like));
    server.handler = FakeServer::echo;
    server.kernel.faults.refused = 0.4;
    for (uint16_t i = 1; i <= 200; ++i) {
      server.kernel.send_datagram(address_of(3, i), {1});
      if (i % 5 == 0) server.run_for(1);
    }
    CHECK_EQ(server.get(ServerCounter::kRequestsUdp), 200.0);
    CHECK(server.get(ServerCounter::kReceiveErrors) > 0 && server.get(ServerCounter::kSendErrors) > 0);
    CHECK_EQ(server.get(ServerCounter::kSendErrors) + server.get(ServerCounter::kDatagramsOut), 200.0);
  }
}

TEST("[SV38] a reply that the device has no buffer for is sent again a little later") {
  FakeServer server(1, options_of(small_config()));
  server.handler = FakeServer::echo;
  server.kernel.faults.no_buffers = 1;
  for (uint16_t i = 1; i <= 100; ++i) server.kernel.send_datagram(address_of(3, i), {1});
  server.run_for(20);
  CHECK_EQ(server.get(ServerCounter::kDatagramsOut), 0.0);
  server.kernel.faults.no_buffers = 0;
  server.run_for(20);
  CHECK_EQ(server.get(ServerCounter::kDatagramsOut), 100.0);
  uint16_t next = 1;
  for (FakeDatagram datagram; server.kernel.take_sent(&datagram); ++next) CHECK_EQ(datagram.address.port(), next);
}

TEST("[SV38] a socket that takes no datagram is waited for, and the order stays") {
  for (const bool poll_like : {false, true}) {
    FakeServer server(1, options_of(small_config(), poll_like));
    server.handler = FakeServer::echo;
    server.kernel.faults.would_block = 0.9;
    server.kernel.faults.short_count = 0.5;
    server.kernel.faults.max_delay_ms = 2;
    for (uint16_t i = 1; i <= 100; ++i) server.kernel.send_datagram(address_of(3, i), {1});
    server.run_for(5000);
    CHECK_EQ(server.get(ServerCounter::kDatagramsOut), 100.0);
  }
}

TEST("[SV38] the queue of unsent replies is bounded, and what does not fit is counted") {
  ServerConfig config = small_config();
  config.max_udp_in_flight = 2048;
  config.ring_entries = 4096;
  config.udp_peers = 4096;
  config.slab = {{4096, 256}, {8, 9000}};
  FakeServerOptions options = options_of(config);
  options.limits.datagrams = 4096;
  FakeServer server(1, options);
  server.handler = FakeServer::echo;
  server.kernel.faults.no_buffers = 1;
  for (uint16_t i = 1; i <= 3000; ++i) server.kernel.send_datagram(address_of(3, i), {1});
  server.run_for(100);
  CHECK_EQ(server.get(ServerCounter::kReplied), 3000.0);
  CHECK_EQ(server.get(ServerCounter::kDroppedSend), 3000.0 - 1024);
  server.kernel.faults.no_buffers = 0;
  server.run_for(100);
  CHECK_EQ(server.get(ServerCounter::kDatagramsOut), 1024.0);
}

TEST("[SV17] at the limit of datagrams in flight the rest stays in the kernel, which drops and is asked") {
  for (const bool poll_like : {false, true}) {
    ServerConfig config = small_config();
    config.max_udp_in_flight = 10;
    FakeServerOptions options = options_of(config, poll_like);
    options.limits.datagrams = 20;
    FakeServer server(1, options);
    for (uint16_t i = 1; i <= 10; ++i) server.kernel.send_datagram(address_of(3, i), {1});
    server.settle();
    for (uint16_t i = 11; i <= 40; ++i) server.kernel.send_datagram(address_of(3, i), {1});
    server.settle();
    CHECK_EQ(server.get(ServerCounter::kInFlight), 10.0);
    server.handler = FakeServer::echo;
    server.js().ring();
    server.run_for(2000);
    CHECK_EQ(server.get(ServerCounter::kDatagramsOut), 30.0);
    server.kernel.send_datagram(address_of(3, 99), {1});
    server.run_for(1);
    CHECK_EQ(server.get(ServerCounter::kDroppedKernel), 10.0);
  }
}

TEST("[SV10] 10,000 requests of alternating clients never see another client's byte") {
  FakeServer server(1, options_of(small_config()));
  server.handler = [](FakeJavaScript& js, const FakeRequest& request) {
    js.reply_in_place(request, 0, request.body_bytes);
  };
  Random random = random_of(seed());
  uint32_t count = 0;
  for (uint32_t i = 0; i < 10000; ++i) {
    const uint16_t port = static_cast<uint16_t>(1 + i % 2);
    server.kernel.send_datagram(address_of(3, port), Bytes(random.below(3000), static_cast<uint8_t>(port)));
    if (random.one_in(10)) server.settle();
    for (FakeDatagram datagram; server.kernel.take_sent(&datagram); ++count) {
      for (const uint8_t byte : datagram.bytes) CHECK_EQ(byte, datagram.address.port());
    }
  }
  server.settle();
  for (FakeDatagram datagram; server.kernel.take_sent(&datagram); ++count) {
  }
  CHECK_EQ(count, 10000u);
}

}  // namespace netvolley::test
