// netvolley_load: the one load generator of the benches; all servers of a trial are measured by it.
//   netvolley_load tcp-echo --port P [--connections 50 --pipeline 16 --body 64 --header 32 --length-offset 28
//                  --length-bytes 4 --endian big] [--seconds 2 --warmup 0 --seed 1] [--json]
//   netvolley_load udp-echo --port P [--outstanding 64 --sockets 1 --body 64] [--seconds ... --json]
//   netvolley_load udp-dns --port P --queries FILE [--outstanding 64 --sockets 1] [--seconds ... --json]
// Ends with 0 when every reply was right and there was at least one, else with 1.
#include <string>

#include "dns_protocol.h"
#include "echo_protocol.h"
#include "sockets.h"
#include "tcp_echo_load.h"
#include "udp_load.h"

namespace netvolley::bench {
namespace {

template <typename Load>
int measure(Load load, const Options& options, bool as_json) {
  options.finish();
  const LoadReport& report = load.run();
  print_report(report, load.window(), as_json);
  return report.bad == 0 && report.answered > 0 ? 0 : 1;
}

int run(int argc, char** argv) {
  const std::string subcommand = argc > 1 ? argv[1] : "";
  Options options(argc, argv, argc > 1 ? 2 : 1);
  const bool as_json = options.flag("json");
  raise_descriptor_limit();
  if (subcommand == "tcp-echo") return measure(TcpEchoLoad::from(options), options, as_json);
  if (subcommand == "udp-echo") {
    EchoProtocol protocol = EchoProtocol::from(options);
    return measure(UdpLoad::from(options, protocol), options, as_json);
  }
  if (subcommand == "udp-dns") {
    DnsProtocol protocol = DnsProtocol::from(options);
    return measure(UdpLoad::from(options, protocol), options, as_json);
  }
  usage_error("usage: netvolley_load tcp-echo|udp-echo|udp-dns --port P ..., got '" + subcommand + "'");
}

}  // namespace
}  // namespace netvolley::bench

int main(int argc, char** argv) { return netvolley::bench::run(argc, argv); }
