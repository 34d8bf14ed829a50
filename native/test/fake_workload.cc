#include "test/fake_workload.h"

#include <algorithm>
#include <cstring>

namespace netvolley::test {

namespace {

constexpr uint32_t kBodyHead = 13;  // user, sequence, wish, reply bytes
constexpr uint32_t kBodyTail = 4;   // checksum
constexpr uint32_t kTcpUsers = 12;
constexpr uint32_t kUdpUsers = 6;

void put32(Bytes* bytes, uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) bytes->push_back(static_cast<uint8_t>(value >> shift));
}

uint32_t get32(const uint8_t* at) {
  return uint32_t{at[0]} << 24 | uint32_t{at[1]} << 16 | uint32_t{at[2]} << 8 | at[3];
}

uint32_t checksum(const uint8_t* bytes, size_t count) {
  uint32_t sum = 2166136261u;
  for (size_t i = 0; i < count; ++i) sum = (sum ^ bytes[i]) * 16777619u;
  return sum;
}

// Bytes that nobody else's payload has, by pointer: the debug build spends most of its time here.
void put_pattern(Bytes* bytes, uint32_t first, uint32_t second, uint32_t count) {
  const size_t before = bytes->size();
  bytes->resize(before + count);
  uint8_t* out = bytes->data() + before;
  uint32_t state = first * 2654435761u ^ second * 40503u;
  for (uint32_t i = 0; i < count; ++i) out[i] = static_cast<uint8_t>((state += 97) >> 5);
}

uint16_t port_of(uint32_t id) { return static_cast<uint16_t>(1024 + id % 60000); }

}  // namespace

Bytes make_body(const WorkRequest& request, uint32_t payload_bytes) {
  Bytes body;
  body.reserve(kBodyHead + payload_bytes + kBodyTail);
  put32(&body, request.user);
  put32(&body, request.sequence);
  body.push_back(static_cast<uint8_t>(request.wish));
  put32(&body, request.reply_bytes);
  put_pattern(&body, request.user, request.sequence, payload_bytes);
  put32(&body, checksum(body.data(), body.size()));
  return body;
}

bool read_body(const uint8_t* body, uint32_t bytes, WorkRequest* request) {
  if (bytes < kBodyHead + kBodyTail) return false;
  if (get32(body + bytes - kBodyTail) != checksum(body, bytes - kBodyTail)) return false;
  request->user = get32(body);
  request->sequence = get32(body + 4);
  request->wish = static_cast<Wish>(body[8]);
  request->reply_bytes = get32(body + 9);
  return true;
}

Bytes frame_of(const Framing& framing, const Bytes& body) {
  const LengthPrefix& prefix = framing.prefix;
  Bytes frame(prefix.header_bytes(), 0xaa);
  const uint64_t length = body.size() + (prefix.includes_header ? prefix.header_bytes() : 0);
  for (uint32_t i = 0; i < prefix.bytes; ++i) {
    const uint32_t shift = 8 * (prefix.little_endian ? i : prefix.bytes - 1 - i);
    frame[prefix.offset + i] = static_cast<uint8_t>(length >> shift);
  }
  frame.insert(frame.end(), body.begin(), body.end());
  return frame;
}

Bytes long_reply(const WorkRequest& request) {
  Bytes bytes;
  put32(&bytes, request.user);
  put32(&bytes, request.sequence);
  put_pattern(&bytes, request.sequence, request.user, request.reply_bytes);
  return bytes;
}

TcpUser::TcpUser(FakeServer& server, uint32_t id, Random random)
    : server_(server), id_(id), random_(random), client_(server.connect(port_of(id))) {}

void TcpUser::request() {
  if (quiet_ || expected_.size() > 24 || unsent_.size() > 64000) return;
  WorkRequest request{id_, sequence_++, Wish::kEcho, 0};
  const uint32_t choice = random_.below(100);
  if (choice >= 50) request.wish = Wish::kInPlace;
  if (choice >= 75) request.wish = Wish::kLong;
  if (choice >= 90) request.wish = Wish::kNone;
  if (choice >= 98) request.wish = random_.one_in(2) ? Wish::kFail : Wish::kCloseAfter;
  if (request.wish == Wish::kLong) request.reply_bytes = random_.below(random_.one_in(8) ? 40000 : 2000);
  const uint32_t most = server_.config().framing.max_body_bytes - kBodyHead - kBodyTail;
  const Bytes body = make_body(request, random_.below(random_.one_in(6) ? most + 1 : 200));
  const Bytes frame = frame_of(server_.config().framing, body);
  unsent_.insert(unsent_.end(), frame.begin(), frame.end());
  const bool ends = request.wish == Wish::kFail || request.wish == Wish::kCloseAfter;
  quiet_ = ends;
  if (request.wish == Wish::kNone) return;
  if (request.wish == Wish::kFail) return expected_.push_back({{}, true});
  expected_.push_back({request.wish == Wish::kLong ? long_reply(request) : frame, ends});
}

