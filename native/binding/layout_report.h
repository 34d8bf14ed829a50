#pragma once

#include <napi.h>

namespace netvolley {

// layout(ringEntries): the shared memory of a server as native code sees it, for the test that compares it with
// lib/native/layout.ts.
Napi::Value layout(const Napi::CallbackInfo& info);
// datagramLayout(sizes: Uint32Array, slots): the same of a datagram socket, for datagram-layout.ts.
Napi::Value datagram_layout(const Napi::CallbackInfo& info);
// backEnds(): their names, by number.
Napi::Value back_ends(const Napi::CallbackInfo& info);

}  // namespace netvolley
