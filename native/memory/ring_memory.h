#pragma once
#include <array>
#include <cstdint>
#include "memory/batch_layout.h"
namespace netvolley {
// Typed access to one ring of columns. Where a column begins is worked out once. `Id` is the enum of its columns.
template <class Id, size_t N>
class RingMemory {
 public:
  RingMemory() = default;
  // `memory` holds columns_bytes(columns, entries), aligned to kColumnAlign; entries is a power of two, or 0: no ring.
  RingMemory(uint8_t* memory, const std::array<Column, N>& columns, uint32_t entries) : entries_(entries) {
    for (uint32_t i = 0; i < N; ++i) columns_[i] = memory + column_offset(columns, entries, i);
  }
  uint32_t entries() const { return entries_; }
  uint32_t at(uint32_t index) const { return index & (entries_ - 1); }
  template <class T>
  T* column(Id id) const {
    return reinterpret_cast<T*>(columns_[static_cast<uint32_t>(id)]);
  }

 private:
  uint32_t entries_ = 0;
  std::array<uint8_t*, N> columns_{};
};
}  // namespace netvolley
