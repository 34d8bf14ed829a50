#include "test/check.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <vector>

namespace netvolley::test {

namespace {

struct Case {
  const char* title;
  void (*run)();
};

// Inside a function: it has to be there before the first registration of any file.
std::vector<Case>& cases() {
  static std::vector<Case> all;
  return all;
}

const char* running = "";
thread_local const Note* innermost = nullptr;

}  // namespace

uint64_t seed() {
  static const uint64_t value = [] {
    const char* given = std::getenv("NETVOLLEY_SEED");
    return given == nullptr ? uint64_t{1} : std::strtoull(given, nullptr, 0);
  }();
  return value;
}

Note::Note(std::string text) : outer_(innermost), text_(std::move(text)) { innermost = this; }
Note::~Note() { innermost = outer_; }

void print_notes() {
  for (const Note* note = innermost; note != nullptr; note = note->outer_) {
    std::fprintf(stderr, "  with %s\n", note->text_.c_str());
  }
}

void fail(const char* file, int line, const std::string& what) {
  static std::mutex one_failure;  // never given back: the first one ends the program
  one_failure.lock();
  std::fprintf(stderr, "FAILED %s\n  %s:%d: %s\n", running, file, line, what.c_str());
  print_notes();
  std::fprintf(stderr, "  to repeat: NETVOLLEY_SEED=%llu\n", static_cast<unsigned long long>(seed()));
  std::fflush(nullptr);
  std::_Exit(1);
}

Registration::Registration(const char* title, void (*run)()) { cases().push_back({title, run}); }

// PROGRAM [PART OF A TITLE]: all tests, or those whose title holds that part.
int run_all(const char* wanted) {
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed()));
  uint32_t count = 0;
  for (const Case& test : cases()) {
    if (std::string_view(test.title).find(wanted) == std::string_view::npos) continue;
    running = test.title;
    const auto started = std::chrono::steady_clock::now();
    test.run();
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - started;
    std::printf("ok %s (%.1f ms)\n", test.title, took.count());
    std::fflush(stdout);
    ++count;
  }
  std::printf("%u tests passed\n", count);
  return count == 0 ? 1 : 0;
}

}  // namespace netvolley::test

int main(int argc, char** argv) { return netvolley::test::run_all(argc > 1 ? argv[1] : ""); }
