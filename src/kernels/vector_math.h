// exp and erf of four floats at once.
#pragma once

#include "simd.h"

namespace squeezebert {

// e^x, relative error below 2e-7 in float32; 0 below -87.33 (where float32 ends), e^88.37 above 88.37.
// x = n ln 2 + r with |r| <= ln 2 / 2; e^r by its Taylor polynomial of degree 7, whose remainder is below 6e-9;
// 2^n by putting n into the exponent bits.
inline v128_t exp4(v128_t x) {
  const v128_t lowest = wasm_f32x4_splat(-87.33f);
  const v128_t in_range = wasm_f32x4_ge(x, lowest);
  x = wasm_f32x4_pmin(wasm_f32x4_splat(88.37f), wasm_f32x4_pmax(lowest, x));
  // Adding 1.5 * 2^23 rounds to the nearest integer and leaves it in the low bits of the sum.
  const v128_t magic = wasm_f32x4_splat(12582912.0f);
  const v128_t shifted = wasm_f32x4_add(wasm_f32x4_mul(x, wasm_f32x4_splat(1.44269504f)), magic);
  const v128_t n = wasm_f32x4_sub(shifted, magic);
  // ln 2 in two parts, so that n times the first is exact (Cody and Waite).
  v128_t r = wasm_f32x4_sub(x, wasm_f32x4_mul(n, wasm_f32x4_splat(0.693359375f)));
  r = wasm_f32x4_sub(r, wasm_f32x4_mul(n, wasm_f32x4_splat(-2.12194440e-4f)));
  v128_t p = wasm_f32x4_splat(1.0f / 5040);
  p = multiply_add(p, r, wasm_f32x4_splat(1.0f / 720));
  p = multiply_add(p, r, wasm_f32x4_splat(1.0f / 120));
  p = multiply_add(p, r, wasm_f32x4_splat(1.0f / 24));
  p = multiply_add(p, r, wasm_f32x4_splat(1.0f / 6));
  p = multiply_add(p, r, wasm_f32x4_splat(0.5f));
  p = multiply_add(p, r, wasm_f32x4_splat(1.0f));
  p = multiply_add(p, r, wasm_f32x4_splat(1.0f));
  const v128_t two_to_n = wasm_i32x4_add(wasm_i32x4_shl(shifted, 23), wasm_i32x4_splat(0x3f800000));
  return wasm_v128_and(wasm_f32x4_mul(p, two_to_n), in_range);
}

// erf(x), absolute error below 5e-7. x P(x^2) / Q(x^2), fitted by tools/fit-erf.py; 1 from 3.92 on, where erf rounds to 1.
inline v128_t erf4(v128_t x) {
  const v128_t limit = wasm_f32x4_splat(3.92f);
  x = wasm_f32x4_pmin(limit, wasm_f32x4_pmax(wasm_f32x4_neg(limit), x));
  const v128_t t = wasm_f32x4_mul(x, x);
  v128_t p = wasm_f32x4_splat(2.05008791e-06f);
  p = multiply_add(p, t, wasm_f32x4_splat(0.000284882233f));
  p = multiply_add(p, t, wasm_f32x4_splat(0.00376560097f));
  p = multiply_add(p, t, wasm_f32x4_splat(0.0527486727f));
  p = multiply_add(p, t, wasm_f32x4_splat(0.190406114f));
  p = multiply_add(p, t, wasm_f32x4_splat(1.12837911f));
  v128_t q = wasm_f32x4_splat(3.80916972e-05f);
  q = multiply_add(q, t, wasm_f32x4_splat(0.00116253144f));
  q = multiply_add(q, t, wasm_f32x4_splat(0.0149691841f));
  q = multiply_add(q, t, wasm_f32x4_splat(0.114108965f));
  q = multiply_add(q, t, wasm_f32x4_splat(0.502075791f));
  q = multiply_add(q, t, wasm_f32x4_splat(1.0f));
  return wasm_f32x4_div(wasm_f32x4_mul(x, p), q);
}

}  // namespace squeezebert
