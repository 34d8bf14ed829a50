#include "test/fake_server.h"

// How a server ends: drained, destroyed, stopped.
namespace netvolley::test {

namespace {

FakeServerOptions options_of(bool inline_drive = false, bool poll_like = false) {
  FakeServerOptions options;
  options.config = small_config();
  options.inline_drive = inline_drive;
  options.poll_like = poll_like;
  return options;
}

// Runs until the server is finished; gives how long that took.
double time_of_finish(FakeServer& server, double most_ms) {
  const double began_ms = server.kernel.now_ms();
  while (server.state() != ServerState::kClosed && server.kernel.now_ms() < began_ms + most_ms) server.run_for(1);
  return server.kernel.now_ms() - began_ms;
}

}  // namespace

TEST("[SV41] a drained server with nothing to do is finished at once") {
  for (const bool inline_drive : {false, true}) {
    FakeServer server(1, options_of(inline_drive));
    server.drain(10000);
    CHECK(time_of_finish(server, 20000) <= 2);
    server.check_finished();
  }
}

TEST("[SV41] draining closes idle connections and answers busy ones") {
  for (const bool poll_like : {false, true}) {
    FakeServer server(1, options_of(false, poll_like));
    FakeClient idle = server.connect(1);
    FakeClient busy = server.connect(2);
    busy.send(frame16({1, 2}));
    server.settle();
    server.drain(10000);
    server.settle();
    CHECK(idle.ended() && !idle.was_reset());
    CHECK(!busy.ended());
    idle.close();
    server.handler = FakeServer::echo;
    server.js().ring();
    server.settle();
    CHECK(busy.read() == frame16({1, 2}));
    CHECK(busy.ended() && !busy.was_reset());
    busy.close();
    server.settle();
    CHECK_EQ(server.get(ServerCounter::kDrainIdleClosed), 1.0);
    CHECK_EQ(server.get(ServerCounter::kDrainServed), 1.0);
    CHECK_EQ(server.get(ServerCounter::kDrainAborted), 0.0);
    server.check_finished();
  }
}

TEST("[SV41] what the kernel holds when the drain begins is answered, though its event was not seen yet") {
  for (const bool inline_drive : {false, true}) {
    FakeServer server(1, options_of(inline_drive));
    server.handler = FakeServer::echo;
    FakeClient known = server.connect(1);
    server.settle();
    // All of this and the command are in one turn.
    known.send(frame16({1}));
    FakeClient waiting = server.connect(2);
    waiting.send(frame16({2}));
    server.kernel.send_datagram(address_of(3, 3), {3});
    server.drain(10000);
    server.run_for(1);
    CHECK(known.read() == frame16({1}));
    CHECK(waiting.read() == frame16({2}));
    FakeDatagram datagram;
    CHECK(server.kernel.take_sent(&datagram) && datagram.bytes == Bytes{3});
    known.close();
    waiting.close();
    CHECK(time_of_finish(server, 20000) <= 2);
    server.check_finished();
  }
}

TEST("[SV41] a frame that is incomplete when the drain begins is not waited for") {
  FakeServer server(1, options_of());
  FakeClient client = server.connect();
  client.send({0, 9, 1});
  server.settle();
  server.drain(10000);
  server.settle();
  CHECK(client.ended());
  client.close();
  server.check_finished();
}

TEST("[SV41] a reply that was sent by half is sent to the end while the server drains") {
  FakeServerOptions options = options_of();
  options.limits.send_bytes = 1000;
  FakeServer server(1, options);
  server.handler = [](FakeJavaScript& js, const FakeRequest& request) { js.reply(request, Bytes(20000, 4)); };
  FakeClient client = server.connect();
  client.send(frame16({1}));
  server.settle();
  server.drain(10000);
  size_t got = 0;
  for (int i = 0; i < 100 && !client.ended(); ++i) {
    got += client.read(700).size();
    server.run_for(5);
  }
  CHECK_EQ(got, 20000u);
  CHECK(!client.was_reset());
  client.close();
  CHECK(time_of_finish(server, 20000) <= 2);
  server.check_finished();
}

TEST("[SV41] at the end of its grace the rest is aborted, counted, and nothing stays open") {
  FakeServer server(1, options_of());
  FakeClient client = server.connect();
  client.send(frame16({1}));
  server.kernel.send_datagram(address_of(3, 3), {3});
  server.settle();
  server.drain(500);
  const double took_ms = time_of_finish(server, 20000);
  CHECK(took_ms >= 500 && took_ms <= 500 + 16);
  CHECK(client.was_reset());
  CHECK_EQ(server.get(ServerCounter::kDrainAborted), 2.0);
  CHECK_EQ(server.get(ServerCounter::kAborted), 2.0);
  CHECK_EQ(server.get(ServerCounter::kDrainDestroyed), 1.0);
  server.check_finished();
}

TEST("[SV41] senders of datagrams who never stop do not hold the drain up") {
  FakeServer server(1, options_of());
  server.handler = FakeServer::echo;
  bool sending = true;
  std::function<void()> send = [&] {
    if (!sending) return;
    server.kernel.send_datagram(address_of(3, 3), {3});
    server.kernel.at(server.kernel.now_ms() + 0.25, send);
  };
  send();
  server.run_for(10);
  server.drain(10000);
  CHECK(time_of_finish(server, 20000) < 150);
  sending = false;
  server.kernel.advance_to(server.kernel.now_ms() + 1);
  server.check_finished();
}

TEST("[SV41] replies that the device has no buffer for are waited for by the drain, and end it") {
  for (const bool inline_drive : {false, true}) {
    FakeServer server(1, options_of(inline_drive));
    server.handler = FakeServer::echo;
    server.kernel.faults.no_buffers = 1;
    server.kernel.send_datagram(address_of(3, 3), {3});
    server.run_for(5);
    server.drain(10000);
    server.run_for(50);
    CHECK_EQ(server.state(), ServerState::kDraining);
    server.kernel.faults.no_buffers = 0;
    CHECK(time_of_finish(server, 20000) <= 20);
    CHECK_EQ(server.get(ServerCounter::kDatagramsOut), 1.0);
    server.check_finished();
  }
}

TEST("[SV41] the last answer of a datagram ends the drain at once, under both drives") {
  for (const bool inline_drive : {false, true}) {
    FakeServer server(1, options_of(inline_drive));
    server.kernel.send_datagram(address_of(3, 3), {3});
    server.settle();
    server.drain(10000);
    server.run_for(500);
    CHECK_EQ(server.state(), ServerState::kDraining);
    server.js().reply(server.js().held().front(), {4});
    server.js().commit();
    CHECK(time_of_finish(server, 20000) <= 2);
    CHECK_EQ(server.get(ServerCounter::kDatagramsOut), 1.0);
    server.check_finished();
  }
}

TEST("[SV42] destroy closes everything at once, also twice, also while draining") {
  for (const bool draining : {false, true}) {
    FakeServer server(1, options_of());
    FakeClient idle = server.connect(1);
    FakeClient busy = server.connect(2);
    FakeClient half = server.connect(3);
    busy.send(frame16({1}));
    half.send({0, 9, 1});
    server.kernel.send_datagram(address_of(3, 3), {3});
    server.settle();
    if (draining) server.drain(10000);
    server.destroy();
    server.destroy();
    server.settle();
    CHECK(idle.was_reset() && busy.was_reset() && half.was_reset());
    CHECK_EQ(server.get(ServerCounter::kAborted), 2.0);
    server.check_finished();
  }
}

TEST("[SV42] answers that come after the end change nothing") {
  FakeServer server(1, options_of());
  FakeClient client = server.connect();
  client.send(frame16({1}));
  server.settle();
  const FakeRequest request = server.js().held().front();
  server.destroy();
  server.settle();
  server.js().reply(request, {1});
  server.js().commit();
  server.check_finished();
  CHECK_EQ(server.get(ServerCounter::kReplied), 0.0);
}

}  // namespace netvolley::test
