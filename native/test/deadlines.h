#pragma once

#include <functional>
#include <utility>

#include "engine/source.h"

namespace netvolley::test {

// A source of which only the deadlines are used.
class Deadlines : public Source {
 public:
  explicit Deadlines(std::function<void(uint32_t)> call) : call_(std::move(call)) {}
  void on_deadline(uint32_t key) override { call_(key); }
  void collect() override {}
  void on_ready(uint32_t, uint8_t, bool) override {}
  void advance() override {}
  void publish() override {}
  bool has_work() override { return false; }
  bool finished() const override { return false; }
  void stop() override {}

 private:
  std::function<void(uint32_t)> call_;
};

}  // namespace netvolley::test
