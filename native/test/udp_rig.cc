#include "test/udp_rig.h"

#include <algorithm>
#include <cstring>

#include "test/check.h"

namespace netvolley::test {

namespace {

constexpr uint32_t kDestinations = 64;
constexpr uint32_t kTransmitBytes = 1 << 20;

std::string joined(const SendVector& vector) {
  if (vector.slices == nullptr) return {reinterpret_cast<const char*>(vector.data), vector.bytes};
  std::string all;
  for (uint32_t i = 0; i < vector.slice_count; ++i) {
    all.append(reinterpret_cast<const char*>(vector.slices[i].data), vector.slices[i].bytes);
  }
  return all;
}

}  // namespace

// --- The system

int HandPoller::add(int, uint64_t with, uint8_t) {
  token = with;
  watched = true;
  return 0;
}

IoResult HandPoller::wait(PollEvent* events, uint32_t, double) {
  if (!watched || (ready == 0 && !hangup)) return IoResult::success(0);
  events[0] = {token, ready, hangup};
  ready = 0;
  hangup = false;
  return IoResult::success(1);
}

bool HandPoller::set_alarm(double at_ms) {
  alarms.push_back(at_ms);
  return true;
}

IoResult ScriptedDatagrams::receive(int, ReceiveVector* vectors, uint32_t count, bool with_info) {
  asked.push_back(count);
  if (!receive_errors.empty()) {
    const int error = receive_errors.front();
    receive_errors.pop_front();
    return IoResult::failure(error);
  }
  if (arrivals.empty()) return IoResult::failure(EAGAIN);
  uint32_t got = 0;
  for (; got < count && !arrivals.empty(); ++got) {
    const Arrival arrival = std::move(arrivals.front());
    arrivals.pop_front();
    ReceiveVector& vector = vectors[got];
    const uint32_t size = static_cast<uint32_t>(arrival.bytes.size());
    const uint32_t first = std::min(size, vector.capacity);
    const uint32_t second = std::min(size - first, vector.overflow_capacity);
    std::copy_n(arrival.bytes.data(), first, vector.data);
    if (second != 0) std::copy_n(arrival.bytes.data() + first, second, vector.overflow);
    vector.bytes = first + second;
    vector.full_bytes = size;
    vector.truncated = size > first + second;
    vector.segment_bytes = arrival.segment_bytes;
    vector.from = arrival.from;
    if (with_info) vector.info = arrival.info;
  }
  return IoResult::success(got);
}

IoResult ScriptedDatagrams::send(int, const SendVector* vectors, uint32_t count) {
  if (send_error != 0) return IoResult::failure(send_error);
  for (uint32_t i = 0; i < count; ++i) {
    const std::string all = joined(vectors[i]);
    const size_t step = vectors[i].segment_bytes == 0 ? std::max<size_t>(all.size(), 1) : vectors[i].segment_bytes;
    size_t at = 0;
    do {
      sent.push_back(all.substr(at, step));
      sent_to.push_back(vectors[i].to == nullptr ? Address() : *vectors[i].to);
      sent_info.push_back(vectors[i].info == nullptr ? DatagramInfo() : *vectors[i].info);
      at += step;
    } while (at < all.size());
  }
  return IoResult::success(count);
}

// --- JavaScript's side of a link

RigLink::RigLink(const DatagramLinkSizes& sizes, const uint8_t* slab)
    : bytes(datagram_link_bytes(sizes)),
      memory(bytes.data(), sizes),
      sizes_(sizes),
      slab_(slab),
      destinations_(kDestinations),
      transmit_(kTransmitBytes) {
  areas->areas[0] = {transmit_.data(), transmit_.size()};
  word(DatagramWord::kJsSleeps).store(1);
}

DatagramLink::Parts RigLink::parts() {
  // The rig keeps the link alive.
  return {bytes.data(),         sizes_,        areas,
          destinations_.data(), kDestinations, std::shared_ptr<Bell>(std::shared_ptr<void>(), this)};
}

uint32_t RigLink::destination(const Address& to) {
  for (uint32_t i = 1; i < destination_count_; ++i) {
    if (destinations_[i] == to) return i;
  }
  destinations_[destination_count_] = to;
  return destination_count_++;
}

void RigLink::send(const Send& send) {
  const DatagramMemory::SendRing& ring = memory.send(send.send_class);
  const uint32_t at = ring.at(tails_[send.send_class]++);
  std::memcpy(transmit_.data() + transmit_used_, send.bytes.data(), send.bytes.size());
  uint8_t flags = 0;
  if (send.token != 0) flags |= kSendToken;
  if (send.expires_ms != 0) flags |= kSendExpires;
  if (send.traffic_class >= 0) flags |= kSendTrafficClass;
  using Id = SendColumn;
  ring.column<uint32_t>(Id::kOffset)[at] = transmit_used_;
  ring.column<uint32_t>(Id::kBytes)[at] = static_cast<uint32_t>(send.bytes.size());
  ring.column<uint32_t>(Id::kTo)[at] = send.to;
  ring.column<uint16_t>(Id::kSegmentBytes)[at] = send.segment_bytes;
  ring.column<uint8_t>(Id::kFlags)[at] = flags;
  ring.column<uint32_t>(Id::kToken)[at] = send.token;
  ring.column<uint8_t>(Id::kTrafficClass)[at] = static_cast<uint8_t>(send.traffic_class);
  ring.column<double>(Id::kExpiresMs)[at] = send.expires_ms;
  transmit_used_ += static_cast<uint32_t>(send.bytes.size());
}

void RigLink::send_raw(uint32_t offset, uint32_t size, uint32_t to, uint8_t flags, uint32_t slot, uint32_t token) {
  const DatagramMemory::SendRing& ring = memory.send(1);
  const uint32_t at = ring.at(tails_[1]++);
  using Id = SendColumn;
  ring.column<uint32_t>(Id::kOffset)[at] = offset;
  ring.column<uint32_t>(Id::kBytes)[at] = size;
  ring.column<uint32_t>(Id::kTo)[at] = to;
  ring.column<uint16_t>(Id::kSegmentBytes)[at] = 0;
  ring.column<uint8_t>(Id::kFlags)[at] = flags;
  ring.column<uint32_t>(Id::kSlot)[at] = slot;
  ring.column<uint32_t>(Id::kToken)[at] = token;
}

void RigLink::send_in_place(uint32_t slot, uint32_t offset, uint32_t size, uint32_t to) {
  send_raw(offset, size, to, kSendInPlace, slot, 0);
}

void RigLink::publish() {
  for (uint32_t i = 0; i < kSendClasses; ++i) memory.word(DatagramWord::kSendTailLow, i).store(tails_[i]);
  word(DatagramWord::kReceiveHead).store(head);
  word(DatagramWord::kReturnTail).store(return_tail_);
}

std::string RigLink::text(uint32_t index) const {
  const uint32_t offset = column<uint32_t>(ReceiveColumn::kOffset, index);
  return {reinterpret_cast<const char*>(slab_) + offset, column<uint32_t>(ReceiveColumn::kLength, index)};
}

void RigLink::take(uint32_t count, bool keep) {
  for (uint32_t i = 0; i < count; ++i, ++head) {
    if (keep) memory.receive().column<uint8_t>(ReceiveColumn::kKept)[memory.receive().at(head)] = 1;
  }
}

void RigLink::give_back(uint32_t slot) {
  memory.returns().column<uint32_t>(ReturnColumn::kSlot)[memory.returns().at(return_tail_++)] = slot;
}

std::vector<RigLink::Outcome> RigLink::outcomes() {
  std::vector<Outcome> all;
  const uint32_t tail = word(DatagramWord::kCompletionTail).load();
  const DatagramMemory::CompletionRing& ring = memory.completions();
  for (; completion_head_ != tail; ++completion_head_) {
    const uint32_t at = ring.at(completion_head_);
    all.push_back({ring.column<uint32_t>(CompletionColumn::kToken)[at],
                   static_cast<int>(ring.column<uint32_t>(CompletionColumn::kError)[at])});
  }
  word(DatagramWord::kCompletionHead).store(completion_head_);
  return all;
}

// --- The rig

DatagramConfig rig_config() {
  DatagramConfig config;
  config.slab = {{32, 256}, {8, 65536}};
  config.max_peers = 128;
  return config;
}

Address rig_address(uint16_t port, uint8_t last) {
  const uint8_t host[4] = {127, 0, 0, last};
  Address address = Address::from_host(host, 4, 0);
  address.set_port(port);
  return address;
}

Rig::Rig(const DatagramConfig& with)
    : config(with),
      engine_page(kWordBytes + sizeof(double) * static_cast<uint32_t>(EngineCounter::kCount)),
      slab(Slab::size_bytes(config.slab)),
      peers(uint64_t{config.max_peers} * kPeerBytes),
      page(socket_page_bytes(config.slab[0].slots + config.slab[1].slots)) {
  reactor = std::make_unique<Reactor>(System{clock, poller, streams, io},
                                      SharedWord(reinterpret_cast<uint32_t*>(engine_page.data())),
                                      CounterPage(reinterpret_cast<double*>(engine_page.data() + kWordBytes)), 16);
  socket = std::make_shared<UdpSocket>(*reactor, config, DatagramSocketMemory{slab.data(), peers.data(), page.data()});
}

Rig::~Rig() { reactor->stop(); }

RigLink& Rig::add_link(uint32_t receive_entries, uint32_t send_entries) {
  DatagramLinkSizes sizes;
  sizes.receive_entries = receive_entries;
  sizes.return_entries = receive_entries == 0 ? 0 : 64;
  sizes.send_entries = send_entries;
  sizes.completion_entries = send_entries * 4;
  links.push_back(std::make_shared<RigLink>(sizes, slab.data()));
  socket->add_link(links.back()->parts());
  return *links.back();
}

void Rig::start() {
  socket->fd().adopt(7);
  reactor->add(socket);
  CHECK_EQ(socket->start(), 0);
  socket->set_reading(true);
}

void Rig::arrive(std::string bytes, const Address& from, uint16_t segment_bytes) {
  io.arrivals.push_back({from, std::move(bytes), segment_bytes, {}});
}

void Rig::turn() {
  if (!io.arrivals.empty() || !io.receive_errors.empty()) poller.ready |= kReadable;
  reactor->turn(0);
}

uint32_t Rig::settle() {
  for (uint32_t turns = 0; turns < 1000; ++turns) {
    if (reactor->fall_asleep()) return turns;
    reactor->turn(0);
  }
  fail(__FILE__, __LINE__, "the reactor never sleeps");
}

double Rig::counter(SocketCounter id) {
  return reinterpret_cast<double*>(page.data() + kWordBytes)[static_cast<uint32_t>(id)];
}

}  // namespace netvolley::test
