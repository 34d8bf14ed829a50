#pragma once

#include <napi.h>

#include "engine/server_config.h"
#include "io/address.h"

namespace netvolley {

// Reads what lib/native has already checked: types and ranges are right here.
uint32_t u32_of(const Napi::Object& object, const char* name);
double number_of(const Napi::Object& object, const char* name);
bool flag_of(const Napi::Object& object, const char* name);
ServerConfig server_config_of(const Napi::Object& object);

// The bytes of a Uint8Array over a SharedArrayBuffer (Node-API does not take the buffer itself).
uint8_t* bytes_of(const Napi::Value& view);

Napi::Object address_object(Napi::Env env, const Address& address);
// { errno (libuv's negative number), syscall, address, port }: lib/errors.ts makes the Error.
Napi::Object failure_object(Napi::Env env, int error, const char* syscall, const Address& address);

}  // namespace netvolley
