#pragma once

#include <cstdint>
#include <sstream>
#include <string>
#include <string_view>
#include <type_traits>

// A test is `TEST("[SV11] a frame may be cut anywhere") { ... }`: the title says what holds and names the row that it
// shows. A failed check ends the program: what runs after it could not be relied on, and any thread may check.
namespace netvolley::test {

// The seed of this run: NETVOLLEY_SEED, else 1. It is printed at the start and with every failure.
uint64_t seed();

// SplitMix64: small, and the same numbers everywhere.
class Random {
 public:
  // `stream` tells the sequences of one run apart.
  explicit Random(uint64_t stream = 0) : state_(seed() * 0x9e3779b97f4a7c15ULL + stream) {}

  uint64_t next() {
    uint64_t value = state_ += 0x9e3779b97f4a7c15ULL;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ULL;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebULL;
    return value ^ (value >> 31);
  }
  // 0 .. bound - 1; bound is not 0. The bias is below 2^-32.
  uint32_t below(uint32_t bound) { return static_cast<uint32_t>((next() >> 32) * bound >> 32); }
  uint32_t between(uint32_t least, uint32_t most) { return least + below(most - least + 1); }
  bool one_in(uint32_t count) { return below(count) == 0; }
  // 0 <= value < 1
  double unit() { return static_cast<double>(next() >> 11) * 0x1p-53; }

 private:
  uint64_t state_;
};

// Printed with a failure of this thread while it lives: which vector, which step.
class Note {
 public:
  explicit Note(std::string text);
  ~Note();
  Note(const Note&) = delete;
  Note& operator=(const Note&) = delete;

 private:
  const Note* outer_;
  std::string text_;
  friend void print_notes();
};

[[noreturn]] void fail(const char* file, int line, const std::string& what);

template <class T>
std::string text_of(const T& value) {
  std::ostringstream out;
  if constexpr (std::is_enum_v<T>) {
    out << +static_cast<std::underlying_type_t<T>>(value);
  } else if constexpr (std::is_same_v<T, uint8_t> || std::is_same_v<T, int8_t>) {
    out << +value;
  } else if constexpr (std::is_convertible_v<T, std::string_view>) {
    out << '"' << std::string_view(value) << '"';
  } else if constexpr (requires { out << value; }) {
    out.precision(17);
    out << std::boolalpha << value;
  } else {
    out << "(a value of " << sizeof(T) << " bytes)";
  }
  return out.str();
}

// Integers are compared by value, whatever their signs and widths.
template <class A, class B>
bool equal(const A& a, const B& b) {
  if constexpr (std::is_integral_v<A> && std::is_integral_v<B> && !std::is_same_v<A, B>) {
    return static_cast<__int128>(a) == static_cast<__int128>(b);
  } else {
    return a == b;
  }
}

template <class A, class B>
void check_equal(const A& a, const B& b, const char* what, const char* file, int line) {
  if (!equal(a, b)) fail(file, line, std::string(what) + ": " + text_of(a) + " and " + text_of(b));
}

struct Registration {
  Registration(const char* title, void (*run)());
};

}  // namespace netvolley::test

#define CHECK(condition) \
  (static_cast<bool>(condition) ? void() : ::netvolley::test::fail(__FILE__, __LINE__, #condition))
#define CHECK_EQ(a, b) ::netvolley::test::check_equal((a), (b), #a " == " #b, __FILE__, __LINE__)

#define NETVOLLEY_JOIN_NAMES(a, b) a##b
#define NETVOLLEY_JOIN(a, b) NETVOLLEY_JOIN_NAMES(a, b)
#define NETVOLLEY_TEST(title, name)                                                       \
  static void name();                                                                     \
  static const ::netvolley::test::Registration NETVOLLEY_JOIN(name, _entry)(title, name); \
  static void name()
#define TEST(title) NETVOLLEY_TEST(title, NETVOLLEY_JOIN(test_at_line_, __LINE__))
