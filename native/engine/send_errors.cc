#include "engine/send_errors.h"

#include <algorithm>
#include <cerrno>

#include "engine/datagram_counters.h"

namespace netvolley {

SendRule send_rule(int error, bool is_gso) {
  switch (error) {
    case EINTR:
      return SendRule::kAgain;
    case EAGAIN:
      return SendRule::kWait;
    case ENOBUFS:
    case ENOMEM:
      return SendRule::kLater;
    case EMSGSIZE:
      return is_gso ? SendRule::kSplit : SendRule::kTooLarge;
    case EIO:
    case EINVAL:
      return is_gso ? SendRule::kSplit : SendRule::kFail;
    case ECONNREFUSED:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case ENOPROTOOPT:
      return SendRule::kMaybeEarlier;
    case EBADF:
    case ENOTSOCK:
    case EFAULT:
    case EOPNOTSUPP:
      return SendRule::kFatal;
    default:  // EACCES, EPERM, ENETDOWN, EADDRNOTAVAIL, EAFNOSUPPORT, EISCONN, EDESTADDRREQ, EPIPE
      return SendRule::kFail;
  }
}

uint32_t error_cell(int error) {
  const auto found = std::find(kCountedErrors.begin(), kCountedErrors.end(), error);
  return static_cast<uint32_t>(found - kCountedErrors.begin());
}

}  // namespace netvolley
