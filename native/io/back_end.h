#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "io/datagram_io.h"
#include "io/poller.h"

namespace netvolley {

enum class BackEnd : uint32_t { kMmsg, kSingle, kPoll, kCount };
constexpr std::array<const char*, 3> kBackEndNames{"mmsg", "single", "poll"};
std::unique_ptr<Poller> make_poller(BackEnd back_end, uint32_t max_events);
std::unique_ptr<DatagramIo> make_datagram_io(BackEnd back_end, uint32_t max_batch);

}  // namespace netvolley
