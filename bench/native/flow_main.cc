// netvolley_flow: one end of a one-way flow of datagrams, the frozen C++ reference of the UDP benches.
//   netvolley_flow receive --mode recvfrom|recvmmsg|gro [--wildcard]
//   netvolley_flow send --mode sendto|sendmmsg|gso [--batch 64] [--segments 64]
// bench/README.md, "Flows", has the lines that they speak with the runner.
#include <string>

#include "flow_receiver.h"
#include "flow_sender.h"
#include "options.h"

namespace netvolley::bench {
namespace {

FlowSender::Mode send_mode(const std::string& name) {
  if (name == "sendto") return FlowSender::Mode::kSendto;
  if (name == "sendmmsg") return FlowSender::Mode::kSendmmsg;
  if (name == "gso") return FlowSender::Mode::kGso;
  usage_error("--mode takes sendto, sendmmsg or gso, got '" + name + "'");
}

int run(int argc, char** argv) {
  const std::string role = argc > 1 ? argv[1] : "";
  Options options(argc, argv, argc > 1 ? 2 : 1);
  if (role == "receive") {
    const std::string mode = options.text("mode", "recvmmsg");
    const bool wildcard = options.flag("wildcard");
    options.finish();
    return FlowReceiver(mode, wildcard).run();
  }
  if (role == "send") {
    const FlowSender::Mode mode = send_mode(options.text("mode", "gso"));
    const size_t batch = options.number("batch", 64, 2, 1024);
    const size_t segments = options.number("segments", 64, 2, 64);
    options.finish();
    return FlowSender(mode, batch & ~size_t{1}, segments & ~size_t{1}).run();
  }
  usage_error("usage: netvolley_flow receive|send --mode MODE ..., got '" + role + "'");
}

}  // namespace
}  // namespace netvolley::bench

int main(int argc, char** argv) { return netvolley::bench::run(argc, argv); }
