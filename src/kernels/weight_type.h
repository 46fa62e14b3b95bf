// How the weights of a layer or a table stand in memory. Arithmetic: fp32 and fp16 in float32, q8 and q4 in int8 products
// that are summed in int32.
#pragma once

#include <cstdint>
#include <string_view>

namespace squeezebert {

enum class WeightType : uint8_t {
  fp32,
  fp16,
  q8,  // one byte a weight, one float a row
  q4,  // half a byte a weight, one byte for every 32 of a row, one float a row
};

constexpr std::string_view name_of(WeightType type) {
  constexpr std::string_view kNames[] = {"fp32", "fp16", "q8", "q4"};
  return kNames[static_cast<size_t>(type)];
}

}  // namespace squeezebert
