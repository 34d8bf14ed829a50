#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/fuzz_coverage.h"

// Runs a fuzz target on inputs that it mutates from a corpus, which grows by those that reach something new:
//   fuzz_decoder              for FUZZ_SECONDS (60), or FUZZ_RUNS inputs; NETVOLLEY_SEED (1) repeats a run by FUZZ_RUNS
//   fuzz_decoder --input HEX  one input, as printed by a run that failed
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
// Where a sanitizer is linked in, it calls back before it ends the program.
extern "C" [[gnu::weak]] void __sanitizer_set_death_callback(void (*callback)());

namespace netvolley::fuzz {

namespace {

using Bytes = std::vector<uint8_t>;

constexpr size_t kMaxBytes = 256;
constexpr uint64_t kRunsBetweenClocks = 256;

const char* program = "";
std::vector<Bytes> corpus;
Bytes current;
uint64_t runs = 0;

// From a signal handler or a dying sanitizer: nothing but write().
void put(std::string_view text) {
  if (write(STDERR_FILENO, text.data(), text.size()) < 0) _exit(1);
}

void put_number(uint64_t number) {
  char digits[20];
  size_t first = sizeof digits;
  do {
    digits[--first] = static_cast<char>('0' + number % 10);
  } while ((number /= 10) != 0);
  put({digits + first, sizeof digits - first});
}

void print_current() {
  put("\nfuzz: an input failed at execution ");
  put_number(runs);
  put(", corpus of ");
  put_number(corpus.size());
  put(" inputs; to repeat: ");
  put(program);
  put(" --input ");
  for (const uint8_t byte : current) {
    const char digits[] = {"0123456789abcdef"[byte >> 4], "0123456789abcdef"[byte & 15]};
    put({digits, 2});
  }
  put("\n");
}

void on_abort(int) {
  print_current();
  _exit(1);
}

uint64_t number_from_environment(const char* name, uint64_t otherwise) {
  const char* given = std::getenv(name);
  return given == nullptr || *given == '\0' ? otherwise : std::strtoull(given, nullptr, 0);
}

// SplitMix64.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint32_t below(size_t bound) {
    uint64_t value = state_ += 0x9e3779b97f4a7c15ULL;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ULL;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebULL;
    return static_cast<uint32_t>((value ^ (value >> 31)) % bound);
  }

 private:
  uint64_t state_;
};

// Values at which lengths change their kind.
constexpr uint8_t kTelling[] = {0, 1, 2, 3, 4, 5, 8, 16, 0x7f, 0x80, 0xfe, 0xff};

void mutate(Bytes& input, Random& random) {
  const size_t at = random.below(input.size() + 1);
  const auto place = input.begin() + static_cast<std::ptrdiff_t>(at);
  switch (random.below(8)) {
    case 0:
      input.insert(place, static_cast<uint8_t>(random.below(256)));
      break;
    case 1:
      if (place != input.end()) input.erase(place);
      break;
    case 2:
      if (place != input.end()) *place ^= static_cast<uint8_t>(1u << random.below(8));
      break;
    case 3:
      if (place != input.end()) *place = kTelling[random.below(sizeof kTelling)];
      break;
    case 4:
      if (place != input.end()) *place = static_cast<uint8_t>(*place + random.below(9) - 4);
      break;
    case 5:
      input.resize(at);
      break;
    case 6:
      input.insert(place, random.below(16) + 1, kTelling[random.below(sizeof kTelling)]);
      break;
    default: {
      // The end of another input, from anywhere in it.
      const Bytes& other = corpus[random.below(corpus.size())];
      const size_t from = random.below(other.size() + 1);
      input.insert(place, other.begin() + static_cast<std::ptrdiff_t>(from), other.end());
    }
  }
  if (input.size() > kMaxBytes) input.resize(kMaxBytes);
}

bool run_reaches_something_new() {
  begin_trace();
  ++runs;
  LLVMFuzzerTestOneInput(current.data(), current.size());
  return trace_is_new();
}

int run_one(std::string_view hex) {
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    current.push_back(static_cast<uint8_t>(std::strtoul(std::string(hex.substr(i, 2)).c_str(), nullptr, 16)));
  }
  run_reaches_something_new();
  std::printf("fuzz: %zu bytes, nothing found\n", current.size());
  return 0;
}

int run_many() {
  const uint64_t seed = number_from_environment("NETVOLLEY_SEED", 1);
  const uint64_t max_runs = number_from_environment("FUZZ_RUNS", 0);
  const std::chrono::seconds max_time(number_from_environment("FUZZ_SECONDS", 60));
  std::printf("fuzz: seed %llu\n", static_cast<unsigned long long>(seed));
  std::fflush(stdout);
  Random random(seed);
  corpus.assign(1, Bytes());
  const auto started = std::chrono::steady_clock::now();
  const auto is_over = [&] {
    if (max_runs != 0) return runs >= max_runs;
    return runs % kRunsBetweenClocks == 0 && std::chrono::steady_clock::now() - started >= max_time;
  };
  while (!is_over()) {
    current = corpus[random.below(corpus.size())];
    for (uint32_t count = random.below(4) + 1; count > 0; --count) mutate(current, random);
    if (run_reaches_something_new()) corpus.push_back(current);
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
  std::printf("fuzz: %llu executions in %.1f s, corpus of %zu inputs, %u edges, nothing found\n",
              static_cast<unsigned long long>(runs), took.count(), corpus.size(), edges());
  return 0;
}

}  // namespace

}  // namespace netvolley::fuzz

int main(int argc, char** argv) {
  using namespace netvolley::fuzz;
  program = argv[0];
  signal(SIGABRT, on_abort);
  if (__sanitizer_set_death_callback != nullptr) __sanitizer_set_death_callback(print_current);
  return argc == 3 && std::string_view(argv[1]) == "--input" ? run_one(argv[2]) : run_many();
}
