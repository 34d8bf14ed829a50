#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <vector>

#include "file_descriptor.h"
#include "flow_payload.h"

namespace netvolley::bench {

struct FlowOrder {
  uint32_t port = 0;
  uint32_t payload = 0;
  double seconds = 0;
  uint32_t destinations = 1;
  uint32_t flow = 0;
};

// The sending end of a flow: prints `READY`, and for each line `go {...}` sends as fast as it can for that long and
// prints what became of it. Ends with its standard input.
class FlowSender {
 public:
  enum class Mode { kSendto, kSendmmsg, kGso };

  // `batch`: datagrams of one system call, but for sendto; `segments`: of one message, with GSO.
  FlowSender(Mode mode, size_t batch, size_t segments);
  int run();

 private:
  struct Result {
    uint64_t offered = 0;
    uint64_t accepted = 0;
    double seconds = 0;
  };
  [[nodiscard]] Result send_for(const FlowOrder& order);
  void lay_out(const FlowOrder& order);
  void number(const FlowOrder& order, uint32_t first);
  // One system call; messages that the kernel took, -1 = none.
  [[nodiscard]] int send(size_t from);

  Mode mode_;
  size_t batch_;
  size_t segments_;
  FileDescriptor socket_;
  FlowPayload payload_;
  std::vector<uint8_t> bytes_;
  std::vector<mmsghdr> messages_;
  std::vector<iovec> parts_;
  std::vector<uint8_t> controls_;
  std::vector<sockaddr_in> destinations_;
  size_t per_message_ = 1;
  size_t next_destination_ = 0;
};

}  // namespace netvolley::bench
