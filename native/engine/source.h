#pragma once

#include <cstdint>

namespace netvolley {

// Something that a reactor drives: it owns descriptors, deadlines and links. All calls come from the reactor's thread,
// in the order in which they stand here; none may block.
class Source {
 public:
  virtual ~Source() = default;

  // Takes what JavaScript has answered.
  virtual void collect() = 0;
  // `key` is what the source gave when it registered the descriptor; `ready` are Direction bits.
  virtual void on_ready(uint32_t key, uint8_t ready, bool hangup) = 0;
  virtual void on_deadline(uint32_t key) = 0;
  // Goes on with work that was left over: budgets that ran out, readers that were paused and may go on.
  virtual void advance() = 0;
  // Writes out, then makes new requests visible to JavaScript and rings where somebody sleeps.
  virtual void publish() = 0;
  // True = a turn with timeout 0 has something to do. Also looks at the shared memory of its links.
  virtual bool has_work() = 0;
  // The reactor forgets the source at the end of the turn in which this becomes true.
  virtual bool finished() const = 0;
  // The reactor stops: close every descriptor at once.
  virtual void stop() = 0;
};

}  // namespace netvolley
