#pragma once

#include "io/clock.h"
#include "io/datagram_io.h"
#include "io/poller.h"
#include "io/stream_io.h"

namespace netvolley {

// All that a reactor asks of the operating system. Tests put fakes here. The referenced objects outlive the reactor.
struct System {
  Clock& clock;
  Poller& poller;
  StreamIo& streams;
  DatagramIo& datagrams;
};

}  // namespace netvolley
