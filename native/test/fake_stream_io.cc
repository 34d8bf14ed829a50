#include "test/fake_stream_io.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace netvolley::test {

IoResult FakeStreamIo::listen(const Address& at, const ListenOptions& options, Address* bound) {
  const int fd = kernel_.allocate(FakeKind::kListener);
  if (fd < 0) return IoResult::failure(EMFILE);
  FakeDescriptor& descriptor = *kernel_.descriptor(fd, FakeKind::kListener, "listen");
  descriptor.max_backlog = static_cast<size_t>(options.backlog);
  descriptor.bound = *bound = at;
  return IoResult::success(fd);
}

IoResult FakeStreamIo::accept(int listener, Address* remote) {
  FakeDescriptor* descriptor = kernel_.descriptor(listener, FakeKind::kListener, "accept");
  if (descriptor == nullptr) return IoResult::failure(EBADF);
  const FakeFaults& faults = kernel_.faults;
  if (kernel_.chance(faults.interrupted)) return IoResult::failure(EINTR);
  // Linux takes the number before it looks at the queue: a full table is EMFILE even where nobody waits.
  if (kernel_.full()) return IoResult::failure(EMFILE);
  if (kernel_.now_ms() < descriptor->read_hidden_until_ms || descriptor->backlog.empty()) {
    return IoResult::failure(EAGAIN);
  }
  if (kernel_.chance(faults.no_files)) return IoResult::failure(kernel_.random().one_in(2) ? EMFILE : ENFILE);
  if (kernel_.chance(faults.no_buffers)) return IoResult::failure(ENOBUFS);
  if (kernel_.chance(faults.would_block)) {
    kernel_.hide(listener, kReadable);
    return IoResult::failure(EAGAIN);
  }
  const std::shared_ptr<FakeStream> stream = descriptor->backlog.front();
  descriptor->backlog.pop_front();
  if (kernel_.chance(faults.aborted)) {
    stream->server_reset = true;
    return IoResult::failure(ECONNABORTED);
  }
  const int fd = kernel_.allocate(FakeKind::kStream);
  kernel_.descriptor(fd, FakeKind::kStream, "accept")->stream = stream;
  stream->server_fd = fd;
  stream->accepted = true;
  *remote = stream->remote;
  return IoResult::success(fd);
}

IoResult FakeStreamIo::read(int fd, uint8_t* into, size_t capacity) {
  FakeDescriptor* descriptor = kernel_.descriptor(fd, FakeKind::kStream, "read");
  if (descriptor == nullptr) return IoResult::failure(EBADF);
  const FakeFaults& faults = kernel_.faults;
  if (kernel_.chance(faults.interrupted)) return IoResult::failure(EINTR);
  const std::shared_ptr<FakeStream> stream = descriptor->stream;
  if (kernel_.now_ms() < descriptor->read_hidden_until_ms) return IoResult::failure(EAGAIN);
  if (kernel_.chance(faults.reset)) stream->reset = true;
  if (stream->reset && (stream->received.empty() || kernel_.random().one_in(2))) {
    stream->reset_told = true;
    return IoResult::failure(ECONNRESET);
  }
  if (kernel_.chance(faults.would_block)) {
    kernel_.hide(fd, kReadable);
    return IoResult::failure(EAGAIN);
  }
  if (stream->received.empty()) return stream->finished ? IoResult::success(0) : IoResult::failure(EAGAIN);
  uint32_t count = static_cast<uint32_t>(std::min<size_t>(capacity, stream->received.size()));
  if (kernel_.chance(faults.short_count)) count = 1 + kernel_.random().below(count);
  std::memcpy(into, stream->received.data(), count);
  stream->received.consume(count);
  // Fewer bytes than were asked for mean, on a stream, that there were no more: the rest has to come as new data.
  if (count < capacity && !stream->received.empty()) kernel_.hide(fd, kReadable);
  kernel_.pump(stream);
  return IoResult::success(count);
}

IoResult FakeStreamIo::write(int fd, const IoSlice* slices, uint32_t count) {
  FakeDescriptor* descriptor = kernel_.descriptor(fd, FakeKind::kStream, "write");
  if (descriptor == nullptr) return IoResult::failure(EBADF);
  const FakeFaults& faults = kernel_.faults;
  if (count == 0 || count > kMaxSlices) kernel_.violation("write of no slices or of too many");
  if (kernel_.chance(faults.interrupted)) return IoResult::failure(EINTR);
  FakeStream& stream = *descriptor->stream;
  if (stream.server_done) kernel_.violation("write after finish");
  if (kernel_.chance(faults.reset)) stream.reset = true;
  if (stream.reset) {
    const bool told = std::exchange(stream.reset_told, true);
    return IoResult::failure(told ? EPIPE : ECONNRESET);
  }
  size_t space = stream.space();
  const bool blocked = kernel_.now_ms() < descriptor->write_hidden_until_ms;
  if (!blocked && space != 0 && kernel_.chance(faults.would_block)) {
    kernel_.hide(fd, kWritable);
    return IoResult::failure(EAGAIN);
  }
  if (blocked || space == 0) {
    stream.wants_space = true;
    return IoResult::failure(EAGAIN);
  }
  if (kernel_.chance(faults.short_count)) space = 1 + kernel_.random().below(static_cast<uint32_t>(space));
  int64_t written = 0;
  for (uint32_t i = 0; i < count && space != 0; ++i) {
    const size_t part = std::min(space, slices[i].bytes);
    stream.answered.append(slices[i].data, static_cast<uint32_t>(part));
    space -= part;
    written += static_cast<int64_t>(part);
  }
  if (written == 0) kernel_.violation("write of no bytes");
  if (stream.client_gone) {
    stream.answered.clear();
    stream.reset = true;
    kernel_.edge(fd);
  }
  return IoResult::success(written);
}

void FakeStreamIo::finish(int fd) {
  FakeDescriptor* descriptor = kernel_.descriptor(fd, FakeKind::kStream, "finish");
  if (descriptor != nullptr) descriptor->stream->server_done = true;
}

void FakeStreamIo::close(int fd) {
  const FakeKind kind = kernel_.kind_of(fd);
  if (kind == FakeKind::kListener) {
    for (const auto& stream : kernel_.descriptor(fd, kind, "close")->backlog) stream->server_reset = true;
  }
  if (kind != FakeKind::kStream) return kernel_.release(fd);
  FakeStream& stream = *kernel_.descriptor(fd, kind, "close")->stream;
  // Unread input turns closing into a reset, and the client loses what it has not read.
  if (!stream.received.empty()) {
    stream.server_reset = true;
    stream.answered.clear();
  }
  stream.server_done = true;
  stream.server_fd = -1;
  kernel_.release(fd);
}

void FakeStreamIo::abort(int fd) {
  FakeDescriptor* descriptor = kernel_.descriptor(fd, FakeKind::kStream, "abort");
  if (descriptor == nullptr) return;
  descriptor->stream->server_reset = descriptor->stream->server_done = true;
  descriptor->stream->answered.clear();
  descriptor->stream->server_fd = -1;
  kernel_.release(fd);
}

}  // namespace netvolley::test
