#pragma once

#include <memory>
#include <string>

#include "file_descriptor.h"
#include "flow_payload.h"

namespace netvolley::bench {

// One way to take datagrams out of a socket: recvfrom, recvmmsg, or recvmmsg of joined ones (GRO).
class ReceiveStrategy {
 public:
  virtual ~ReceiveStrategy() = default;
  // Once, before the socket is bound.
  virtual void prepare(int fd) { (void)fd; }
  // One system call. False = the socket is empty.
  [[nodiscard]] virtual bool receive(int fd, FlowTally& tally) = 0;
};

// `mode` is recvfrom, recvmmsg or gro; anything else is a usage error.
[[nodiscard]] std::unique_ptr<ReceiveStrategy> make_receive_strategy(const std::string& mode);

// The receiving end of a flow: prints `PORT n`, obeys the lines of its standard input (`snap`, `block MS`), and ends
// with it.
class FlowReceiver {
 public:
  FlowReceiver(const std::string& mode, bool wildcard);
  int run();

 private:
  void drain();
  // False = the input has ended.
  [[nodiscard]] bool obey();
  void block(int ms);

  std::unique_ptr<ReceiveStrategy> strategy_;
  FileDescriptor socket_;
  FlowTally tally_;
  std::string input_;
};

}  // namespace netvolley::bench
