#pragma once

#include <cstdint>

#include "io/io_result.h"

namespace netvolley {

// kTrouble: errors and hangups alone, of a descriptor that nothing else is wanted of; reported as every other
// direction.
// kOnce, only beside others in add(): until rearm() the kernel does not even notice what happens. Worth a system call
// for each rearm() where events outnumber waits, as of a datagram socket: every datagram is one.
enum Direction : uint8_t { kReadable = 1, kWritable = 2, kTrouble = 4, kOnce = 8 };

struct PollEvent {
  uint64_t token = 0;
  uint8_t ready = 0;    // Direction bits
  bool hangup = false;  // the peer has finished or an error is pending: read until read() says so
};

// Tells which descriptors may be read or written. Its events are hints, one per direction: once reported, a direction
// is silent until rearm(), which the engine calls exactly after a would-block.
// One thread owns a poller and calls everything; only wake() may be called from any other thread.
class Poller {
 public:
  virtual ~Poller() = default;
  // An errno, 0 = usable.
  virtual int error() const = 0;

  // Watches `directions` (Direction bits); another one is silent until it is rearmed. Returns an errno, 0 = done. The
  // descriptor stays the caller's.
  [[nodiscard]] virtual int add(int fd, uint64_t token, uint8_t directions) = 0;
  virtual void remove(int fd) = 0;
  virtual void rearm(int fd, uint64_t token, Direction direction) = 0;

  // Waits until something is ready, wake() was called, or the time is over (0 = look only, < 0 = no limit); gives the
  // number of events. A wake-up takes no place in `events`; it is taken back before wait() returns.
  virtual IoResult wait(PollEvent* events, uint32_t capacity, double timeout_ms) = 0;

  // Makes wait() return at `at_ms` (of MonotonicClock; < 0 = no alarm), finer than its timeout can say. False = this
  // poller cannot: the timeout has to do. The alarm takes no place in `events`.
  [[nodiscard]] virtual bool set_alarm(double at_ms) = 0;

  // Makes the present or next wait() return. Safe from any thread, also while the owner closes.
  virtual void wake() = 0;

  // A descriptor that is readable while wait() would return at once, or -1: then only the thread drive can run it.
  virtual int descriptor() const = 0;
};

}  // namespace netvolley
