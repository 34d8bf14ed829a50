#include <vector>

#include "test/fake_server.h"

// Single facts about TCP: framing, order, accepting, ending.
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

TEST("[SV10] a frame above the limit ends its connection and no other") {
  FakeServer server(1, options_of(small_config()));
  server.handler = FakeServer::echo;
  FakeClient bad = server.connect(1);
  FakeClient good = server.connect(2);
  bad.send(frame16({1}));
  bad.send({0xff, 0xff, 1, 2, 3});
  good.send(frame16({2}));
  server.settle();
  CHECK(bad.read() == frame16({1}));  // what came before is answered
  CHECK(bad.ended() && !bad.was_reset());
  bad.close();
  server.settle();
  CHECK_EQ(server.closed(CloseReason::kProtocol), 1.0);
  CHECK_EQ(server.get(ServerCounter::kRejectedTooLarge), 1.0);
  CHECK(good.read() == frame16({2}));
  CHECK(!good.ended());
}

TEST("[SV10] a body of exactly the limit is served, one byte more is not") {
  FakeServer server(1, options_of(small_config()));
  server.handler = FakeServer::echo;
  FakeClient most = server.connect(1);
  FakeClient more = server.connect(2);
  most.send(frame16(Bytes(8192, 1)));
  more.send(frame16(Bytes(8193, 1)));
  server.settle();
  CHECK_EQ(most.read().size(), 8194u);
  CHECK(more.ended() && more.read().empty());
}

TEST("[SV19] frames stay in the block that they were read into, and it is free when the last is answered") {
  ServerConfig config = small_config();
  config.read_blocks = 2;
  config.read_block_bytes = 1024;
  FakeServer server(1, options_of(config));
  FakeClient client = server.connect();
  Bytes all;
  for (uint8_t i = 0; i < 10; ++i) {
    const Bytes frame = frame16({i, 7, 7});
    all.insert(all.end(), frame.begin(), frame.end());
  }
  client.send(all);
  server.settle();
  CHECK_EQ(server.get(ServerCounter::kInFlight), 10.0);
  CHECK_EQ(server.get(ServerCounter::kReadBlocksFree), 1.0);
  const double unused_slots = server.get(ServerCounter::kSlabFree);
  for (size_t i = 1; i < 10; ++i) CHECK_EQ(server.js().held()[i].offset, server.js().held()[i - 1].offset + 5);
  answer_all(server);
  CHECK(client.read() == all);
  CHECK_EQ(server.get(ServerCounter::kReadBlocksFree), 2.0);
  CHECK_EQ(server.get(ServerCounter::kSlabFree), unused_slots);
}

TEST("[SV19] requests that hold every block cost others a slot each, not their turn") {
  ServerConfig config = small_config();
  config.read_blocks = 2;
  config.read_block_bytes = 256;
  FakeServer server(1, options_of(config));
  FakeClient slow = server.connect(1);
  const Bytes large = frame16(Bytes(200, 1));
  for (int i = 0; i < 2; ++i) {  // one in each block, so that neither has room left
    slow.send(large);
    server.settle();
  }
  CHECK_EQ(server.get(ServerCounter::kReadBlocksFree), 0.0);
  const double free_slots = server.get(ServerCounter::kSlabFree);
  FakeClient other = server.connect(2);
  other.send(frame16({4, 5}));
  server.settle();
  CHECK_EQ(server.get(ServerCounter::kInFlight), 3.0);
  CHECK_EQ(server.get(ServerCounter::kSlabFree), free_slots - 1);
  answer_all(server);
  CHECK(other.read() == frame16({4, 5}));
  CHECK_EQ(slow.read().size(), 2 * large.size());
  CHECK_EQ(server.get(ServerCounter::kReadBlocksFree), 2.0);
}

TEST("[SV6] an empty body is a request") {
  FakeServer server(1, options_of(small_config()));
  server.handler = FakeServer::echo;
  FakeClient client = server.connect();
  client.send({0, 0, 0, 0});
  server.settle();
  CHECK_EQ(client.read().size(), 4u);
}

TEST("[SV11] requests do not depend on how their bytes arrive") {
  for (const bool poll_like : {false, true}) {
    FakeServer server(1, options_of(small_config(), poll_like));
    server.handler = FakeServer::echo;
    FakeClient client = server.connect();
    Bytes all;
    for (uint8_t i = 0; i < 20; ++i) {
      const Bytes frame = frame16(Bytes(i * 7u, i));
      all.insert(all.end(), frame.begin(), frame.end());
    }
    Bytes got;
    for (const uint8_t byte : all) {
      client.send({byte});
      server.settle();
      const Bytes some = client.read();
      got.insert(got.end(), some.begin(), some.end());
    }
    CHECK(got == all);
  }
}

