#pragma once

#include <map>
#include <memory>
#include <vector>

#include "test/fake_server.h"

namespace netvolley::test {

// What a request asks for. The client chooses, so that it knows what has to come back.
enum class Wish : uint8_t { kEcho, kInPlace, kLong, kNone, kFail, kCloseAfter, kCount };

struct WorkRequest {
  uint32_t user = 0;
  uint32_t sequence = 0;
  Wish wish = Wish::kEcho;
  uint32_t reply_bytes = 0;  // of kLong
};

// A body: who, which, what is wished, a payload that follows from these, and a checksum over all of it.
Bytes make_body(const WorkRequest& request, uint32_t payload_bytes);
bool read_body(const uint8_t* body, uint32_t bytes, WorkRequest* request);
Bytes frame_of(const Framing& framing, const Bytes& body);
Bytes long_reply(const WorkRequest& request);

// A client over TCP: sends whole requests or pieces, reads or does not, misbehaves; compares every byte that comes.
class TcpUser {
 public:
  TcpUser(FakeServer& server, uint32_t id, Random random);

  void act();
  // Says no more than what it owes and reads everything. True = nothing is outstanding.
  bool finish_work();
  void read(uint32_t most = ~uint32_t{0});
  void request();
  void send(uint32_t most = ~uint32_t{0});
  bool ended() const { return client_.ended(); }
  std::string describe() const;

 private:
  struct Expected {
    Bytes reply;
    bool ends = false;
  };

  void misbehave();
  void compare(const Bytes& bytes);

  FakeServer& server_;
  uint32_t id_;
  Random random_;
  FakeClient client_;
  uint32_t sequence_ = 0;
  Bytes unsent_;
  std::deque<Expected> expected_;
  size_t position_ = 0;    // in the first expected reply
  bool quiet_ = false;     // asks for nothing more
  bool over_ = false;      // a reply that ends the connection was read
  bool crippled_ = false;  // stopped in the middle of a frame
};

// A sender of datagrams with one address. Datagrams may be lost, but no reply comes twice or to somebody else.
class UdpUser {
 public:
  UdpUser(FakeServer& server, uint32_t id, Random random);

  void act();
  void request();
  void received(const Bytes& bytes);
  uint32_t answered() const { return answered_; }
  uint16_t port() const;

 private:
  FakeServer& server_;
  uint32_t id_;
  Random random_;
  uint32_t sequence_ = 0;
  uint32_t answered_ = 0;
  std::map<uint32_t, Bytes> expected_;
};

// The clients and the JavaScript side of one server under one seed.
class Workload {
 public:
  Workload(FakeServer& server, uint64_t run);

  // One random action of a client, of JavaScript, of the reactor, or of time.
  void act();
  // After kernel.heal(): everything outstanding is answered, or its connection closed.
  void recover();
  // Requests that are in the kernel when the server begins to drain are answered.
  void ask_before_drain();
  void read_all();
  void expect_answered();
  uint64_t answered() const { return answered_; }

 private:
  void act_js();
  void answer(FakeJavaScript& js, const FakeRequest& request);
  void deliver_datagrams();
  void replace(size_t index);

  FakeServer& server_;
  uint64_t run_;
  Random random_;
  uint32_t next_id_ = 1;
  std::vector<std::unique_ptr<TcpUser>> tcp_;
  std::vector<std::unique_ptr<UdpUser>> udp_;
  std::map<uint32_t, uint32_t> sequences_;  // of each TCP user, as JavaScript has seen them
  uint64_t answered_ = 0;
  double udp_replies_ = 0;
};

}  // namespace netvolley::test
