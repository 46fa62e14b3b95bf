// The 128-bit vectors of WebAssembly, natively through SIMDe: the kernels are written once, for wasm_simd128.h.
#pragma once

#include <cstddef>

#ifdef __wasm_simd128__
#include <wasm_simd128.h>
#else
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/wasm/simd128.h>
#endif

namespace squeezebert {

// a * b + c. The simd-relaxed build rounds once (fused) where the processor can; the simd build rounds twice, the same
// everywhere.
inline v128_t multiply_add(v128_t a, v128_t b, v128_t c) {
#ifdef __wasm_relaxed_simd__
  return wasm_f32x4_relaxed_madd(a, b, c);
#else
  return wasm_f32x4_add(wasm_f32x4_mul(a, b), c);
#endif
}

// Numbers as vectors, for a loop to use. V8 puts a vector constant together anew wherever it is used (three instructions,
// also inside a loop); a vector that was loaded stays in a register or is one load away. The compiler must not see that the
// two are the same.
template <size_t N>
struct Splats {
  explicit Splats(const float (&numbers)[N]) {
    const float* from = numbers;
    asm volatile("" : "+r"(from));
    for (size_t i = 0; i < N; ++i) at[i] = wasm_v128_load32_splat(from + i);
  }
  v128_t operator[](size_t i) const { return at[i]; }
  v128_t at[N];
};

inline float sum_lanes(v128_t v) {
  v = wasm_f32x4_add(v, wasm_i32x4_shuffle(v, v, 2, 3, 0, 1));
  v = wasm_f32x4_add(v, wasm_i32x4_shuffle(v, v, 1, 0, 3, 2));
  return wasm_f32x4_extract_lane(v, 0);
}

inline float max_lanes(v128_t v) {
  v = wasm_f32x4_pmax(v, wasm_i32x4_shuffle(v, v, 2, 3, 0, 1));
  v = wasm_f32x4_pmax(v, wasm_i32x4_shuffle(v, v, 1, 0, 3, 2));
  return wasm_f32x4_extract_lane(v, 0);
}

}  // namespace squeezebert
