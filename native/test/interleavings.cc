#include "test/interleavings.h"

#include "test/check.h"

namespace netvolley::test {

namespace {

std::string key_of(const ModelState& state) {
  std::string key(state.cells.begin(), state.cells.end());
  for (const std::string& seen : state.seen) {
    key += static_cast<char>(seen.size());
    key += seen;
  }
  return key;
}

}  // namespace

Interleavings::Interleavings(std::vector<Program> programs, const Cells& initial, Invariant invariant)
    : programs_(std::move(programs)), invariant_(std::move(invariant)) {
  initial_.cells = initial;
  initial_.seen.resize(programs_.size());
}

bool Interleavings::explore() {
  interleavings_ = visit(initial_);
  return violation_.empty();
}

double Interleavings::visit(const ModelState& state) {
  const auto [entry, is_new] = counted_.try_emplace(key_of(state), -1);
  if (!is_new) {
    CHECK(entry->second >= 0);  // programs that come back to where they were would never come to an end
    return entry->second;
  }
  if (const char* wrong = invariant_(state); wrong != nullptr) {
    describe(wrong);
    return entry->second = 0;
  }
  double total = 0;
  const size_t steps_before = executed_steps_;
  for (size_t program = 0; program < programs_.size() && violation_.empty(); ++program) {
    total += visit_after(state, program);
  }
  if (executed_steps_ == steps_before) total = 1;
  // Not `entry`: the table has grown meanwhile.
  return counted_[key_of(state)] = total;
}

double Interleavings::visit_after(const ModelState& state, size_t program) {
  double total = 0;
  uint8_t ways = 1;
  for (uint8_t way = 0; way < ways && violation_.empty(); ++way) {
    ModelState next = state;
    Steps steps(next.cells, next.seen[program], way);
    try {
      programs_[program].run(steps);
      next.seen[program].clear();
    } catch (const Steps::Suspend&) {
    }
    ways = steps.ways_;
    if (steps.blocked_) continue;
    ++executed_steps_;
    path_.push_back({program, steps.what_, steps.verb_, steps.value_});
    total += visit(next);
    path_.pop_back();
  }
  return total;
}

void Interleavings::describe(const char* what) {
  violation_ = what;
  for (const Taken& taken : path_) {
    violation_ += std::string("\n    ") + programs_[taken.program].name + ": " + taken.what + " " + taken.verb + " " +
                  std::to_string(taken.value);
  }
}

}  // namespace netvolley::test
