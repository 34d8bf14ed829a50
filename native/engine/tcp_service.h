#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "engine/server_context.h"
#include "engine/tcp_connection.h"
#include "engine/tcp_listener.h"

namespace netvolley {

// The TCP side of a request server: connections, their frames, deadlines and replies. Reading and writing of one
// connection run independently; tcp_read.cc and tcp_write.cc hold them.
class TcpService {
 public:
  explicit TcpService(ServerContext& context);
  TcpService(const TcpService&) = delete;
  TcpService& operator=(const TcpService&) = delete;

  int open(int fd) { return listener_.open(fd); }
  void on_listener_ready() { listener_.on_ready(); }
  void on_ready(uint32_t index, uint8_t ready, bool hangup);
  void on_deadline(uint32_t index);
  // Goes on with connections that were left over, and accepts.
  void advance();
  bool has_work() const { return !ready_.empty() || listener_.ready(); }

  // Takes one entry of a reply. False = its connection is gone. Whatever it returns, the caller settles the request
  // with release() after the last entry.
  bool reply(const InFlight& request, const Reply& reply, const uint8_t* bytes);
  void release(const InFlight& request);
  // Writes this turn's replies. The memory behind them is free afterwards.
  void flush();
  // There is room for requests again.
  void resume_starved();

  // Accepts what waits, then no more; idle connections close, the others when they have answered.
  void drain();
  void close_all(CloseReason reason);
  bool done() const { return active_ == 0 && !listener_.is_open(); }
  uint32_t active() const { return active_; }

 private:
  static constexpr uint32_t kNone = TcpConnection::kNone;
  static constexpr uint32_t kScratchBytes = 64 * 1024;
  static constexpr uint32_t kJoinedBytes = 64 * 1024;

  struct Segment {
    const uint8_t* data = nullptr;
    uint32_t bytes = 0;
    uint32_t next = kNone;
  };

  // life (tcp_service.cc)
  void take(int fd, const Address& remote);
  void close(uint32_t index, CloseReason reason, bool abort);
  void recycle(uint32_t index);
  void expire(uint32_t index, CloseReason reason);
  void end_if_done(uint32_t index);
  double deadline(const TcpConnection& connection, CloseReason* reason) const;
  void arm(TcpConnection& connection);
  void list(uint32_t index);

  // reading (tcp_read.cc)
  void resume(uint32_t index);
  void read(uint32_t index);
  void discard(uint32_t index);
  bool server_is_full() const;
  bool is_behind(const TcpConnection& connection) const;
  bool has_room(const TcpConnection& connection) const;
  bool reads(const TcpConnection& connection) const;
  void starve(uint32_t index);
  void feed(uint32_t index, const uint8_t* data, uint32_t bytes, bool in_block);
  uint32_t cut(uint32_t index, const uint8_t* data, uint32_t bytes, bool in_block);
  uint32_t request_room(const TcpConnection& connection) const;
  bool place_request(const uint8_t* frame, uint32_t bytes, bool in_block, InFlight* request);
  void refuse(uint32_t index, FrameError error);
  void after_input(uint32_t index);
  void begin_partial(uint32_t index);
  void end_partial(uint32_t index);
  void unlink_partial(uint32_t index);
  void count_buffered(int64_t change);
  uint64_t enough_buffered() const;
  void shed();
  bool memory_is_full() const;
  void drop_input(uint32_t index);

  // writing (tcp_write.cc)
  const uint8_t* join(const uint8_t* bytes, uint32_t count);
  void gather(TcpConnection& connection, const uint8_t* bytes, uint32_t count, bool in_place);
  void keep_early(TcpConnection& connection, uint32_t place, const Reply& reply, const uint8_t* bytes);
  void complete_reply(TcpConnection& connection, uint32_t index, bool failed, bool close_after);
  void send_early(uint32_t index);
  void move_gathered(TcpConnection& connection);
  void write(uint32_t index);
  uint32_t fill(const TcpConnection& connection, IoSlice* slices) const;
  void advance_written(TcpConnection& connection, uint64_t count);
  void mark_dirty(TcpConnection& connection, uint32_t index);

  ServerContext& context_;
  TcpListener listener_;
  std::deque<TcpConnection> connections_;  // a deque: they do not move
  std::vector<uint32_t> free_;
  std::vector<uint32_t> ready_;
  std::vector<uint32_t> turn_;  // the ready list of the present turn
  std::vector<uint32_t> starved_;
  std::vector<uint32_t> dirty_;
  std::vector<Segment> segments_;
  std::unique_ptr<uint8_t[]> scratch_;  // of one read, when every block is held
  std::unique_ptr<uint8_t[]> joined_;   // small replies in place, one behind the other, until flush()
  uint32_t joined_bytes_ = 0;
  uint32_t active_ = 0;
  uint32_t in_flight_ = 0;
  uint64_t buffered_bytes_ = 0;
  uint32_t oldest_partial_ = kNone;
  uint32_t newest_partial_ = kNone;
  bool draining_ = false;
};

}  // namespace netvolley
