// netvolley_epoll_server: the frozen minimal C++ reference of the benches.
//   netvolley_epoll_server [--port 0] [--max-body 65536] [--header 32 --length-offset 28 --length-bytes 4 --endian big]
//   netvolley_epoll_server --udp [--port 0] [--datagram-bytes 2048]
// Prints `PORT n` when it listens on 127.0.0.1, ends when its standard input ends, and prints its counters as one JSON
// line.
#include <cinttypes>
#include <cstdio>

#include "sockets.h"
#include "tcp_echo_server.h"
#include "udp_echo_server.h"

namespace netvolley::bench {
namespace {

template <typename Server>
int serve(Server& server) {
  std::printf("PORT %u\n", static_cast<unsigned>(server.port()));
  std::fflush(stdout);
  server.run();
  const ServerCounters& counters = server.counters();
  std::printf("{\"answers\":%" PRIu64 ",\"systemCalls\":%" PRIu64 ",\"waits\":%" PRIu64 ",\"receives\":%" PRIu64
              ",\"sends\":%" PRIu64 ",\"connections\":%" PRIu64 ",\"refused\":%" PRIu64 "}\n",
              counters.answers, counters.waits + counters.receives + counters.sends, counters.waits, counters.receives,
              counters.sends, counters.connections, counters.refused);
  return 0;
}

int run(int argc, char** argv) {
  Options options(argc, argv, 1);
  const auto port = static_cast<uint16_t>(options.number("port", 0, 0, 65535));
  raise_descriptor_limit();
  if (options.flag("udp")) {
    const size_t datagram_bytes = options.number("datagram-bytes", 2048, 1, 65536);
    options.finish();
    UdpEchoServer server(port, datagram_bytes);
    return serve(server);
  }
  const FrameFormat format = FrameFormat::from(options);
  const size_t max_body_bytes = options.number("max-body", 65536, 0, 16 * 1024 * 1024);
  options.finish();
  TcpEchoServer server(format, port, max_body_bytes);
  return serve(server);
}

}  // namespace
}  // namespace netvolley::bench

int main(int argc, char** argv) { return netvolley::bench::run(argc, argv); }
