#pragma once

#include <cstdint>

// Which edges of the traced code an input has run through, and how often in powers of two.
namespace netvolley::fuzz {

void begin_trace();
// Adds the present trace to what all inputs so far have reached. True = it holds something new.
bool trace_is_new();
// Edges reached so far.
uint32_t edges();

}  // namespace netvolley::fuzz
