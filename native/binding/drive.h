#pragma once

#include <functional>
#include <memory>

#include "engine/bell.h"

namespace netvolley {

// Who runs a reactor. Made, used and closed on the JavaScript thread that owns the engine.
class Drive {
 public:
  virtual ~Drive() = default;

  // Begins. Returns an errno, 0 = done; on failure nothing is left behind and nothing else may be called.
  [[nodiscard]] virtual int open() = 0;
  // Called by the reactor when JavaScript has something to take.
  virtual std::shared_ptr<Bell> bell() = 0;
  // Runs `command` where the reactor runs: at once (inline), or in its next turn (thread).
  virtual void run(std::function<void()> command) = 0;
  // JavaScript has answered outside a turn: the answers go out.
  virtual void settle() = 0;
  // Whether the engine keeps the process alive.
  virtual void set_ref(bool ref) = 0;
  // When it returns the reactor has stopped and every descriptor is closed; `closed` runs when libuv has let go too.
  // The drive must live until then.
  virtual void close(std::function<void()> closed) = 0;
};

}  // namespace netvolley
