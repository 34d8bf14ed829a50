#pragma once

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "wire/frame_decoder.h"

namespace netvolley::test {

using Bytes = std::vector<uint8_t>;

// What became of a stream. Two ways to cut the same stream have to give the same.
struct Decoded {
  struct Frame {
    Bytes header;
    Bytes body;
    bool operator==(const Frame&) const = default;
  };

  std::vector<Frame> frames;
  FrameError error = FrameError::kNone;
  size_t pending = 0;  // bytes that no frame has taken, unless there is an error
  bool operator==(const Decoded&) const = default;
};

// Feeds a decoder as the server does: an incomplete frame is kept, joined with just what it lacks, and the rest is cut
// where it lies. Whatever the decoder looks at ends where the memory ends, so that AddressSanitizer sees every byte too
// many. Also checks what the decoder promises; `broken()` names the first promise that it broke.
class FrameFeeder {
 public:
  explicit FrameFeeder(const Framing& framing) : framing_(framing) {}

  // `eager`: the decoder is asked after every piece, even if it has said that it needs more.
  void push(const uint8_t* data, size_t size, bool eager = false) {
    while (size > 0 && !kept_.empty() && open()) {
      const size_t lacks = decoder_.wanted() - kept_.size();
      const size_t taken = lacks < size ? lacks : size;
      kept_.insert(kept_.end(), data, data + taken);
      data += taken;
      size -= taken;
      if (taken < lacks && !eager) return;
      const size_t used = cut(kept_.data(), kept_.size());
      kept_.erase(kept_.begin(), kept_.begin() + static_cast<std::ptrdiff_t>(used));
    }
    if (size == 0 || !open()) return;
    const size_t used = cut(data, size);
    if (open()) kept_.assign(data + used, data + size);
  }

  Decoded result() const {
    Decoded decoded = decoded_;
    decoded.pending = decoded.error == FrameError::kNone ? kept_.size() : 0;
    return decoded;
  }
  const std::string& broken() const { return broken_; }

 private:
  bool open() const { return decoded_.error == FrameError::kNone && broken_.empty(); }

  void promise(bool kept, const char* what) {
    if (!kept && broken_.empty()) broken_ = what;
  }

  size_t cut(const uint8_t* data, size_t size) {
    const std::unique_ptr<uint8_t[]> exact(new uint8_t[size]);
    std::memcpy(exact.get(), data, size);
    size_t used = 0;
    while (used < size && open()) {
      const size_t left = size - used;
      const bool was_enough = left >= decoder_.wanted();
      const bool waited_for_body = waits_ && decoder_.state() == DecoderState::kWantBody;
      const FrameStep step = decoder_.next(framing_, exact.get() + used, left);
      if (step.kind == FrameStep::Kind::kMore) {
        promise(!(waited_for_body && was_enough), "no decision where wanted() bytes are there");
        more(left);
        break;
      }
      promise(was_enough || !waits_, "a decision before wanted() bytes were there");
      waits_ = false;
      if (step.kind == FrameStep::Kind::kError) {
        fail(step);
        break;
      }
      take(step, exact.get() + used, left);
      used += step.frame_bytes();
    }
    return used;
  }

  void more(size_t left) {
    const size_t header_bytes = framing_.prefix.header_bytes();
    const bool in_body = decoder_.state() == DecoderState::kWantBody;
    promise(decoder_.wanted() > left, "wanted() not above what is there");
    promise(decoder_.wanted() <= uint64_t{header_bytes} + framing_.max_body_bytes, "wanted() above the largest frame");
    promise(in_body || decoder_.state() == DecoderState::kWantHeader, "waits in a wrong state");
    promise(in_body == (left >= header_bytes), "state is not where the bytes are");
    promise(in_body || decoder_.wanted() == header_bytes, "wants more than the header first");
    waits_ = true;
  }

  void fail(const FrameStep& step) {
    promise(step.error != FrameError::kNone, "an error without a reason");
    promise(decoder_.state() == DecoderState::kFailed, "an error that is no state");
    decoded_.error = step.error;
  }

  void take(const FrameStep& step, const uint8_t* data, size_t left) {
    promise(step.header_bytes == framing_.prefix.header_bytes(), "a header of another size");
    promise(step.body_bytes <= framing_.max_body_bytes, "a body above the limit");
    promise(uint64_t{step.header_bytes} + step.body_bytes <= left, "a frame longer than what is there");
    if (!broken_.empty()) return;
    const uint8_t* body = data + step.header_bytes;
    decoded_.frames.push_back({Bytes(data, body), Bytes(body, body + step.body_bytes)});
  }

  Framing framing_;
  FrameDecoder decoder_;
  bool waits_ = false;  // the decoder has said how much it wants of the present frame
  Bytes kept_;
  Decoded decoded_;
  std::string broken_;
};

}  // namespace netvolley::test
