#include "test/fake_datagram_io.h"

#include <algorithm>
#include <utility>

namespace netvolley::test {

namespace {

constexpr uint32_t kMaxPayload = 65507;

void land(const FakeDatagram& datagram, ReceiveVector* vector) {
  const size_t size = datagram.bytes.size();
  const size_t first = std::min<size_t>(size, vector->capacity);
  const size_t second = std::min<size_t>(size - first, vector->overflow_capacity);
  std::copy_n(datagram.bytes.data(), first, vector->data);
  std::copy_n(datagram.bytes.data() + first, second, vector->overflow);
  vector->bytes = static_cast<uint32_t>(first + second);
  vector->truncated = first + second < size;
  vector->from = datagram.address;
}

}  // namespace

IoResult FakeDatagramIo::open(const Address& at, const DatagramSocketOptions&, Address* bound) {
  const int fd = kernel_.allocate(FakeKind::kDatagram);
  if (fd < 0) return IoResult::failure(EMFILE);
  kernel_.descriptor(fd, FakeKind::kDatagram, "open")->bound = *bound = at;
  return IoResult::success(fd);
}

IoResult FakeDatagramIo::receive(int fd, ReceiveVector* vectors, uint32_t count) {
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
  uint32_t got = static_cast<uint32_t>(std::min<size_t>({count, max_batch_, descriptor->datagrams.size()}));
  if (kernel_.chance(faults.short_count)) got = 1 + kernel_.random().below(got);
  for (uint32_t i = 0; i < got; ++i) {
    land(descriptor->datagrams.front(), &vectors[i]);
    descriptor->datagrams.pop_front();
  }
  if (got < std::min(count, max_batch_) && !descriptor->datagrams.empty()) kernel_.hide(fd, kReadable);
  return IoResult::success(got);
}

IoResult FakeDatagramIo::send(int fd, const SendVector* vectors, uint32_t count) {
  FakeDescriptor* descriptor = kernel_.descriptor(fd, FakeKind::kDatagram, "send");
  if (descriptor == nullptr) return IoResult::failure(EBADF);
  if (count == 0) kernel_.violation("send of nothing");
  const FakeFaults& faults = kernel_.faults;
  if (kernel_.chance(faults.interrupted)) return IoResult::failure(EINTR);
  if (kernel_.chance(faults.no_buffers)) return IoResult::failure(ENOBUFS);
  if (kernel_.chance(faults.refused)) return IoResult::failure(ECONNREFUSED);
  if (kernel_.now_ms() < descriptor->write_hidden_until_ms) return IoResult::failure(EAGAIN);
  if (kernel_.chance(faults.would_block)) {
    kernel_.hide(fd, kWritable);
    return IoResult::failure(EAGAIN);
  }
  uint32_t sent = std::min(count, max_batch_);
  if (kernel_.chance(faults.short_count)) sent = 1 + kernel_.random().below(sent);
  for (uint32_t i = 0; i < sent; ++i) {
    if (vectors[i].bytes > kMaxPayload) return i == 0 ? IoResult::failure(EMSGSIZE) : IoResult::success(i);
    kernel_.put_sent({*vectors[i].to, Bytes(vectors[i].data, vectors[i].data + vectors[i].bytes)});
  }
  return IoResult::success(sent);
}

void FakeDatagramIo::close(int fd) {
  if (kernel_.descriptor(fd, FakeKind::kDatagram, "close") != nullptr) kernel_.release(fd);
}

}  // namespace netvolley::test
