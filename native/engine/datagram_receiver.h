#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "engine/datagram_context.h"
#include "engine/datagram_link.h"

namespace netvolley {

// Reads the socket into slots and deals the datagrams out to the links that receive. One such link: where it has no
// room reading stops and the kernel's buffer holds the rest. Several: the newest is dropped and counted, so that a slow
// one cannot stop the others; a peer always goes to the same link. Nothing that arrives ends the socket.
class DatagramReceiver {
 public:
  explicit DatagramReceiver(DatagramContext& context);
  DatagramReceiver(const DatagramReceiver&) = delete;
  DatagramReceiver& operator=(const DatagramReceiver&) = delete;

  void set_reading(bool on);
  // A link was added, or has gone.
  void set_links();
  // Null = not connected.
  void set_connected(const Address* remote, bool error_queue);
  void on_readable() { may_read_ = true; }
  // Reads within the budget.
  void advance();
  // May read, is wanted, has room.
  bool has_work() const { return may_read_ && !receiving_.empty() && !starved_ && !closed_ && fatal_ == 0; }
  // Slots or entries came back.
  void on_released();
  // Slots in vectors go back.
  void close();
  // An errno that only a broken descriptor gives; the socket ends itself.
  int fatal_error() const { return fatal_; }

 private:
  uint32_t wanted_batch() const;
  uint32_t sure_places() const;
  void adapt(uint32_t got, bool large);
  uint32_t prepare(uint32_t wanted);
  void grow(uint32_t count);
  void wait_for_more();
  bool go_on_after(int error, uint32_t errors_in_a_row);
  void report(int error);
  void starve();

  void accept(const ReceiveVector& vector, uint32_t& slot);
  bool fit(NewDatagram* datagram, uint32_t* skipped);
  bool place(const ReceiveVector& vector, uint32_t skipped, NewDatagram* datagram);
  DatagramLink* link_of(const Address& from) const;
  bool has_room(const DatagramLink& link, bool large) const;

  DatagramContext& context_;
  bool reading_ = false;
  bool may_read_ = true;
  bool starved_ = false;  // no slot or no entry was free
  bool closed_ = false;
  bool error_queue_ = false;
  int fatal_ = 0;
  bool alone_ = true;   // no more than one link receives, or will again
  uint32_t batch_;      // of the next call: follows the traffic
  uint32_t longs_ = 0;  // calls for which more datagrams that need a large slot are expected
  std::vector<ReceiveVector> vectors_;
  std::vector<uint32_t> slots_;  // of vectors_; kNone = to be taken
  std::unique_ptr<uint8_t[]> overflow_;
  std::vector<DatagramLink*> receiving_;
  Address remote_;  // empty = not connected
};

}  // namespace netvolley
