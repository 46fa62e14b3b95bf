#include "q4_panel.h"

#include "simd.h"

namespace squeezebert {
namespace {

// Bytewise; the products fit (codes -8..7, multipliers -15..15).
v128_t multiply_bytes(v128_t a, v128_t b) {
  return wasm_i8x16_narrow_i16x8(wasm_i16x8_extmul_low_i8x16(a, b), wasm_i16x8_extmul_high_i8x16(a, b));
}

}  // namespace

void unpack_q4_panel(const uint8_t* packed, const int8_t* multipliers, size_t groups, int8_t* panel) {
  const v128_t eight = wasm_i8x16_splat(8);
  for (size_t g = 0; g < groups; ++g, multipliers += kPanel) {
    const v128_t both = wasm_v128_load64_zero(multipliers);
    const v128_t low = wasm_i8x16_shuffle(both, both, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3);
    const v128_t high = wasm_i8x16_shuffle(both, both, 4, 4, 4, 4, 5, 5, 5, 5, 6, 6, 6, 6, 7, 7, 7, 7);
    for (size_t quad = 0; quad < kQ4Group / kQuad; ++quad, packed += 16, panel += 32) {
      const v128_t bytes = wasm_v128_load(packed);
      const v128_t first = wasm_i8x16_sub(wasm_v128_and(bytes, wasm_i8x16_splat(15)), eight);
      const v128_t second = wasm_i8x16_sub(wasm_u8x16_shr(bytes, 4), eight);
      wasm_v128_store(panel, multiply_bytes(first, low));
      wasm_v128_store(panel + 16, multiply_bytes(second, high));
    }
  }
}

}  // namespace squeezebert
