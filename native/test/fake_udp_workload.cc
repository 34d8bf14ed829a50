#include "test/fake_udp_workload.h"

#include <algorithm>
#include <cstring>

#include "test/check.h"

namespace netvolley::test {

namespace {

constexpr uint32_t kIdBytes = 4;
constexpr uint32_t kDestinations = 5;
constexpr uint32_t kPeers = 40;
constexpr uint32_t kMostLinks = 5;
constexpr uint16_t kConnectedPort = 7000;

uint32_t id_of(const uint8_t* bytes) {
  uint32_t id = 0;
  std::memcpy(&id, bytes, sizeof id);
  return id;
}

}  // namespace

UdpWorkload::UdpWorkload(FakeUdp& udp, uint64_t run, bool connected)
    : udp_(udp), random_(random_of(run, 2)), connected_(connected) {
  if (connected_) {
    const Address peer = address_of(2, kConnectedPort);
    const bool error_queue = udp.options().config.icmp_errors != IcmpErrors::kOff;
    udp.kernel.connect_datagram(peer, error_queue);
    udp.post([&udp, peer, error_queue] { udp.socket().set_connected(&peer, error_queue); });
    udp.settle();
  }
  add_views();
}

void UdpWorkload::add_views() {
  while (views_.size() < udp_.links()) {
    const uint32_t index = static_cast<uint32_t>(views_.size());
    FakeDatagramLink& link = udp_.link(index);
    link.on_received = [this, index](const FakeReceived& entry) { receive(index, entry); };
    views_.emplace_back();
    links_to_.emplace_back();
    // Some are shared by the links, some by nobody.
    for (uint32_t i = 0; i < kDestinations; ++i) {
      const uint16_t port = static_cast<uint16_t>(5000 + i + (i % 2) * 100 * index);
      links_to_[index][link.destination(address_of(2, port))] = port;
    }
    if (connected_) links_to_[index][0] = kConnectedPort;
  }
}

FakeDatagramLink* UdpWorkload::random_link(uint32_t* index) {
  *index = random_.below(udp_.links());
  return views_[*index].gone || views_[*index].leaves || udp_.link(*index).retired() ? nullptr : &udp_.link(*index);
}

uint32_t UdpWorkload::random_bytes() {
  const uint32_t choice = random_.below(40);
  if (choice == 0) return 0;
  if (choice == 1) return random_.between(1000, 2500);
  return choice < 4 ? kIdBytes + random_.below(600) : 16 + 8 * random_.below(4);
}

uint32_t UdpWorkload::new_token(uint32_t link, uint32_t id) {
  tokens_[++next_token_] = {link, id};
  return next_token_;
}

bool UdpWorkload::send_one(uint32_t link, uint32_t to, uint32_t send_class, uint32_t bytes, bool with_token) {
  const uint32_t id = bytes == 0 ? 0 : ++next_id_;
  const uint32_t token = with_token ? new_token(link, id == 0 ? 0 : id) : 0;
  const double expires_ms = random_.one_in(30) ? random_.unit() * 10 : 0;
  udp_.link(link).set_traffic_class(random_.one_in(20) ? 8 : 0);
  if (!udp_.link(link).send(payload_of(id, bytes), to, send_class, 0, token, expires_ms)) {
    tokens_.erase(token);
    return false;
  }
  if (id != 0) records_[id] = {link, send_class, port_of(link, to), bytes};
  return true;
}

// Each datagram of a run has an id of its own.
void UdpWorkload::send_run(uint32_t link, uint32_t to, uint32_t send_class) {
  const uint32_t size = random_.between(8, random_.one_in(8) ? 1600 : 200);
  const uint32_t count = random_.between(1, random_.one_in(4) ? 150 : 12);
  const uint32_t last = random_.between(kIdBytes, size);
  Bytes run;
  const uint32_t first = next_id_ + 1;
  for (uint32_t i = 0; i < count; ++i) {
    const Bytes bytes = payload_of(++next_id_, i + 1 == count ? last : size);
    run.insert(run.end(), bytes.begin(), bytes.end());
  }
  const uint32_t token = random_.one_in(3) ? new_token(link, 0) : 0;
  if (run.size() > 65507 || !udp_.link(link).send(run, to, send_class, static_cast<uint16_t>(size), token)) {
    tokens_.erase(token);
    return;
  }
  for (uint32_t i = 0; i < count; ++i) {
    records_[first + i] = {link, send_class, port_of(link, to), i + 1 == count ? last : size};
  }
}

void UdpWorkload::send_some() {
  uint32_t index = 0;
  FakeDatagramLink* link = random_link(&index);
  if (link == nullptr) return;
  auto to = links_to_[index].begin();
  std::advance(to, random_.below(static_cast<uint32_t>(links_to_[index].size())));
  const uint32_t send_class = random_.below(kSendClasses);
  const uint32_t choice = random_.below(10);
  if (choice == 0) {
    send_run(index, to->first, send_class);
  } else if (choice < 4) {
    const uint32_t bytes = random_bytes();
    for (uint32_t i = random_.between(2, 12); i > 0; --i) {
      if (!send_one(index, to->first, send_class, bytes, random_.one_in(6))) break;
    }
  } else if (!send_one(index, to->first, send_class, random_bytes(), random_.one_in(3)) && send_class != 0) {
    link->evict(send_class);
  }
  if (random_.one_in(3)) link->commit();
}

void UdpWorkload::send_a_little() {
  for (int i = 0; i < 10; ++i) send_some();
  for (uint32_t i = 0; i < udp_.links(); ++i) {
    if (!views_[i].gone && !udp_.link(i).retired()) udp_.link(i).commit();
  }
}

void UdpWorkload::inject() {
  const uint16_t port = static_cast<uint16_t>(6000 + random_.below(kPeers));
  // Now and then somebody who is never seen again.
  const Address from = address_of(3, random_.one_in(10) ? static_cast<uint16_t>(10000 + random_.below(50000)) : port);
  const uint32_t bytes = random_.one_in(40) ? random_.below(9000) : random_bytes();
  for (uint32_t i = random_.one_in(3) ? random_.between(1, 20) : 1; i > 0; --i) {
    const uint32_t size = bytes != 0 && bytes < kIdBytes ? kIdBytes : bytes;
    const uint32_t id = next_injected_++;
    if (size != 0) sent_in_[id] = {from.port(), size};
    ++injected_;
    // In order: what differs in its delay overtakes, as in any network.
    const double delay_ms = udp_.kernel.faults.max_delay_ms;
    udp_.kernel.faults.max_delay_ms = 0;
    udp_.kernel.send_datagram(from, payload_of(size == 0 ? 0 : id, size));
    udp_.kernel.faults.max_delay_ms = delay_ms;
  }
}

void UdpWorkload::act_link() {
  uint32_t index = 0;
  FakeDatagramLink* link = random_link(&index);
  if (link == nullptr) return;
  link->keep_next(link->kept().size() < 6 && random_.one_in(6));
  if (link->awake()) link->drain(random_.one_in(4) ? random_.below(8) : ~uint32_t{0});
  link->received().clear();
  while (!link->kept().empty() && random_.one_in(3)) {
    link->give_back(random_.below(static_cast<uint32_t>(link->kept().size())));
  }
  if (random_.one_in(5)) link->flush();
  link->commit();
}

void UdpWorkload::change_something() {
  const uint32_t choice = random_.below(6);
  if (choice == 0 && !tokens_.empty()) {
    const auto any = tokens_.begin();
    const uint32_t token = any->first;
    const uint32_t link = any->second.link;
    return udp_.post([this, link, token] { udp_.socket().cancel(link, token); });
  }
  if (choice == 1) {
    const bool on = !random_.one_in(3);
    return udp_.post([this, on] { udp_.socket().set_reading(on); });
  }
  if (choice == 2) return end_link();
  const HotOption option = static_cast<HotOption>(random_.below(3));
  const double value = option == HotOption::kBatchPackets ? random_.between(1, 64)
                       : random_.one_in(2)                ? 0
                                                          : random_.unit() * 8;
  udp_.post([this, option, value] { udp_.socket().set(option, value); });
}

void UdpWorkload::end_link() {
  if (udp_.links() < 2 || !random_.one_in(4)) return;
  uint32_t index = 0;
  if (udp_.links() < kMostLinks && random_.one_in(2)) {
    udp_.add_link(random_.one_in(2));
    udp_.settle();
    return add_views();
  }
  if (random_link(&index) == nullptr || index == 0) return;
  udp_.link(index).commit();
  views_[index].leaves = true;
  const bool flush_first = random_.one_in(2);
  udp_.post([this, index, flush_first] { udp_.socket().end_link(index, flush_first); });
}

void UdpWorkload::act() {
  const uint32_t choice = random_.below(1000);
  if (choice < 250) return send_some();
  if (choice < 310) return inject();
  if (choice < 480) return act_link();
  if (choice < 490) return change_something();
  if (choice < 970) {
    udp_.step();
    return look();
  }
  udp_.kernel.advance_to(udp_.kernel.now_ms() + random_.unit() * (choice < 999 ? 2 : 150));
}

// --- What comes in

void UdpWorkload::check_datagram(uint32_t link, const FakeReceived& entry, uint32_t at, uint32_t bytes) {
  ++received_;
  const bool truncated = (entry.flags & kReceiveTruncated) != 0;
  CHECK_EQ(truncated, entry.full_bytes > entry.bytes.size());
  if (bytes < kIdBytes) return CHECK(bytes == 0 || truncated);
  const uint32_t id = id_of(entry.bytes.data() + at);
  const auto found = sent_in_.find(id);
  CHECK(found != sent_in_.end());
  CHECK_EQ(found->second.first, entry.from.port());
  CHECK(truncated ? bytes < found->second.second : bytes == found->second.second);
  const Bytes expected = payload_of(id, bytes);
  CHECK(std::memcmp(expected.data(), entry.bytes.data() + at, bytes) == 0);
  uint32_t& last = views_[link].last_received[entry.from.port()];
  CHECK(last < id);  // once, and in its order
  last = id;
}

void UdpWorkload::receive(uint32_t link, const FakeReceived& entry) {
  const uint32_t size = static_cast<uint32_t>(entry.bytes.size());
  if (entry.segment_bytes == 0) {
    CHECK_EQ(entry.segments, 1u);
    check_datagram(link, entry, 0, size);
  } else {
    uint32_t count = 0;
    for (uint32_t at = 0; at < size; at += entry.segment_bytes, ++count) {
      check_datagram(link, entry, at, std::min<uint32_t>(entry.segment_bytes, size - at));
    }
    CHECK_EQ(count, entry.segments);
  }
  if (random_.one_in(3)) reply(link, entry);
}

// The first datagram of the slot, or a part of it.
void UdpWorkload::reply(uint32_t link, const FakeReceived& entry) {
  const uint32_t size = entry.segment_bytes == 0 ? static_cast<uint32_t>(entry.bytes.size()) : entry.segment_bytes;
  if (size < kIdBytes || size > 65507 || views_[link].leaves) return;
  const uint32_t id = id_of(entry.bytes.data());
  const uint32_t bytes = random_.one_in(2) ? size : random_.between(kIdBytes, size);
  const uint32_t send_class = random_.below(kSendClasses);
  const uint32_t token = random_.one_in(3) ? new_token(link, id) : 0;
  udp_.link(link).set_traffic_class(0);
  if (!udp_.link(link).send_in_place(entry, bytes, send_class, token)) {
    tokens_.erase(token);
    return;
  }
  records_[id] = {link, send_class, entry.from.port(), bytes};
}

// --- What goes out

void UdpWorkload::take_wire() {
  FakeDatagram datagram;
  while (udp_.kernel.take_sent(&datagram)) {
    ++wire_;
    if (datagram.bytes.empty()) continue;
    const uint32_t bytes = static_cast<uint32_t>(datagram.bytes.size());
    CHECK(bytes >= kIdBytes);
    const uint32_t id = id_of(datagram.bytes.data());
    const auto found = records_.find(id);
    CHECK(found != records_.end());  // else it was never queued, or goes out twice
    const Record record = found->second;
    records_.erase(found);
    CHECK_EQ(record.bytes, bytes);
    CHECK_EQ(record.port, datagram.address.port());
    CHECK(datagram.bytes == payload_of(id, bytes));
    ++views_[record.link].wire;
    if (id >= 0x80000000) continue;  // answers come in the order in which they were read
    uint32_t& last = last_sent_[uint64_t{record.link} << 32 | record.send_class << 16 | record.port];
    CHECK(last < id);
    last = id;
  }
}

void UdpWorkload::take_outcomes(uint32_t link) {
  for (const FakeDatagramLink::Outcome& outcome : udp_.link(link).take_outcomes()) {
    const auto found = tokens_.find(outcome.token);
    CHECK(found != tokens_.end());  // answered once
    const Waiting waiting = found->second;
    tokens_.erase(found);
    CHECK_EQ(waiting.link, link);
    if (waiting.id == 0) continue;
    const bool on_wire = records_.find(waiting.id) == records_.end();
    CHECK_EQ(on_wire, outcome.error == 0);
  }
  for (const FakeDatagramLink::Event& event : udp_.link(link).take_events()) {
    CHECK(event.error != 0);
    if (event.kind == kEventSendFailed) ++views_[link].failed_events;
  }
}

void UdpWorkload::look_at(uint32_t index) {
  FakeDatagramLink& link = udp_.link(index);
  LinkView& view = views_[index];
  const Note note("link " + std::to_string(index));
  if (view.gone) {
    // Nothing may touch what is JavaScript's again.
    if (random_.one_in(50)) CHECK(std::memcmp(view.after.data(), link.memory(), view.after.size()) == 0);
    return;
  }
  const bool retired = link.retired();
  // What is answered from now on nobody looks at any more: JavaScript counts it as closed.
  const uint64_t queued = link.queued();
  // Who has left reads no slots any more; after the end of the socket they stay.
  if (retired) link.drain(view.leaves ? 0 : ~uint32_t{0});
  take_outcomes(index);
  // Datagrams without bytes carry no name: those of all links are counted together.
  CHECK(static_cast<double>(view.wire) <= udp_.get(LinkCounter::kSent, index));
  CHECK(static_cast<double>(view.failed_events) <= udp_.get(LinkCounter::kFailed, index));
  if (!retired) return;
  CHECK_EQ(udp_.get(LinkCounter::kPending, index), 0.0);
  CHECK_EQ(udp_.get(LinkCounter::kQueued, index), queued);
  view.gone = true;
  view.after.assign(link.memory(), link.memory() + link.memory_bytes());
}

void UdpWorkload::look() {
  take_wire();
  double sent = 0;
  for (uint32_t i = 0; i < views_.size(); ++i) {
    look_at(i);
    sent += udp_.get(LinkCounter::kSent, i);
  }
  CHECK_EQ(sent, wire_);
  using Id = SocketCounter;
  const double known =
      udp_.get(Id::kPacketsReceived) + udp_.kernel.datagrams_waiting() + udp_.kernel.datagrams_dropped();
  if (!finished()) CHECK_EQ(known, injected_);
}

void UdpWorkload::recover() {
  udp_.kernel.heal();
  udp_.post([this] { udp_.socket().set_reading(true); });
  for (uint32_t i = 0; i < views_.size(); ++i) udp_.link(i).keep_next(false);
  const double end_ms = udp_.kernel.now_ms() + 20000;
  for (bool done = false; !done;) {
    CHECK(udp_.kernel.now_ms() < end_ms);  // else something was forgotten
    for (uint32_t i = 0; i < views_.size(); ++i) {
      if (views_[i].gone || udp_.link(i).retired()) continue;
      while (!udp_.link(i).kept().empty()) udp_.link(i).give_back();
      udp_.link(i).commit();
    }
    udp_.run_for(20);
    look();
    if (finished()) return;
    // With nobody to receive it the kernel keeps what it has.
    bool receives = false;
    done = true;
    for (uint32_t i = 0; i < views_.size(); ++i) {
      done = done && udp_.get(LinkCounter::kPending, i) == 0;
      receives = receives || (!views_[i].gone && i < udp_.options().receiving_links);
    }
    done = done && (!receives || udp_.kernel.datagrams_waiting() == 0);
  }
  // What came back while nothing was stalled wakes nobody: it is seen in the next turn.
  udp_.post([] {});
  udp_.settle();
  CHECK_EQ(udp_.get(SocketCounter::kSlotsHeld), 0.0);
}

void UdpWorkload::expect_finished() {
  look();
  udp_.check_finished();
  for (uint32_t i = 0; i < views_.size(); ++i) CHECK(views_[i].gone);
  // What was not published when the socket broke is JavaScript's to answer.
  if (udp_.get(SocketCounter::kCloseErrno) == 0) CHECK(tokens_.empty());
}

}  // namespace netvolley::test
