#include "test/fake_datagram_io.h"

#include <algorithm>
#include <utility>

namespace netvolley::test {

namespace {

constexpr uint32_t kMaxPayload = 65507;
constexpr uint32_t kMaxSegments = 128;
constexpr uint32_t kHeaderBytes = 28;
constexpr uint32_t kGroSegments = 64;
constexpr uint8_t kIcmp = 2;
constexpr uint8_t kUnreachable = 3;

void land(const FakeDatagram& message, uint16_t segment_bytes, ReceiveVector* vector) {
  const size_t size = message.bytes.size();
  const size_t first = std::min<size_t>(size, vector->capacity);
  const size_t second = std::min<size_t>(size - first, vector->overflow_capacity);
  std::copy_n(message.bytes.data(), first, vector->data);
  std::copy_n(message.bytes.data() + first, second, vector->overflow);
  vector->bytes = static_cast<uint32_t>(first + second);
  vector->full_bytes = static_cast<uint32_t>(size);
  vector->truncated = first + second < size;
  vector->segment_bytes = segment_bytes;
  vector->from = message.address;
  vector->info = DatagramInfo();
}

Bytes joined(const SendVector& vector) {
  if (vector.slices == nullptr) return Bytes(vector.data, vector.data + vector.bytes);
  Bytes bytes;
  for (uint32_t i = 0; i < vector.slice_count; ++i) {
    bytes.insert(bytes.end(), vector.slices[i].data, vector.slices[i].data + vector.slices[i].bytes);
  }
  return bytes;
}

}  // namespace

IoResult FakeDatagramIo::open(const Address& at, const DatagramSocketOptions&, Address* bound) {
  const int fd = kernel_.allocate(FakeKind::kDatagram);
  if (fd < 0) return IoResult::failure(EMFILE);
  kernel_.descriptor(fd, FakeKind::kDatagram, "open")->bound = *bound = at;
  return IoResult::success(fd);
}

// With GRO as many equal datagrams of one sender as there are; the last may be shorter.
FakeDatagram FakeDatagramIo::take_message(FakeDescriptor& descriptor, uint32_t most, uint16_t* segment_bytes) {
  std::deque<FakeDatagram>& waiting = descriptor.datagrams;
  FakeDatagram message = std::move(waiting.front());
  waiting.pop_front();
  *segment_bytes = 0;
  const size_t size = message.bytes.size();
  if (!kernel_.limits.gro || size == 0) return message;
  bool open = true;
  for (uint32_t segments = 1; segments < kGroSegments && open && !waiting.empty(); ++segments) {
    const FakeDatagram& next = waiting.front();
    const bool fits = next.address == message.address && !next.bytes.empty() && next.bytes.size() <= size;
    if (!fits || message.bytes.size() + next.bytes.size() > most) break;
    open = next.bytes.size() == size;
    message.bytes.insert(message.bytes.end(), next.bytes.begin(), next.bytes.end());
    waiting.pop_front();
    *segment_bytes = static_cast<uint16_t>(size);
  }
  return message;
}

IoResult FakeDatagramIo::receive(int fd, ReceiveVector* vectors, uint32_t count, bool) {
  FakeDescriptor* descriptor = kernel_.descriptor(fd, FakeKind::kDatagram, "receive");
  if (descriptor == nullptr) return IoResult::failure(EBADF);
  if (count == 0) kernel_.violation("receive into nothing");
  const FakeFaults& faults = kernel_.faults;
  if (kernel_.chance(faults.interrupted)) return IoResult::failure(EINTR);
  if (kernel_.now_ms() < descriptor->read_hidden_until_ms) return IoResult::failure(EAGAIN);
  if (kernel_.chance(faults.refused)) descriptor->pending_error = ECONNREFUSED;
  if (descriptor->pending_error != 0) return IoResult::failure(std::exchange(descriptor->pending_error, 0));
  if (descriptor->datagrams.empty()) return IoResult::failure(EAGAIN);
  if (kernel_.chance(faults.would_block)) {
    kernel_.hide(fd, kReadable);
    return IoResult::failure(EAGAIN);
  }
  uint32_t most = static_cast<uint32_t>(std::min<size_t>({count, max_batch_, descriptor->datagrams.size()}));
  if (kernel_.chance(faults.short_count)) most = 1 + kernel_.random().below(most);
  uint32_t got = 0;
  for (; got < most && !descriptor->datagrams.empty(); ++got) {
    uint16_t segment_bytes = 0;
    const FakeDatagram message = take_message(*descriptor, vectors[got].capacity, &segment_bytes);
    land(message, segment_bytes, &vectors[got]);
  }
  if (got < std::min(count, max_batch_) && !descriptor->datagrams.empty()) kernel_.hide(fd, kReadable);
  return IoResult::success(got);
}

int FakeDatagramIo::refuse(const FakeDescriptor& descriptor, const SendVector& vector) {
  if (vector.to == nullptr && descriptor.connected.size() == 0) {
    kernel_.violation("send to a peer that is not connected");
    return EDESTADDRREQ;
  }
  if (vector.bytes > kMaxPayload) return EMSGSIZE;
  if (vector.segment_bytes == 0) return 0;
  const uint32_t segments = (vector.bytes + vector.segment_bytes - 1) / vector.segment_bytes;
  if (segments < 2 || segments > kMaxSegments) kernel_.violation("GSO with " + std::to_string(segments) + " segments");
  return vector.segment_bytes + kHeaderBytes > kernel_.limits.mtu ? EMSGSIZE : 0;
}

int FakeDatagramIo::fault(FakeDescriptor& descriptor, const SendVector& vector) {
  const FakeFaults& faults = kernel_.faults;
  const bool is_gso = vector.segment_bytes != 0;
  if (kernel_.chance(faults.no_buffers)) return kernel_.random().one_in(2) ? ENOBUFS : ENOMEM;
  if (is_gso && kernel_.chance(faults.offload_io)) return EIO;
  if (is_gso && kernel_.chance(faults.offload_invalid)) return EINVAL;
  if (kernel_.chance(faults.too_large)) return EMSGSIZE;
  if (kernel_.chance(faults.denied)) {
    constexpr int kErrors[] = {EPERM, EACCES, ENETUNREACH, EHOSTUNREACH};
    return kErrors[kernel_.random().below(4)];
  }
  if (kernel_.chance(faults.fatal)) return EBADF;
  if (!kernel_.chance(faults.refused)) return 0;
  if (descriptor.error_queue) {
    QueuedError error;
    error.error = ECONNREFUSED;
    error.origin = kIcmp;
    error.type = error.code = kUnreachable;
    error.to = vector.to != nullptr ? *vector.to : descriptor.connected;
    error.offender = error.to;
    descriptor.errors.push_back(error);
  }
  return ECONNREFUSED;
}

// Only GSO messages give EIO, and a plain one EINVAL never.
bool FakeDatagramIo::belongs(int error, const SendVector& vector) const {
  return vector.segment_bytes != 0 || (error != EIO && error != EINVAL);
}

IoResult FakeDatagramIo::stop_at(int fd, uint32_t sent, int error) {
  if (sent == 0) return IoResult::failure(error);
  kernel_.descriptor(fd, FakeKind::kDatagram, "send")->send_error = error;
  return IoResult::success(sent);
}

IoResult FakeDatagramIo::send(int fd, const SendVector* vectors, uint32_t count) {
  FakeDescriptor* descriptor = kernel_.descriptor(fd, FakeKind::kDatagram, "send");
  ++send_calls_;
  if (descriptor == nullptr) return IoResult::failure(EBADF);
  if (count == 0) return kernel_.violation("send of nothing"), IoResult::failure(EINVAL);
  while (!descriptor->errors_after_send.empty()) {
    descriptor->errors.push_back(descriptor->errors_after_send.front());
    descriptor->errors_after_send.pop_front();
  }
  if (count > max_batch_) kernel_.violation("more messages than the kernel looks at");
  const FakeFaults& faults = kernel_.faults;
  if (kernel_.chance(faults.interrupted)) return IoResult::failure(EINTR);
  const int kept = std::exchange(descriptor->send_error, 0);
  if (kept != 0 && belongs(kept, vectors[0])) return IoResult::failure(kept);
  if (kernel_.now_ms() < descriptor->write_hidden_until_ms) return IoResult::failure(EAGAIN);
  uint32_t most = std::min(count, max_batch_);
  if (kernel_.chance(faults.short_count)) most = 1 + kernel_.random().below(most);
  // Where the buffer is full: in front of any message.
  const bool full = kernel_.chance(faults.would_block);
  if (full) most = kernel_.random().below(most);
  uint32_t sent = 0;
  for (; sent < most; ++sent) {
    int error = refuse(*descriptor, vectors[sent]);
    if (error == 0) error = fault(*descriptor, vectors[sent]);
    if (!descriptor->errors.empty()) kernel_.edge(fd);
    if (error == EIO || error == EINVAL) ++offload_faults_[error == EINVAL][sent == 0 ? 0 : sent + 1 < count ? 1 : 2];
    if (error != 0) return stop_at(fd, sent, error);
    put(*descriptor, vectors[sent]);
  }
  if (full) kernel_.hide(fd, kWritable);
  return sent == 0 ? IoResult::failure(EAGAIN) : IoResult::success(sent);
}

void FakeDatagramIo::put(const FakeDescriptor& descriptor, const SendVector& vector) {
  const Bytes bytes = joined(vector);
  const Address& to = vector.to != nullptr ? *vector.to : descriptor.connected;
  if (bytes.size() != vector.bytes) kernel_.violation("slices of another length than they say");
  if (vector.segment_bytes == 0) return kernel_.put_sent({to, bytes});
  for (size_t at = 0; at < bytes.size(); at += vector.segment_bytes) {
    const size_t end = std::min<size_t>(bytes.size(), at + vector.segment_bytes);
    kernel_.put_sent(
        {to, Bytes(bytes.begin() + static_cast<ptrdiff_t>(at), bytes.begin() + static_cast<ptrdiff_t>(end))});
  }
}

IoResult FakeDatagramIo::read_error(int fd, QueuedError* error) {
  FakeDescriptor* descriptor = kernel_.descriptor(fd, FakeKind::kDatagram, "read_error");
  if (descriptor == nullptr) return IoResult::failure(EBADF);
  if (kernel_.chance(kernel_.faults.interrupted)) return IoResult::failure(EINTR);
  if (descriptor->errors.empty()) return IoResult::failure(EAGAIN);
  *error = descriptor->errors.front();
  descriptor->errors.pop_front();
  return IoResult::success(1);
}

void FakeDatagramIo::close(int fd) {
  if (kernel_.descriptor(fd, FakeKind::kDatagram, "close") != nullptr) kernel_.release(fd);
}

}  // namespace netvolley::test
