#include "test/fake_server.h"

// When a connection is ended because its peer is slow, and when it is not. Times are those of the simulated clock.
namespace netvolley::test {

namespace {

constexpr double kLate = 8 + 8;  // one slot of the wheel and one turn

FakeServerOptions options_of(const ServerConfig& config) {
  FakeServerOptions options;
  options.config = config;
  return options;
}

// Lets time pass until the server has closed the client's connection; gives when that was.
double time_of_end(FakeServer& server, const FakeClient& client, double most_ms) {
  const double began_ms = server.kernel.now_ms();
  while (!client.closed() && server.kernel.now_ms() < began_ms + most_ms) server.run_for(1);
  return server.kernel.now_ms() - began_ms;
}

void check_between(double value, double least, double most) {
  const Note note("a time of " + std::to_string(value) + " ms");
  CHECK(value >= least && value <= most);
}

}  // namespace

TEST("[SV20] a client that says nothing is closed 2 s after it was accepted") {
  FakeServer server(1, options_of(small_config()));
  FakeClient client = server.connect();
  check_between(time_of_end(server, client, 5000), 2000, 2000 + kLate);
  CHECK_EQ(server.closed(CloseReason::kHeaderTimeout), 1.0);
}

TEST("[SV20] a client that sends a byte every half second is closed after 2 s while others are served") {
  FakeServer server(1, options_of(small_config()));
  server.handler = FakeServer::echo;
  FakeClient slow = server.connect(1);
  FakeClient good = server.connect(2);
  const Bytes frame = frame16(Bytes(300, 7));
  double closed_at = 0;
  uint32_t answered = 0;
  for (int half = 0; half < 8; ++half) {
    if (!slow.closed()) slow.send({half == 0 ? uint8_t{1} : uint8_t{44}});
    good.send(frame);
    for (int i = 0; i < 500; ++i) {
      server.run_for(1);
      if (slow.closed() && closed_at == 0) closed_at = server.kernel.now_ms();
    }
    answered += static_cast<uint32_t>(good.read().size() / frame.size());
  }
  CHECK_EQ(answered, 8u);
  CHECK_EQ(server.closed(CloseReason::kHeaderTimeout) + server.closed(CloseReason::kBodyTimeout), 1.0);
  // The header, two bytes, took half a second; the body then has its own 2 s.
  check_between(closed_at - 1000, 2500, 2500 + kLate + 2);
}

TEST("[SV20] the body has 2 s and what its bytes earn at the minimum rate") {
  ServerConfig config = small_config();
  config.min_bytes_per_ms = 1;
  FakeServer server(1, options_of(config));
  FakeClient client = server.connect();
  Bytes frame = frame16(Bytes(8000, 1));
  frame.resize(1002);
  client.send(frame);
  check_between(time_of_end(server, client, 9000), 2000 + 1002, 2000 + 1002 + kLate);
  CHECK_EQ(server.closed(CloseReason::kBodyTimeout), 1.0);
}

TEST("[SV20] a reader that takes nothing is reset 2 s after the first would-block") {
  ServerConfig config = small_config();
  FakeServerOptions options = options_of(config);
  options.limits.send_bytes = 1000;
  FakeServer server(1, options);
  server.handler = [](FakeJavaScript& js, const FakeRequest& request) { js.reply(request, Bytes(5000, 3)); };
  FakeClient client = server.connect();
  client.send(frame16({1}));
  // 1,000 bytes went into the send buffer before the first would-block: they earn nothing.
  check_between(time_of_end(server, client, 9000), 2000, 2000 + kLate);
  CHECK_EQ(server.closed(CloseReason::kWriteTimeout), 1.0);
  CHECK(client.was_reset());
}

TEST("[SV20] the write deadline also holds for the last reply of a connection that was idle before") {
  for (const bool by_handler : {true, false}) {
    FakeServerOptions options = options_of(small_config());
    options.limits.send_bytes = 1000;
    FakeServer server(1, options);
    bool large = false;
    server.handler = [&](FakeJavaScript& js, const FakeRequest& request) {
      js.reply(request, Bytes(large ? 5000 : 10, 3), large && by_handler ? kReplyCloseAfter : 0);
    };
    FakeClient client = server.connect();
    client.send(frame16({1}));
    server.run_for(10000);  // its timer now stands at the idle deadline, far away
    client.read();
    large = true;
    client.send(frame16({1}));
    if (!by_handler) client.finish();
    check_between(time_of_end(server, client, 90000), 2000, 2000 + kLate);
    CHECK_EQ(server.closed(CloseReason::kWriteTimeout), 1.0);
  }
}

TEST("[SV20] a reader that takes bytes at the minimum rate is served to the end") {
  ServerConfig config = small_config();
  config.min_bytes_per_ms = 1;
  FakeServerOptions options = options_of(config);
  options.limits.send_bytes = 1000;
  FakeServer server(1, options);
  server.handler = [](FakeJavaScript& js, const FakeRequest& request) { js.reply(request, Bytes(20000, 3)); };
  FakeClient client = server.connect();
  client.send(frame16({1}));
  size_t got = 0;
  for (int i = 0; i < 200 && got < 20000; ++i) {
    server.run_for(100);
    got += client.read(120).size();
  }
  CHECK_EQ(got, 20000u);
  CHECK(!client.closed());
}

TEST("[SV20] a kept connection without a request is closed after the idle time, counted from its last reply") {
  ServerConfig config = small_config();
  config.idle_timeout_ms = 5000;
  FakeServer server(1, options_of(config));
  FakeClient client = server.connect();
  client.send(frame16({1}));
  server.run_for(20000);  // the handler takes longer than any deadline of the client
  CHECK(!client.closed());
  server.handler = FakeServer::echo;
  server.js().ring();
  check_between(time_of_end(server, client, 9000), 5000, 5000 + kLate);
  CHECK_EQ(server.closed(CloseReason::kIdleTimeout), 1.0);
}

TEST("[SV20] without an idle time a kept connection stays, and its deadlines still hold") {
  ServerConfig config = small_config();
  config.idle_timeout_ms = 0;
  FakeServer server(1, options_of(config));
  server.handler = FakeServer::echo;
  FakeClient client = server.connect();
  client.send(frame16({1}));
  server.run_for(600000);
  CHECK(!client.closed());
  client.send({0});
  check_between(time_of_end(server, client, 9000), 2000, 2000 + kLate);
}

TEST("[SV20] JavaScript that holds the thread for long does not make a reply late from the start") {
  FakeServerOptions options = options_of(small_config());
  options.inline_drive = true;
  options.limits.send_bytes = 1000;
  FakeServer server(1, options);
  server.handler = [&](FakeJavaScript& js, const FakeRequest& request) {
    server.kernel.advance_to(server.kernel.now_ms() + 3000);
    js.reply(request, Bytes(3000, 3));
  };
  FakeClient client = server.connect();
  client.send(frame16({1}));
  server.run_for(3001);
  size_t got = 0;
  for (int i = 0; i < 20; ++i) {
    server.run_for(50);
    got += client.read().size();
  }
  CHECK_EQ(got, 3000u);
}

TEST("[SV20] a frame that waited because the server was full gets its time anew") {
  ServerConfig config = small_config();
  config.max_tcp_in_flight = 1;
  FakeServer server(1, options_of(config));
  FakeClient first = server.connect(1);
  first.send(frame16({1}));
  server.settle();
  FakeClient second = server.connect(2);
  second.send({0});
  server.run_for(10000);
  CHECK(!second.closed());
  server.handler = FakeServer::echo;
  server.js().ring();
  server.run_for(1000);
  second.send({3, 1, 2, 3});
  server.run_for(100);
  CHECK_EQ(second.read().size(), 5u);
}

}  // namespace netvolley::test
