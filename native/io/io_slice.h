#pragma once
#include <cstddef>
#include <cstdint>
namespace netvolley {
// Laid out as the system's own scatter/gather element.
struct IoSlice {
  const uint8_t* data;
  size_t bytes;
};
}  // namespace netvolley
