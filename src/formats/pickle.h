// A pickle read as data. It is a program for a small machine; of its operations those are known here that put plain
// values together, and of the functions that it may name those that describe a tensor. Nothing is ever run, and all else is
// refused by its name.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "../error.h"

namespace squeezebert::pickle {

enum class Kind : uint8_t {
  none,
  boolean,  // integer: 0 or 1
  integer,
  real,     // its value is not kept
  text,
  global,   // text: "module\nname", one of the allowed; integer: bytes of the module
  tuple,    // items
  list,     // items
  dict,     // items: key, value, key, value, ...
  storage,  // items: the tuple of a persistent id
  tensor,   // items: the tuple of arguments of torch's _rebuild_tensor
};

// Values stand for each other by their index in Pickle::values: one may be in many places, even within itself.
struct Value {
  Kind kind = Kind::none;
  int64_t integer = 0;
  std::string_view text;  // into the bytes that were read
  std::vector<uint32_t> items;
};

struct Pickle {
  std::vector<Value> values;
  uint32_t root = 0;
  size_t end = 0;  // bytes up to and with the STOP

  const Value& operator[](uint32_t index) const { return values[index]; }
};

// Bounds: 400,000 values, 65,536 places on the stack, memo places below 400,000.
// Errors: PICKLE_UNSAFE naming the operation or function; PICKLE_INVALID.
Result<Pickle> read(std::string_view bytes);

}  // namespace squeezebert::pickle
