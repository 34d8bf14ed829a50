#pragma once

namespace netvolley {

// An eventfd: any thread may ring, the poller reads it back. Rings between two reads are one.
class Wakeup {
 public:
  Wakeup();
  ~Wakeup();
  Wakeup(const Wakeup&) = delete;
  Wakeup& operator=(const Wakeup&) = delete;

  bool valid() const { return fd_ >= 0; }
  int descriptor() const { return fd_; }
  void ring() const;
  void clear() const;

 private:
  int fd_;
};

}  // namespace netvolley
