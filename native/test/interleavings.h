#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

// Runs every interleaving of small programs that share a few cells. A program is an ordinary function, so that it can
// call the very templates under test; it is suspended inside them by an exception and continued by running it anew
// with what its steps saw before. That needs no threads and no contexts of their own, so any sanitizer can watch.
namespace netvolley::test {

using Cells = std::array<uint8_t, 16>;

// All there is between two steps: what is shared, and what each program has seen since it last began.
struct ModelState {
  Cells cells{};
  std::vector<std::string> seen;

  // The program is at its beginning: it has done nothing that it did not finish.
  bool rests(size_t program) const { return seen[program].empty(); }
};

class Steps {
 public:
  static constexpr int kBlocked = -1;

  // One atomic step. `act(cells, way)` changes the cells and gives what the program sees of them (0..255), or kBlocked
  // where this way cannot be gone now. Every way below `ways` is explored.
  template <class Act>
  uint32_t step(const char* what, const char* verb, uint8_t ways, Act act) {
    if (position_ < seen_.size()) return static_cast<uint8_t>(seen_[position_++]);
    if (taken_) throw Suspend{};
    ways_ = ways;
    const int seen = act(cells_, way_);
    if (seen == kBlocked) {
      blocked_ = true;
      throw Suspend{};
    }
    taken_ = true;
    what_ = what;
    verb_ = verb;
    value_ = static_cast<uint8_t>(seen);
    seen_.push_back(static_cast<char>(seen));
    ++position_;
    return value_;
  }

 private:
  friend class Interleavings;
  struct Suspend {};

  Steps(Cells& cells, std::string& seen, uint8_t way) : cells_(cells), seen_(seen), way_(way) {}

  Cells& cells_;
  std::string& seen_;
  size_t position_ = 0;
  uint8_t way_;
  uint8_t ways_ = 1;
  uint8_t value_ = 0;
  bool taken_ = false;
  bool blocked_ = false;
  const char* what_ = "";
  const char* verb_ = "";
};

// A word of the hand-over: each operation is one step.
class ModelWord {
 public:
  ModelWord(Steps& steps, const char* name, uint8_t cell) : steps_(steps), name_(name), cell_(cell) {}

  uint32_t load() const {
    return steps_.step(name_, "load", 1, [this](Cells& cells, uint8_t) { return cells[cell_]; });
  }
  void store(uint32_t value) {
    steps_.step(name_, "store", 1, [&](Cells& cells, uint8_t) { return cells[cell_] = static_cast<uint8_t>(value); });
  }
  uint32_t exchange(uint32_t value) {
    return steps_.step(name_, "exchange", 1, [&](Cells& cells, uint8_t) {
      const uint8_t before = cells[cell_];
      cells[cell_] = static_cast<uint8_t>(value);
      return before;
    });
  }

 private:
  Steps& steps_;
  const char* name_;
  uint8_t cell_;
};

class Interleavings {
 public:
  // Begins again whenever it has returned; it ends by a first step that stays blocked.
  struct Program {
    const char* name;
    std::function<void(Steps&)> run;
  };
  // What is wrong in a state, or null.
  using Invariant = std::function<const char*(const ModelState&)>;

  Interleavings(std::vector<Program> programs, const Cells& initial, Invariant invariant);

  // False = a state breaks the invariant; violation() then tells the steps that lead there.
  bool explore();

  const std::string& violation() const { return violation_; }
  // Different orders of steps from the beginning until no program can go on.
  double interleavings() const { return interleavings_; }
  // Orders that lead to one state are continued once.
  size_t states() const { return counted_.size(); }
  size_t executed_steps() const { return executed_steps_; }

 private:
  struct Taken {
    size_t program;
    const char* what;
    const char* verb;
    uint8_t value;
  };

  double visit(const ModelState& state);
  double visit_after(const ModelState& state, size_t program);
  void describe(const char* what);

  std::vector<Program> programs_;
  ModelState initial_;
  Invariant invariant_;
  std::unordered_map<std::string, double> counted_;  // interleavings from a state on; below 0 while it is on the path
  std::vector<Taken> path_;
  std::string violation_;
  double interleavings_ = 0;
  size_t executed_steps_ = 0;
};

}  // namespace netvolley::test