void TcpUser::send(uint32_t most) {
  const size_t count = std::min<size_t>(most, unsent_.size());
  if (count == 0) return;
  client_.send(Bytes(unsent_.begin(), unsent_.begin() + static_cast<ptrdiff_t>(count)));
  unsent_.erase(unsent_.begin(), unsent_.begin() + static_cast<ptrdiff_t>(count));
}

void TcpUser::read(uint32_t most) {
  compare(client_.read(most));
  // A connection that the server ends in order ends between two replies.
  if (client_.ended() && client_.closed_in_order()) CHECK_EQ(position_, 0u);
}

void TcpUser::compare(const Bytes& bytes) {
  for (size_t i = 0; i < bytes.size();) {
    CHECK(!over_ && !expected_.empty());
    const Expected& front = expected_.front();
    const size_t count = std::min(front.reply.size() - position_, bytes.size() - i);
    CHECK(std::memcmp(front.reply.data() + position_, bytes.data() + i, count) == 0);
    i += count;
    position_ += count;
    if (position_ < front.reply.size()) return;
    over_ = front.ends;
    position_ = 0;
    expected_.pop_front();
  }
}

void TcpUser::misbehave() {
  switch (random_.below(5)) {
    case 0:
      return client_.reset();
    case 1:
      send(random_.below(2) == 0 ? ~uint32_t{0} : random_.below(100));
      crippled_ = quiet_ = true;
      return client_.finish();
    case 2:
      crippled_ = quiet_ = true;
      return client_.close();
    case 3: {
      // A length above every limit. What stands before it is owed.
      if (quiet_) return;
      quiet_ = true;
      const LengthPrefix& prefix = server_.config().framing.prefix;
      unsent_.insert(unsent_.end(), prefix.header_bytes() + random_.below(50), 0xff);
      return;
    }
    default:
      crippled_ = quiet_ = true;  // stops in the middle
      unsent_.resize(unsent_.size() / 2);
  }
}

void TcpUser::act() {
  const uint32_t choice = random_.below(1000);
  if (choice < 300) return request();
  if (choice < 500) return send();
  if (choice < 650) return send(random_.below(300));
  if (choice < 700) return send(1);
  if (choice < 850) return read();
  if (choice < 992) return read(random_.below(2000));
  misbehave();
}

bool TcpUser::finish_work() {
  send();
  read();
  if (client_.ended()) return true;
  if (crippled_) client_.finish();
  if (quiet_) return false;  // the server has to end it
  return expected_.empty() && unsent_.empty();
}

std::string TcpUser::describe() const {
  const auto number = [](uint64_t value) { return std::to_string(value) + " "; };
  return "user " + number(id_) + "expects " + number(expected_.size()) + "at " + number(position_) + "unsent " +
         number(unsent_.size()) + client_.describe() + (quiet_ ? " quiet" : "") + (crippled_ ? " crippled" : "");
}

UdpUser::UdpUser(FakeServer& server, uint32_t id, Random random) : server_(server), id_(id), random_(random) {}

uint16_t UdpUser::port() const { return port_of(id_); }

void UdpUser::request() {
  WorkRequest request{id_, sequence_++, Wish::kEcho, 0};
  const uint32_t choice = random_.below(10);
  if (choice >= 5) request.wish = Wish::kInPlace;
  if (choice == 9) request.wish = Wish::kNone;
  const uint32_t most = server_.config().framing.max_body_bytes - kBodyHead - kBodyTail;
  const Bytes body = make_body(request, random_.below(random_.one_in(6) ? most + 1 : 200));
  const Bytes datagram = server_.config().datagram_framed ? frame_of(server_.config().framing, body) : body;
  if (request.wish != Wish::kNone) expected_[request.sequence] = datagram;
  if (expected_.size() > 256) expected_.erase(expected_.begin());
  server_.kernel.send_datagram(address_of(3, port()), datagram);
}

void UdpUser::act() {
  if (!random_.one_in(20)) return request();
  const Address from = address_of(3, random_.one_in(2) ? 0 : port());
  server_.kernel.send_datagram(from, Bytes(random_.one_in(2) ? 0 : random_.below(9000), 0xff));
}

void UdpUser::received(const Bytes& bytes) {
  const uint32_t header = server_.config().datagram_framed ? server_.config().framing.prefix.header_bytes() : 0;
  CHECK(bytes.size() >= header);
  WorkRequest request;
  CHECK(read_body(bytes.data() + header, static_cast<uint32_t>(bytes.size()) - header, &request));
  CHECK_EQ(request.user, id_);
  const auto found = expected_.find(request.sequence);
  if (found == expected_.end()) return CHECK(request.sequence + 256 < sequence_);  // so late that it was given up
  CHECK(found->second == bytes);
  expected_.erase(found);
  ++answered_;
}

Workload::Workload(FakeServer& server, uint64_t run) : server_(server), run_(run), random_(random_of(run, 2)) {
  tcp_.resize(kTcpUsers);
  for (uint32_t i = 0; i < kUdpUsers; ++i) {
    const uint32_t id = next_id_++;
    udp_.push_back(std::make_unique<UdpUser>(server, id, random_of(run, 100 + id)));
  }
}

