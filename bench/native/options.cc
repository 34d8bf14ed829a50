#include "options.h"

#include <charconv>
#include <cstdio>
#include <cstdlib>

namespace netvolley::bench {

void usage_error(const std::string& message) {
  std::fprintf(stderr, "%s\n", message.c_str());
  std::exit(2);
}

Options::Options(int argc, char** argv, int first) {
  for (int i = first; i < argc; ++i) {
    const std::string word = argv[i];
    if (word.rfind("--", 0) != 0) usage_error("expected an option, got '" + word + "'");
    const bool has_value = i + 1 < argc && std::string(argv[i + 1]).rfind("--", 0) != 0;
    given_[word.substr(2)] = has_value ? argv[++i] : "";
  }
}

const std::string* Options::find(const std::string& name) {
  known_.insert(name);
  const auto found = given_.find(name);
  return found == given_.end() ? nullptr : &found->second;
}

uint64_t Options::required_number(const std::string& name, uint64_t least, uint64_t most) {
  const std::string* given = find(name);
  if (given == nullptr) usage_error("--" + name + " is required");
  uint64_t value = 0;
  const char* end = given->data() + given->size();
  const auto parsed = std::from_chars(given->data(), end, value);
  if (parsed.ec != std::errc() || parsed.ptr != end || value < least || value > most) {
    usage_error("--" + name + " takes an integer from " + std::to_string(least) + " to " + std::to_string(most) +
                ", got '" + *given + "'");
  }
  return value;
}

uint64_t Options::number(const std::string& name, uint64_t otherwise, uint64_t least, uint64_t most) {
  return find(name) == nullptr ? otherwise : required_number(name, least, most);
}

double Options::seconds(const std::string& name, double otherwise) {
  const std::string* given = find(name);
  if (given == nullptr) return otherwise;
  char* end = nullptr;
  const double value = std::strtod(given->c_str(), &end);
  if (given->empty() || *end != '\0' || !(value >= 0) || value > 86400) {
    usage_error("--" + name + " takes seconds from 0 to 86400, got '" + *given + "'");
  }
  return value;
}

std::string Options::text(const std::string& name, const std::string& otherwise) {
  const std::string* given = find(name);
  return given == nullptr ? otherwise : *given;
}

bool Options::flag(const std::string& name) {
  const std::string* given = find(name);
  if (given != nullptr && !given->empty()) usage_error("--" + name + " takes no value, got '" + *given + "'");
  return given != nullptr;
}

void Options::finish() const {
  std::string allowed;
  for (const std::string& name : known_) allowed += " --" + name;
  for (const auto& [name, value] : given_) {
    if (!known_.contains(name)) usage_error("unknown option --" + name + "; allowed:" + allowed);
  }
}

}  // namespace netvolley::bench
