#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

namespace netvolley::bench {

// Prints the message to stderr and ends the process with status 2: a bench program that was called wrongly measures
// nothing.
[[noreturn]] void usage_error(const std::string& message);

// `--name value` and `--flag`, read once from the command line. Every option asked for is remembered, so that finish()
// can refuse one that nobody knows instead of ignoring it.
class Options {
 public:
  // Reads argv[first..argc).
  Options(int argc, char** argv, int first);

  [[nodiscard]] uint64_t number(const std::string& name, uint64_t otherwise, uint64_t least, uint64_t most);
  // Without a default: absent is a usage error.
  [[nodiscard]] uint64_t required_number(const std::string& name, uint64_t least, uint64_t most);
  [[nodiscard]] double seconds(const std::string& name, double otherwise);
  [[nodiscard]] std::string text(const std::string& name, const std::string& otherwise);
  [[nodiscard]] bool flag(const std::string& name);

  // Call after the last option was asked for.
  void finish() const;

 private:
  const std::string* find(const std::string& name);

  std::map<std::string, std::string> given_;
  std::set<std::string> known_;
};

}  // namespace netvolley::bench