void Workload::replace(size_t index) {
  const uint32_t id = next_id_++;
  tcp_[index].reset();
  if (server_.kernel.listener() < 0) return;
  tcp_[index] = std::make_unique<TcpUser>(server_, id, random_of(run_, 100 + id));
}

void Workload::act() {
  const uint32_t choice = random_.below(1000);
  if (choice < 300) {
    const size_t index = random_.below(kTcpUsers);
    if (tcp_[index] == nullptr || (tcp_[index]->ended() && random_.one_in(4))) return replace(index);
    tcp_[index]->act();
  } else if (choice < 340) {
    udp_[random_.below(kUdpUsers)]->act();
  } else if (choice < 500) {
    act_js();
  } else if (choice < 975) {
    server_.step();
    deliver_datagrams();
  } else if (choice < 999) {
    server_.kernel.advance_to(server_.kernel.now_ms() + random_.unit() * 4);
  } else {
    server_.kernel.advance_to(server_.kernel.now_ms() + random_.unit() * 300);
  }
}

void Workload::act_js() {
  FakeJavaScript& js = server_.js();
  if (js.awake()) js.drain(random_.one_in(4) ? random_.below(8) : ~uint32_t{0});
  auto& held = js.held();
  for (uint32_t count = random_.below(8); count > 0 && !held.empty(); --count) {
    const size_t index = random_.one_in(3) ? random_.below(static_cast<uint32_t>(held.size())) : 0;
    const FakeRequest request = std::move(held[index]);
    held.erase(held.begin() + static_cast<ptrdiff_t>(index));
    answer(js, request);
  }
  if (random_.one_in(3)) js.rotate();
  js.commit();
}

void Workload::answer(FakeJavaScript& js, const FakeRequest& request) {
  CHECK(js.intact(request));
  WorkRequest work;
  const bool valid = read_body(request.body(), request.body_bytes, &work);
  if (!valid) {
    CHECK(request.udp());
    return random_.one_in(2) ? js.fail(request) : js.no_reply(request);
  }
  CHECK_EQ(js.peer_port(request), port_of(work.user));
  const uint32_t size = static_cast<uint32_t>(request.frame.size());
  ++answered_;
  if (request.udp() && work.wish != Wish::kNone) ++udp_replies_;
  switch (work.wish) {
    case Wish::kEcho:
      return js.reply(request, request.frame, 0, request.udp() ? ~uint32_t{0} : 1 + random_.below(2 * size));
    case Wish::kInPlace:
      return js.reply_in_place(request, 0, size);
    case Wish::kLong:
      return js.reply(request, long_reply(work), 0, 1 + random_.below(work.reply_bytes + 1000));
    case Wish::kNone:
      return js.no_reply(request);
    case Wish::kCloseAfter:
      return js.reply(request, request.frame, kReplyCloseAfter);
    default:
      return js.fail(request);
  }
}

void Workload::deliver_datagrams() {
  FakeDatagram datagram;
  while (server_.kernel.take_sent(&datagram)) {
    const auto to = std::find_if(udp_.begin(), udp_.end(),
                                 [&](const auto& user) { return user->port() == datagram.address.port(); });
    CHECK(to != udp_.end());
    (*to)->received(datagram.bytes);
  }
}

void Workload::recover() {
  server_.kernel.heal();
  server_.handler = [this](FakeJavaScript& js, const FakeRequest& request) { answer(js, request); };
  // What JavaScript holds already was taken while there was no handler; rung once, it answers it.
  server_.js().ring();
  const double end_ms = server_.kernel.now_ms() + 60000;
  bool done = false;
  while (!done) {
    if (server_.kernel.now_ms() >= end_ms) {
      std::vector<std::unique_ptr<Note>> notes;
      for (const auto& user : tcp_)
        notes.push_back(std::make_unique<Note>(user == nullptr ? "none" : user->describe()));
      CHECK(server_.kernel.now_ms() < end_ms);  // else something was forgotten
    }
    server_.run_for(10);
    deliver_datagrams();
    done = true;
    for (const auto& user : tcp_) done = (user == nullptr || user->finish_work()) && done;
  }
  for (const auto& user : udp_) {
    const uint32_t before = user->answered();
    for (int attempt = 0; user->answered() == before; ++attempt) {
      CHECK(attempt < 100);
      user->request();
      server_.run_for(5);
      deliver_datagrams();
    }
  }
  server_.run_for(50);
  deliver_datagrams();
  CHECK_EQ(server_.get(ServerCounter::kInFlight), 0.0);
  CHECK_EQ(udp_replies_, server_.get(ServerCounter::kDatagramsOut) + server_.get(ServerCounter::kSendErrors) +
                             server_.get(ServerCounter::kDroppedSend));
}

void Workload::ask_before_drain() {
  for (const auto& user : tcp_) {
    if (user == nullptr || user->ended() || random_.one_in(3)) continue;
    user->request();
    user->send();
  }
}

void Workload::read_all() {
  deliver_datagrams();
  for (const auto& user : tcp_) {
    if (user != nullptr) user->read();
  }
}

void Workload::expect_answered() {
  for (const auto& user : tcp_) {
    if (user != nullptr) CHECK(user->finish_work());
  }
}

}  // namespace netvolley::test