TEST("[SV22] a request that is followed at once by FIN in the same segment is answered") {
  for (const bool poll_like : {false, true}) {
    FakeServer server(1, options_of(small_config(), poll_like));
    FakeClient client = server.connect();
    client.send(frame16({1, 2, 3}));
    client.finish();
    server.run_for(100);
    answer_all(server);
    CHECK(client.read() == frame16({1, 2, 3}));
    CHECK(client.closed() && !client.was_reset());
    CHECK_EQ(server.closed(CloseReason::kEof), 1.0);
  }
}

TEST("[SV22] a frame that FIN cuts short is counted") {
  FakeServer server(1, options_of(small_config()));
  FakeClient client = server.connect();
  client.send({0, 9, 1});
  client.finish();
  server.settle();
  CHECK_EQ(server.get(ServerCounter::kRejectedTruncated), 1.0);
  CHECK(client.closed());
}

TEST("[SV3] 2,000 clients that connect while the reactor is held are all accepted on one edge") {
  for (const bool poll_like : {false, true}) {
    ServerConfig config = small_config();
    config.max_connections = 4000;
    FakeServer server(1, options_of(config, poll_like));
    std::vector<FakeClient> clients;
    for (uint16_t i = 0; i < 2000; ++i) clients.push_back(server.connect(static_cast<uint16_t>(1000 + i)));
    server.settle();
    CHECK_EQ(server.get(ServerCounter::kAccepted), 2000.0);
  }
}

TEST("[SV14] replies that finish out of order leave in order, with one-way requests and parts between them") {
  FakeServer server(1, options_of(small_config()));
  FakeClient client = server.connect();
  for (uint8_t i = 0; i < 6; ++i) client.send(frame16({i}));
  server.settle();
  auto& held = server.js().held();
  CHECK_EQ(held.size(), 6u);
  server.js().reply(held[5], {5, 5, 5}, 0, 1);
  server.js().no_reply(held[2]);
  server.js().reply_in_place(held[4], 2, 1);
  server.js().commit();
  server.settle();
  CHECK_EQ(client.readable(), 0u);
  server.js().reply(held[3], {3, 3}, 0, 1);
  server.js().reply(held[0], {0});
  server.js().reply(held[1], {1});
  server.js().commit();
  server.settle();
  CHECK(client.read() == (Bytes{0, 1, 3, 3, 4, 5, 5, 5}));
}

TEST("[SV21] the last reply reaches a client that has sent much more than was read") {
  ServerConfig config = small_config();
  config.max_in_flight_per_connection = 1;
  FakeServerOptions options = options_of(config);
  FakeServer server(1, options);
  FakeClient client = server.connect();
  client.send(frame16({1}));
  server.settle();
  client.send(Bytes(40000, 0));
  server.settle();
  const FakeRequest request = server.js().held().front();
  server.js().reply(request, Bytes(9000, 5), kReplyCloseAfter);
  server.js().commit();
  server.run_for(10);
  CHECK_EQ(client.read().size(), 9000u);
  CHECK(client.ended() && !client.was_reset());
  client.finish();
  server.settle();
  CHECK(client.closed());
  CHECK_EQ(server.closed(CloseReason::kHandler), 1.0);
}

TEST("[SV21] lingering ends with its time, and with its bytes") {
  ServerConfig config = small_config();
  config.linger_bytes = 1000;
  FakeServer server(1, options_of(config));
  server.handler = [](FakeJavaScript& js, const FakeRequest& request) { js.reply(request, {7}, kReplyCloseAfter); };
  FakeClient silent = server.connect(1);
  FakeClient loud = server.connect(2);
  silent.send(frame16({1}));
  loud.send(frame16({1}));
  server.settle();
  CHECK(!silent.closed() && !loud.closed());
  loud.send(Bytes(2000, 1));
  server.settle();
  CHECK(loud.closed() && !silent.closed());
  server.run_for(1999);
  CHECK(!silent.closed());
  server.run_for(20);
  CHECK(silent.closed() && !silent.was_reset());
}

TEST("[SV13] a reply to a connection that was reset is counted as late and reaches nobody") {
  FakeServer server(1, options_of(small_config()));
  FakeClient gone = server.connect(1);
  gone.send(frame16({1}));
  server.settle();
  gone.reset();
  server.settle();
  FakeClient next = server.connect(2);
  server.settle();
  answer_all(server);
  CHECK_EQ(server.get(ServerCounter::kLateReplies), 1.0);
  CHECK_EQ(server.get(ServerCounter::kAborted), 1.0);
  CHECK_EQ(next.readable(), 0u);
}

TEST("[SV35] an entry that points outside its memory fails its request and sends nothing") {
  FakeServer server(1, options_of(small_config()));
  FakeClient client = server.connect();
  client.send(frame16({1}));
  server.settle();
  server.js().reply_in_place(server.js().held().front(), 2040, 100);
  server.js().commit();
  server.settle();
  CHECK_EQ(client.readable(), 0u);
  CHECK_EQ(server.get(ServerCounter::kFailed), 1.0);
  CHECK(client.ended());
}

}  // namespace netvolley::test
