#include "test/fake_kernel.h"

#include <algorithm>

namespace netvolley::test {

namespace {

constexpr int kFirstFd = 3;

}  // namespace

FakeKernel::FakeKernel(Random random, bool poll_like, const FakeLimits& given)
    : limits(given), random_(random), poll_like_(poll_like) {}

void FakeKernel::advance_to(double at_ms) {
  while (!events_.empty() && events_.top().at_ms <= at_ms) {
    const Event event = events_.top();
    events_.pop();
    now_ms_ = std::max(now_ms_, event.at_ms);
    event.action();
  }
  now_ms_ = std::max(now_ms_, at_ms);
}

void FakeKernel::at(double at_ms, std::function<void()> action) { events_.push({at_ms, order_++, std::move(action)}); }

void FakeKernel::heal() {
  faults = FakeFaults();
  for (size_t i = 0; i < table_.size(); ++i) {
    FakeDescriptor& descriptor = table_[i];
    if (descriptor.kind == FakeKind::kFree) continue;
    descriptor.read_hidden_until_ms = descriptor.write_hidden_until_ms = 0;
    edge(static_cast<int>(i) + kFirstFd);
  }
}

FakeKind FakeKernel::kind_of(int fd) const {
  const size_t index = static_cast<size_t>(fd - kFirstFd);
  return fd >= kFirstFd && index < table_.size() ? table_[index].kind : FakeKind::kFree;
}

FakeDescriptor* FakeKernel::descriptor(int fd, FakeKind kind, const char* call) {
  const size_t index = static_cast<size_t>(fd - kFirstFd);
  if (fd >= kFirstFd && index < table_.size() && table_[index].kind == kind) return &table_[index];
  violation(std::string(call) + " on a descriptor that is closed or of another kind: " + std::to_string(fd));
  return nullptr;
}

// The lowest free number, as POSIX demands: a number is used again at once.
int FakeKernel::allocate(FakeKind kind) {
  if (full()) return -1;
  size_t index = 0;
  while (index < table_.size() && table_[index].kind != FakeKind::kFree) ++index;
  if (index == table_.size()) table_.emplace_back();
  const uint64_t use = table_[index].use + 1;
  table_[index] = FakeDescriptor();
  table_[index].kind = kind;
  table_[index].use = use;
  ++open_;
  return static_cast<int>(index) + kFirstFd;
}

void FakeKernel::release(int fd) {
  const size_t index = static_cast<size_t>(fd - kFirstFd);
  if (fd < kFirstFd || index >= table_.size() || table_[index].kind == FakeKind::kFree) {
    return violation("close of a descriptor that is closed: " + std::to_string(fd));
  }
  // As the kernel does it: closing takes the descriptor out of the poller.
  table_[index].watched = false;
  const uint64_t use = table_[index].use;
  table_[index] = FakeDescriptor();
  table_[index].use = use;
  --open_;
}

void FakeKernel::hide(int fd, Direction direction) {
  FakeDescriptor& descriptor = table_[static_cast<size_t>(fd - kFirstFd)];
  const double until_ms = now_ms_ + delay() + 0.001;
  (direction == kReadable ? descriptor.read_hidden_until_ms : descriptor.write_hidden_until_ms) = until_ms;
  const uint64_t use = descriptor.use;
  at(until_ms, [this, fd, use] {
    if (table_[static_cast<size_t>(fd - kFirstFd)].use == use) edge(fd);
  });
}

int FakeKernel::watch(int fd, uint64_t token, uint8_t directions) {
  const size_t index = static_cast<size_t>(fd - kFirstFd);
  if (fd < kFirstFd || index >= table_.size() || table_[index].kind == FakeKind::kFree) {
    violation("watching a closed descriptor");
    return EBADF;
  }
  FakeDescriptor& descriptor = table_[index];
  if (descriptor.watched) {
    violation("watching a descriptor twice");
    return EEXIST;
  }
  descriptor.watched = true;
  descriptor.token = token;
  descriptor.armed = directions;
  edge(fd);
  return 0;
}

void FakeKernel::unwatch(int fd) {
  const size_t index = static_cast<size_t>(fd - kFirstFd);
  if (fd < kFirstFd || index >= table_.size() || !table_[index].watched)
    return violation("unwatching what is not watched");
  table_[index].watched = false;
}

void FakeKernel::rearm(int fd, uint64_t token, Direction direction) {
  const size_t index = static_cast<size_t>(fd - kFirstFd);
  if (fd < kFirstFd || index >= table_.size() || !table_[index].watched || table_[index].token != token) {
    return violation("rearm of what is not watched under this token");
  }
  table_[index].armed |= direction;
  // epoll is told only of writing, and looks at the descriptor when it is.
  if (direction == kWritable) edge(fd);
}

void FakeKernel::edge(int fd) {
  const size_t index = static_cast<size_t>(fd - kFirstFd);
  if (fd < kFirstFd || index >= table_.size() || !table_[index].watched || table_[index].edge) return;
  table_[index].edge = true;
  edges_.push_back(fd);
}

Readiness FakeKernel::readiness(const FakeDescriptor& descriptor) const {
  Readiness result;
  const bool may_read = now_ms_ >= descriptor.read_hidden_until_ms;
  const bool may_write = now_ms_ >= descriptor.write_hidden_until_ms;
  if (descriptor.kind == FakeKind::kListener && may_read && !descriptor.backlog.empty()) result.ready = kReadable;
  if (descriptor.kind == FakeKind::kDatagram) {
    if (may_read && (!descriptor.datagrams.empty() || descriptor.pending_error != 0)) result.ready |= kReadable;
    if (may_write) result.ready |= kWritable;
    // As EPOLLERR is passed on.
    result.hangup = !descriptor.errors.empty();
    if (result.hangup) result.ready |= kReadable | kWritable;
  }
  if (descriptor.kind == FakeKind::kStream) {
    const FakeStream& stream = *descriptor.stream;
    const bool end = stream.finished || stream.reset;
    result.hangup = end && may_read;
    if (may_read && (!stream.received.empty() || end)) result.ready |= kReadable;
    if (stream.reset || (may_write && uint64_t{stream.space()} * 3 >= stream.send_bytes)) result.ready |= kWritable;
  }
  return result;
}

uint32_t FakeKernel::take_events(PollEvent* events, uint32_t capacity) {
  return poll_like_ ? take_levels(events, capacity) : take_edges(events, capacity);
}

uint32_t FakeKernel::take_edges(PollEvent* events, uint32_t capacity) {
  uint32_t used = 0;
  std::vector<int> waiting;
  waiting.swap(edges_);
  for (const int fd : waiting) {
    FakeDescriptor& descriptor = table_[static_cast<size_t>(fd - kFirstFd)];
    // The number may have been closed and used again since: then it has an edge of its own, or none.
    if (!descriptor.edge) continue;
    if (used == capacity) {
      edges_.push_back(fd);
      continue;
    }
    descriptor.edge = false;
    const Readiness now = readiness(descriptor);
    const uint8_t told = now.ready & descriptor.armed;
    if (descriptor.watched && told != 0) events[used++] = {descriptor.token, told, now.hangup};
  }
  return used;
}

uint32_t FakeKernel::take_levels(PollEvent* events, uint32_t capacity) {
  uint32_t used = 0;
  edges_.clear();
  for (FakeDescriptor& descriptor : table_) {
    descriptor.edge = false;
    if (!descriptor.watched || used == capacity) continue;
    const Readiness now = readiness(descriptor);
    const uint8_t told = now.ready & descriptor.armed;
    if (told == 0) continue;
    descriptor.armed &= static_cast<uint8_t>(~told);
    events[used++] = {descriptor.token, told, now.hangup && (told & kReadable) != 0};
  }
  return used;
}

bool FakeKernel::has_events() {
  if (poll_like_) {
    return std::any_of(table_.begin(), table_.end(), [this](const FakeDescriptor& descriptor) {
      return descriptor.watched && (readiness(descriptor).ready & descriptor.armed) != 0;
    });
  }
  return std::any_of(edges_.begin(), edges_.end(), [this](int fd) {
    const FakeDescriptor& descriptor = table_[static_cast<size_t>(fd - kFirstFd)];
    return descriptor.watched && descriptor.edge && (readiness(descriptor).ready & descriptor.armed) != 0;
  });
}

int FakeKernel::find(FakeKind kind) const {
  for (size_t i = 0; i < table_.size(); ++i) {
    if (table_[i].kind == kind) return static_cast<int>(i) + kFirstFd;
  }
  return -1;
}

std::shared_ptr<FakeStream> FakeKernel::connect(const Address& from) {
  const int fd = listener();
  if (fd < 0) return nullptr;
  FakeDescriptor& descriptor = table_[static_cast<size_t>(fd - kFirstFd)];
  if (descriptor.backlog.size() >= descriptor.max_backlog) return nullptr;
  auto stream = std::make_shared<FakeStream>();
  stream->remote = from;
  stream->receive_bytes = limits.receive_bytes;
  stream->send_bytes = limits.send_bytes;
  descriptor.backlog.push_back(stream);
  edge(fd);
  return stream;
}

// Moves what has arrived into the receive buffer, as far as it fits, and tells the poller.
void FakeKernel::pump(const std::shared_ptr<FakeStream>& stream) {
  bool moved = false;
  if (stream->accepted && stream->server_fd < 0 && !stream->sent.empty()) {
    // Nobody is there any more: a reset comes back, which takes what the client has not read.
    stream->server_reset = true;
    stream->answered.clear();
    stream->sent.clear();
  }
  while (!stream->sent.empty() && stream->sent.front().arrives_ms <= now_ms_) {
    FakeStream::Segment& segment = stream->sent.front();
    const uint32_t used = stream->received.size();
    const size_t space = used >= stream->receive_bytes ? 0 : stream->receive_bytes - used;
    const size_t count = std::min(space, segment.bytes.size() - segment.taken);
    stream->received.append(segment.bytes.data() + segment.taken, static_cast<uint32_t>(count));
    segment.taken += count;
    moved = moved || count != 0;
    if (segment.taken < segment.bytes.size()) break;
    if (segment.last) stream->finished = moved = true;
    stream->sent.pop_front();
  }
  if (moved && stream->server_fd >= 0) edge(stream->server_fd);
}

void FakeKernel::send_datagram(const Address& from, Bytes bytes) {
  after(delay(), [this, from, bytes = std::move(bytes)] {
    const int fd = datagram_socket();
    if (fd < 0) return;
    FakeDescriptor& descriptor = table_[static_cast<size_t>(fd - kFirstFd)];
    if (descriptor.datagrams.size() >= limits.datagrams) {
      ++dropped_;
      return;
    }
    descriptor.datagrams.push_back({from, bytes});
    edge(fd);
  });
  advance_to(now_ms_);
}

void FakeKernel::put_sent(FakeDatagram datagram) { sent_.push_back(std::move(datagram)); }

void FakeKernel::connect_datagram(const Address& to, bool error_queue) {
  FakeDescriptor& socket = table_[static_cast<size_t>(datagram_socket() - kFirstFd)];
  socket.connected = to;
  socket.error_queue = error_queue;
  if (!error_queue) socket.errors.clear();
}

bool FakeKernel::take_sent(FakeDatagram* datagram) {
  if (sent_.empty()) return false;
  *datagram = std::move(sent_.front());
  sent_.pop_front();
  return true;
}

uint32_t FakeKernel::datagrams_waiting() {
  const int fd = datagram_socket();
  return fd < 0 ? 0 : static_cast<uint32_t>(table_[static_cast<size_t>(fd - kFirstFd)].datagrams.size());
}

}  // namespace netvolley::test
