#include "measured_window.h"

#include <sys/resource.h>
#include <time.h>

namespace netvolley::bench {
namespace {

constexpr int64_t kDrainNs = 1'000'000'000;

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

double process_cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
}

}  // namespace

int64_t monotonic_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

MeasuredWindow::MeasuredWindow(double warm_up_seconds, double measured_seconds)
    : warm_up_ns_(static_cast<int64_t>(warm_up_seconds * 1e9)),
      measured_ns_(static_cast<int64_t>(measured_seconds * 1e9)) {}

MeasuredWindow MeasuredWindow::from(Options& options) {
  const double seconds = options.seconds("seconds", 2);
  if (seconds <= 0) usage_error("--seconds must be above 0");
  return {options.seconds("warmup", 0), seconds};
}

void MeasuredWindow::start(int64_t now_ns) {
  start_ns_ = now_ns;
  update(now_ns);
}

void MeasuredWindow::update(int64_t now_ns) {
  if (phase_ == Phase::kWarmUp && now_ns - start_ns_ >= warm_up_ns_) open_window(now_ns);
  if (phase_ == Phase::kMeasured && now_ns - opened_ns_ >= measured_ns_) close(now_ns);
  if (phase_ == Phase::kDrain && now_ns - closed_ns_ >= kDrainNs) phase_ = Phase::kOver;
}

void MeasuredWindow::open_window(int64_t now_ns) {
  phase_ = Phase::kMeasured;
  opened_ns_ = now_ns;
  cpu_at_open_ = process_cpu_seconds();
}

void MeasuredWindow::close(int64_t now_ns) {
  if (!may_send()) return;
  if (phase_ == Phase::kWarmUp) open_window(now_ns);
  phase_ = Phase::kDrain;
  closed_ns_ = now_ns;
  cpu_seconds_ = process_cpu_seconds() - cpu_at_open_;
}

}  // namespace netvolley::bench
