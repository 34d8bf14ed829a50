#pragma once

#include "file_descriptor.h"

namespace netvolley::bench {

// Non-blocking, with the buffers that the engine asks for (4 MiB), forced where that is allowed.
[[nodiscard]] FileDescriptor open_flow_socket();
// Port 0 on 127.0.0.1, or on every address.
void bind_flow_socket(int fd, bool wildcard);
// Monotonic.
[[nodiscard]] double flow_now_ms();

}  // namespace netvolley::bench
