#pragma once

namespace netvolley {

// Calls a JavaScript thread that sleeps. Rung by the reactor's thread; never blocks and may outlive the one it calls.
class Bell {
 public:
  virtual ~Bell() = default;
  virtual void ring() = 0;
};

}  // namespace netvolley
