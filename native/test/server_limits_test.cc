#include <vector>

#include "test/fake_server.h"

// Single facts about limits: connections, requests, slots, memory, descriptors, and how one goes on behind them.
namespace netvolley::test {

namespace {

FakeServerOptions options_of(const ServerConfig& config, bool poll_like = false) {
  FakeServerOptions options;
  options.config = config;
  options.poll_like = poll_like;
  return options;
}

void answer_all(FakeServer& server) {
  server.handler = FakeServer::echo;
  server.js().ring();
  server.settle();
}

}  // namespace

TEST("[SV17] at the limit of connections the next client is refused, and a place that comes free is used") {
  ServerConfig config = small_config();
  config.max_connections = 2;
  FakeServer server(1, options_of(config));
  FakeClient first = server.connect(1);
  FakeClient second = server.connect(2);
  FakeClient third = server.connect(3);
  server.settle();
  CHECK(third.ended() && !second.ended());
  CHECK_EQ(server.get(ServerCounter::kRejectedMax), 1.0);
  first.close();
  server.settle();
  FakeClient fourth = server.connect(4);
  server.settle();
  CHECK(!fourth.ended());
  CHECK_EQ(server.get(ServerCounter::kAccepted), 3.0);
}

TEST("[SV23] out of descriptors the reserve refuses those who wait, and the listener neither spins nor hangs") {
  for (const bool poll_like : {false, true}) {
    FakeServerOptions options = options_of(small_config(), poll_like);
    options.limits.descriptors = 6;  // listener, datagrams, reserve, three clients
    FakeServer server(1, options);
    server.handler = FakeServer::echo;
    std::vector<FakeClient> clients;
    for (uint16_t i = 0; i < 10; ++i) clients.push_back(server.connect(static_cast<uint16_t>(1000 + i)));
    server.settle(50);  // few turns: it does not go round
    CHECK_EQ(server.get(ServerCounter::kAccepted), 3.0);
    CHECK_EQ(server.get(ServerCounter::kRejectedNoFd), 7.0);
    CHECK(clients[9].was_reset());
    clients[0].send(frame16({1}));
    server.settle();
    CHECK_EQ(clients[0].read().size(), 3u);
    clients[1].close();
    server.settle();
    FakeClient late = server.connect(9999);
    late.send(frame16({2}));
    server.run_for(1);
    CHECK_EQ(late.read().size(), 3u);
    server.destroy();
    server.check_finished();
  }
}

TEST("[SV23] without a reserve accepting is tried again every 100 ms") {
  FakeServerOptions options = options_of(small_config());
  options.limits.descriptors = 2;  // not even the reserve
  FakeServer server(1, options);
  server.handler = FakeServer::echo;
  FakeClient client = server.connect();
  client.send(frame16({1}));
  const uint64_t before = server.turns();
  server.run_for(1000);
  CHECK(server.turns() - before < 60);
  CHECK_EQ(client.readable(), 0u);
  server.kernel.limits.descriptors = 100;
  server.run_for(200);
  CHECK_EQ(client.read().size(), 3u);
}

TEST("[SV19] an event of a connection that was shed earlier in its batch is ignored") {
  ServerConfig config = small_config();
  config.max_buffered_bytes = 9000;
  FakeServer server(1, options_of(config));
  server.handler = FakeServer::echo;
  FakeClient oldest = server.connect(1);
  FakeClient newer = server.connect(2);
  const Bytes frame = frame16(Bytes(8000, 1));
  oldest.send(Bytes(frame.begin(), frame.begin() + 3000));
  server.settle();
  newer.send(Bytes(frame.begin(), frame.begin() + 2000));
  server.settle();
  // Both are in the next batch, the newer one first.
  newer.send(Bytes(frame.begin() + 2000, frame.begin() + 6500));
  oldest.send(Bytes(frame.begin() + 3000, frame.end()));
  server.settle();
  CHECK(oldest.was_reset());
  CHECK_EQ(server.closed(CloseReason::kShed), 1.0);
  newer.send(Bytes(frame.begin() + 6500, frame.end()));
  server.settle();
  CHECK(newer.read() == frame);
}

TEST("[SV17] at its own limit a connection is not read, and goes on without a new edge") {
  for (const bool poll_like : {false, true}) {
    ServerConfig config = small_config();
    config.max_in_flight_per_connection = 3;
    FakeServer server(1, options_of(config, poll_like));
    FakeClient client = server.connect();
    Bytes all;
    for (uint8_t i = 0; i < 10; ++i) {
      const Bytes frame = frame16({i});
      all.insert(all.end(), frame.begin(), frame.end());
    }
    client.send(all);
    server.settle();
    CHECK_EQ(server.get(ServerCounter::kInFlight), 3.0);
    answer_all(server);
    CHECK(client.read() == all);
  }
}

TEST("[SV17] at the server's limit those who wait go on when a request of somebody else is answered") {
  for (const bool poll_like : {false, true}) {
    ServerConfig config = small_config();
    config.max_tcp_in_flight = 2;
    FakeServer server(1, options_of(config, poll_like));
    FakeClient first = server.connect(1);
    first.send(frame16({1}));
    first.send(frame16({2}));
    server.settle();
    FakeClient second = server.connect(2);
    second.send(frame16({3}));
    server.settle();
    CHECK_EQ(server.get(ServerCounter::kInFlight), 2.0);
    answer_all(server);
    CHECK_EQ(first.read().size(), 6u);
    CHECK_EQ(second.read().size(), 3u);
  }
}

TEST("[SV19] with no slot free TCP and UDP pause, and both go on when slots come back") {
  for (const bool poll_like : {false, true}) {
    ServerConfig config = small_config();
    config.slab = {{100, 256}, {8, 9000}};
    config.max_in_flight_per_connection = 128;
    FakeServer server(1, options_of(config, poll_like));
    FakeClient client = server.connect();
    Bytes all;
    for (uint8_t i = 0; i < 150; ++i) {
      const Bytes frame = frame16({i, 1});
      all.insert(all.end(), frame.begin(), frame.end());
    }
    client.send(all);
    server.settle();
    for (uint16_t i = 0; i < 20; ++i) server.kernel.send_datagram(address_of(3, static_cast<uint16_t>(5000 + i)), {9});
    server.settle();
    CHECK_EQ(server.get(ServerCounter::kSlabFree), 8.0);
    CHECK_EQ(server.get(ServerCounter::kPausedConnections), 1.0);
    CHECK(server.kernel.datagrams_waiting() > 0);
    answer_all(server);
    CHECK(client.read() == all);
    CHECK_EQ(server.get(ServerCounter::kDatagramsOut), 20.0);
    CHECK_EQ(server.kernel.datagrams_waiting(), 0u);
  }
}

TEST("[SV19] the oldest incomplete frames go when all of them need too much memory") {
  ServerConfig config = small_config();
  config.max_buffered_bytes = 10000;
  FakeServer server(1, options_of(config));
  std::vector<FakeClient> clients;
  Bytes part = frame16(Bytes(8000, 1));
  part.resize(1500);
  for (uint16_t i = 0; i < 7; ++i) {
    clients.push_back(server.connect(static_cast<uint16_t>(100 + i)));
    clients.back().send(part);
    server.settle();
  }
  CHECK_EQ(server.closed(CloseReason::kShed), 1.0);
  CHECK(clients[0].was_reset() && !clients[1].ended());
  CHECK_EQ(server.get(ServerCounter::kBufferedBytes), 9000.0);
}

TEST("[SV19] what waits for slots is bounded like incomplete frames are") {
  ServerConfig config = small_config();
  config.slab = {{66, 256}, {8, 9000}};
  config.max_in_flight_per_connection = 128;
  config.max_buffered_bytes = 100000;
  FakeServerOptions options = options_of(config);
  options.limits.receive_bytes = 64 << 10;
  FakeServer server(1, options);
  Bytes many;
  const Bytes frame = frame16(Bytes(100, 7));
  for (int i = 0; i < 600; ++i) many.insert(many.end(), frame.begin(), frame.end());
  std::vector<FakeClient> clients;
  for (uint16_t i = 0; i < 20; ++i) {
    clients.push_back(server.connect(static_cast<uint16_t>(100 + i)));
    clients.back().send(many);
    server.settle();  // checks the bound
  }
  server.handler = FakeServer::echo;
  server.js().ring();
  for (FakeClient& client : clients) client.finish();
  size_t got = 0;
  for (int i = 0; i < 2000 && got < 20 * many.size(); ++i) {
    server.run_for(1);
    for (FakeClient& client : clients) got += client.read().size();
  }
  CHECK_EQ(got, 20 * many.size());
}

TEST("[SV18] above the high-water mark a connection is not read until the low one") {
  ServerConfig config = small_config();
  config.write_high_water_bytes = 5000;
  config.write_low_water_bytes = 1000;
  config.write_timeout_ms = 1e6;
  FakeServerOptions options = options_of(config);
  options.limits.send_bytes = 500;
  FakeServer server(1, options);
  server.handler = [](FakeJavaScript& js, const FakeRequest& request) { js.reply(request, Bytes(1000, 1)); };
  FakeClient client = server.connect();
  for (int i = 0; i < 30; ++i) {
    client.send(frame16({1}));
    server.settle();
  }
  const double stopped_at = server.get(ServerCounter::kReplied);
  CHECK(stopped_at >= 6 && stopped_at <= 7);
  size_t got = 0;
  while (server.get(ServerCounter::kUnsentBytes) > 1200) {
    got += client.read(200).size();
    server.settle();
  }
  CHECK_EQ(server.get(ServerCounter::kReplied), stopped_at);
  for (int i = 0; i < 1000; ++i) {
    got += client.read(200).size();
    server.settle();
  }
  CHECK_EQ(got, 30000u);
}

TEST("[SV18] above the write limit the connection is reset and counted") {
  ServerConfig config = small_config();
  config.write_limit_bytes = 20000;
  FakeServer server(1, options_of(config));
  server.handler = [](FakeJavaScript& js, const FakeRequest& request) { js.reply(request, Bytes(50000, 1)); };
  FakeClient client = server.connect();
  client.send(frame16({1}));
  server.settle();
  CHECK(client.was_reset());
  CHECK_EQ(server.closed(CloseReason::kWriteLimit), 1.0);
}

}  // namespace netvolley::test
