#pragma once

#include <memory>

#include "engine/reactor.h"
#include "io/back_end.h"
#include "io/clock.h"
#include "io/posix_stream_io.h"

namespace netvolley {

// The part of an engine that knows nothing of Node: the system's back end and the reactor on top of it. Threads that
// are attached to one of its sockets share it: what they post after its end is dropped.
class EngineCore {
 public:
  static constexpr uint32_t kMaxEvents = 512;
  // As many as the kernel takes in one call. What no socket uses is never touched.
  static constexpr uint32_t kDatagramBatch = 1024;

  // Memory that JavaScript made and keeps: the word alone on its line, then EngineCounter::kCount doubles.
  EngineCore(BackEnd back_end, uint32_t* engine_sleeps, double* counters)
      : poller_(make_poller(back_end, kMaxEvents)),
        datagrams_(make_datagram_io(back_end, kDatagramBatch)),
        reactor_(System{clock_, *poller_, streams_, *datagrams_}, SharedWord(engine_sleeps), CounterPage(counters),
                 kMaxEvents) {}
  EngineCore(const EngineCore&) = delete;
  EngineCore& operator=(const EngineCore&) = delete;

  // An errno, 0 = good: the process may be out of descriptors.
  int error() const { return poller_->error(); }
  Reactor& reactor() { return reactor_; }
  Poller& poller() { return *poller_; }
  double now_ms() { return clock_.now_ms(); }

 private:
  MonotonicClock clock_;
  std::unique_ptr<Poller> poller_;
  PosixStreamIo streams_;
  std::unique_ptr<DatagramIo> datagrams_;
  Reactor reactor_;
};

}  // namespace netvolley
