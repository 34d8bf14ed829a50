#pragma once

#include "engine/reactor.h"
#include "io/clock.h"
#include "io/epoll_poller.h"
#include "io/mmsg_datagram_io.h"
#include "io/posix_stream_io.h"

namespace netvolley {

// The part of an engine that knows nothing of Node: the system's back end and the reactor on top of it.
class EngineCore {
 public:
  static constexpr uint32_t kMaxEvents = 512;
  static constexpr uint32_t kDatagramBatch = 64;

  // Memory that JavaScript made and keeps: the word alone on its line, then EngineCounter::kCount doubles.
  EngineCore(uint32_t* engine_sleeps, double* counters)
      : poller_(kMaxEvents),
        datagrams_(kDatagramBatch),
        reactor_(System{clock_, poller_, streams_, datagrams_}, SharedWord(engine_sleeps), CounterPage(counters),
                 kMaxEvents) {}
  EngineCore(const EngineCore&) = delete;
  EngineCore& operator=(const EngineCore&) = delete;

  // An errno, 0 = good: the process may be out of descriptors.
  int error() const { return poller_.error(); }
  Reactor& reactor() { return reactor_; }
  EpollPoller& poller() { return poller_; }
  double now_ms() { return clock_.now_ms(); }

 private:
  MonotonicClock clock_;
  EpollPoller poller_;
  PosixStreamIo streams_;
  MmsgDatagramIo datagrams_;
  Reactor reactor_;
};

}  // namespace netvolley
