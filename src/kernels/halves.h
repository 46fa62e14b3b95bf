// float16 to float32, eight at a time.
#pragma once

#include <cstddef>
#include <cstdint>

#include "simd.h"

namespace squeezebert {

// Exact, infinities and NaN included. size is a multiple of 8.
inline void unpack_halves(const uint16_t* halves, size_t size, float* floats) {
  // Exponent and fraction moved to where float32 has them make a number 2^112 times too small, subnormals included.
  const v128_t scale = wasm_f32x4_splat(0x1p112f), infinite = wasm_i32x4_splat(0x0f800000);
  for (size_t i = 0; i < size; i += 8) {
    const v128_t both = wasm_v128_load(halves + i);
    for (size_t half = 0; half < 2; ++half) {
      const v128_t wide = half == 0 ? wasm_u32x4_extend_low_u16x8(both) : wasm_u32x4_extend_high_u16x8(both);
      const v128_t sign = wasm_i32x4_shl(wasm_v128_and(wide, wasm_i32x4_splat(0x8000)), 16);
      const v128_t magnitude = wasm_i32x4_shl(wasm_v128_and(wide, wasm_i32x4_splat(0x7fff)), 13);
      const v128_t top = wasm_v128_and(wasm_i32x4_ge(magnitude, infinite), wasm_i32x4_splat(0x7f800000));
      const v128_t value = wasm_v128_or(wasm_f32x4_mul(magnitude, scale), top);
      wasm_v128_store(floats + i + 4 * half, wasm_v128_or(value, sign));
    }
  }
}

}  // namespace squeezebert
