#include "test/fake_client.h"

#include <algorithm>

namespace netvolley::test {

void FakeClient::put(Bytes bytes, bool last) {
  if (stream_->client_done || stream_->reset || stream_->server_reset) return;
  stream_->client_done = last;
  const double earliest_ms = stream_->sent.empty() ? 0 : stream_->sent.back().arrives_ms;
  const double arrives_ms = std::max(earliest_ms, kernel_->now_ms() + kernel_->delay());
  stream_->sent.push_back({arrives_ms, std::move(bytes), 0, last});
  FakeKernel* kernel = kernel_;
  kernel->at(arrives_ms, [kernel, stream = stream_] { kernel->pump(stream); });
  kernel->advance_to(kernel->now_ms());
}

void FakeClient::reset() {
  if (stream_->reset) return;
  stream_->reset = stream_->client_done = true;
  stream_->sent.clear();
  if (stream_->server_fd >= 0) kernel_->edge(stream_->server_fd);
}

void FakeClient::close() {
  // What the client leaves unread turns its closing into a reset.
  if (!stream_->answered.empty()) return reset();
  finish();
  stream_->client_gone = true;
}

Bytes FakeClient::read(uint32_t most) {
  const uint32_t count = std::min(most, stream_->answered.size());
  Bytes bytes(stream_->answered.data(), stream_->answered.data() + count);
  stream_->answered.consume(count);
  // As Linux does it: a writer that was refused hears of it when a third of the buffer is free.
  if (stream_->wants_space && uint64_t{stream_->space()} * 3 >= stream_->send_bytes) {
    stream_->wants_space = false;
    if (stream_->server_fd >= 0) kernel_->edge(stream_->server_fd);
  }
  return bytes;
}

std::string FakeClient::describe() const {
  const auto number = [](uint64_t value) { return std::to_string(value) + " "; };
  return "fd " + std::to_string(stream_->server_fd) + " segments " + number(stream_->sent.size()) + "received " +
         number(stream_->received.size()) + "answered " + number(stream_->answered.size()) +
         (stream_->finished ? "finished " : "") + (stream_->server_done ? "server_done " : "") +
         (ended() ? "ended " : "") + (stream_->wants_space ? "wants_space" : "");
}

}  // namespace netvolley::test
