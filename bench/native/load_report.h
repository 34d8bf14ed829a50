#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "histogram.h"
#include "measured_window.h"

namespace netvolley::bench {

// What a load generator counted. A reply is answered when it arrived and was checked, never before.
struct LoadReport {
  uint64_t answered = 0;      // received and verified inside the measured window
  uint64_t answered_all = 0;  // the same over warm-up, window and drain: what CPU time of the server is divided by
  uint64_t sent = 0;          // inside the measured window
  uint64_t lost = 0;          // never answered, over the whole run
  uint64_t bad = 0;           // wrong length, order, sequence, contents, or answered twice; over the whole run
  std::string first_bad;      // what the first bad reply was, for the person who has to find out why
  std::vector<std::pair<std::string, uint64_t>> more;  // counters of one subcommand
  Histogram latency;

  void count_answer(bool is_measured, int64_t latency_ns) {
    ++answered_all;
    if (!is_measured) return;
    ++answered;
    latency.record(latency_ns);
  }
  void count_bad(const std::string& what) {
    if (bad++ == 0) first_bad = what;
  }
};

// One line of JSON, or a few of text, on standard output.
void print_report(const LoadReport& report, const MeasuredWindow& window, bool as_json);

}  // namespace netvolley::bench
