#include "flow_receiver.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "flow_socket.h"
#include "sockets.h"

namespace netvolley::bench {
namespace {

constexpr int kCallsPerTurn = 64;  // then the input is looked at
constexpr int kQuietMs = 50;       // no datagram for so long: a backlog is drained

void say(const std::string& line) {
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

}  // namespace

FlowReceiver::FlowReceiver(const std::string& mode, bool wildcard)
    : strategy_(make_receive_strategy(mode)), socket_(open_flow_socket()) {
  strategy_->prepare(socket_.get());
  bind_flow_socket(socket_.get(), wildcard);
}

int FlowReceiver::run() {
  say("PORT " + std::to_string(local_port(socket_.get())));
  pollfd watched[2] = {{socket_.get(), POLLIN, 0}, {0, POLLIN, 0}};
  for (;;) {
    if (::poll(watched, 2, -1) < 0 && errno != EINTR) fail_with_errno("poll");
    if (watched[0].revents != 0) drain();
    if (watched[1].revents != 0 && !obey()) break;
  }
  say(tally_.json(flow_now_ms()));
  return 0;
}

void FlowReceiver::drain() {
  for (int i = 0; i < kCallsPerTurn; ++i) {
    if (!strategy_->receive(socket_.get(), tally_)) return;
  }
}

bool FlowReceiver::obey() {
  char bytes[256];
  const ssize_t got = ::read(0, bytes, sizeof bytes);
  if (got <= 0) return got < 0 && errno == EINTR;
  input_.append(bytes, static_cast<size_t>(got));
  for (size_t end = input_.find('\n'); end != std::string::npos; end = input_.find('\n')) {
    const std::string line = input_.substr(0, end);
    input_.erase(0, end + 1);
    if (line == "snap") say(tally_.json(flow_now_ms()));
    if (line.rfind("block ", 0) == 0) block(std::atoi(line.c_str() + 6));
  }
  return true;
}

// Lets the socket's buffer fill, then takes the time of emptying it, up to the last datagram.
void FlowReceiver::block(int ms) {
  const timespec pause{ms / 1000, ms % 1000 * 1000000L};
  ::nanosleep(&pause, nullptr);
  const uint64_t before = tally_.received();
  const double started = flow_now_ms();
  double last = started;
  for (;;) {
    while (strategy_->receive(socket_.get(), tally_)) {
    }
    last = flow_now_ms();
    pollfd readable{socket_.get(), POLLIN, 0};
    if (::poll(&readable, 1, kQuietMs) == 0) break;
  }
  char text[128];
  std::snprintf(text, sizeof text, "{\"drained\":%llu,\"ns\":%.0f}",
                static_cast<unsigned long long>(tally_.received() - before), (last - started) * 1e6);
  say(text);
}

}  // namespace netvolley::bench
