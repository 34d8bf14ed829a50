#include "engine/tcp_listener.h"

namespace netvolley {

namespace {

constexpr uint32_t kAcceptsPerTurn = 256;
constexpr double kRetryMs = 100;

// Errors of the pending connection, not of the listener (accept(2)).
bool concerns_one_client(int error) {
  switch (error) {
    case EINTR:
    case ECONNABORTED:
    case EPROTO:
    case EPERM:
    case ENETDOWN:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH:
      return true;
    default:
      return false;
  }
}

}  // namespace

TcpListener::TcpListener(ServerContext& context, std::function<void(int, const Address&)> take)
    : context_(context), take_(std::move(take)) {
  retry_.source = &context.source;
  retry_.key = kListenerKey;
}

int TcpListener::open(int fd) {
  StreamIo& streams = context_.reactor.system().streams;
  int error = 0;
  registration_ = context_.reactor.watch(fd, context_.source, kListenerKey, kReadable, &error);
  if (registration_ == Reactor::kNone) {
    streams.close(fd);
    return error;
  }
  fd_ = fd;
  reserve_ = streams.reserve();
  ready_ = true;
  return 0;
}

void TcpListener::accept_some() {
  StreamIo& streams = context_.reactor.system().streams;
  for (uint32_t i = 0; i < kAcceptsPerTurn && is_open(); ++i) {
    Address remote;
    context_.reactor.counters().add(EngineCounter::kAcceptCalls);
    const IoResult result = streams.accept(fd_, &remote);
    if (result.ok()) {
      take_(static_cast<int>(result.count), remote);
      continue;
    }
    if (result.would_block()) return wait_for_clients();
    if (concerns_one_client(result.error)) {
      context_.counters.add(ServerCounter::kAcceptErrors);
      continue;
    }
    const bool exhausted = result.error == EMFILE || result.error == ENFILE;
    if (!exhausted || reserve_ < 0) return retry_later();
    const IoResult shed = shed_one();
    // Linux says that there is no descriptor before it says that there is no client: this is where it is learned.
    if (shed.would_block()) return wait_for_clients();
    if (!shed.ok() && !concerns_one_client(shed.error)) return retry_later();
  }
}

void TcpListener::wait_for_clients() {
  ready_ = false;
  context_.reactor.rearm(registration_, kReadable);
}

IoResult TcpListener::shed_one() {
  StreamIo& streams = context_.reactor.system().streams;
  streams.close(reserve_);
  Address remote;
  context_.reactor.counters().add(EngineCounter::kAcceptCalls);
  const IoResult result = streams.accept(fd_, &remote);
  if (result.ok()) {
    streams.abort(static_cast<int>(result.count));
    context_.counters.add(ServerCounter::kRejectedNoFd);
  }
  reserve_ = streams.reserve();
  return result;
}

void TcpListener::retry_later() {
  context_.counters.add(ServerCounter::kAcceptErrors);
  ready_ = false;
  if (reserve_ < 0) reserve_ = context_.reactor.system().streams.reserve();
  context_.reactor.timers().arm(retry_, context_.reactor.now_ms() + kRetryMs);
}

void TcpListener::close() {
  ready_ = false;
  if (fd_ < 0) return;
  context_.reactor.timers().disarm(retry_);
  StreamIo& streams = context_.reactor.system().streams;
  context_.reactor.unwatch(registration_);
  streams.close(fd_);
  if (reserve_ >= 0) streams.close(reserve_);
  fd_ = reserve_ = -1;
}

}  // namespace netvolley
