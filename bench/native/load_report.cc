#include "load_report.h"

#include <cinttypes>
#include <cstdio>

namespace netvolley::bench {
namespace {

void print_json(const LoadReport& report, double seconds, double rate, double cpu_seconds) {
  std::printf("{\"answered\":%" PRIu64 ",\"seconds\":%.6f,\"rate\":%.1f,\"sent\":%" PRIu64 ",\"lost\":%" PRIu64
              ",\"bad\":%" PRIu64,
              report.answered, seconds, rate, report.sent, report.lost, report.bad);
  std::printf(
      ",\"p50Us\":%.1f,\"p99Us\":%.1f,\"p999Us\":%.1f,\"maxUs\":%.1f,\"cpuSeconds\":%.3f,\"answeredAll\":%" PRIu64,
      report.latency.quantile_us(0.5), report.latency.quantile_us(0.99), report.latency.quantile_us(0.999),
      report.latency.max_us(), cpu_seconds, report.answered_all);
  for (const auto& [name, value] : report.more) std::printf(",\"%s\":%" PRIu64, name.c_str(), value);
  // The texts are ours and hold nothing that JSON would escape.
  std::printf(",\"firstBad\":\"%s\"}\n", report.first_bad.c_str());
}

void print_text(const LoadReport& report, double seconds, double rate, double cpu_seconds) {
  std::printf("%" PRIu64 " answered and checked in %.3f s: %.0f per second; %" PRIu64 " sent, %" PRIu64
              " lost, %" PRIu64 " bad %s\n",
              report.answered, seconds, rate, report.sent, report.lost, report.bad, report.first_bad.c_str());
  std::printf("latency p50 %.1f us, p99 %.1f us, p99.9 %.1f us, max %.1f us; generator CPU %.3f s\n",
              report.latency.quantile_us(0.5), report.latency.quantile_us(0.99), report.latency.quantile_us(0.999),
              report.latency.max_us(), cpu_seconds);
  for (const auto& [name, value] : report.more) std::printf("%s %" PRIu64 "\n", name.c_str(), value);
}

}  // namespace

void print_report(const LoadReport& report, const MeasuredWindow& window, bool as_json) {
  const double seconds = window.seconds();
  const double rate = seconds > 0 ? static_cast<double>(report.answered) / seconds : 0;
  (as_json ? print_json : print_text)(report, seconds, rate, window.cpu_seconds());
}

}  // namespace netvolley::bench
