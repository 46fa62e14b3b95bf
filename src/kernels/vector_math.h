// exp and erf of four floats at once, as objects that hold their constants: made before a loop, called in it.
#pragma once

#include "simd.h"

namespace squeezebert {

// x = n ln 2 + r with |r| <= ln 2 / 2; e^r = 1 + r (1 + r Q(r)), Q fitted by tools/fit-exp.py; 2^n by putting n into the
// exponent bits.
class Exp4 {
 public:
  // e^x for x <= 88.37, relative error below 3e-7 in float32. 0 below -87.68: the exponent of what is smaller, n = -127,
  // has no bits set, which makes 2^n exactly 0.
  v128_t below(v128_t x) const {
    x = wasm_f32x4_pmax(k_[kLeast], x);
    // Adding 1.5 * 2^23 rounds to the nearest integer and leaves it in the low bits of the sum.
    const v128_t shifted = multiply_add(x, k_[kLog2E], k_[kMagic]);
    const v128_t n = wasm_f32x4_sub(shifted, k_[kMagic]);
    // ln 2 in two parts, so that n times the first is exact (Cody and Waite).
    v128_t r = multiply_add(n, k_[kLn2High], x);
    r = multiply_add(n, k_[kLn2Low], r);
    v128_t p = k_[kQ3];
    p = multiply_add(p, r, k_[kQ2]);
    p = multiply_add(p, r, k_[kQ1]);
    p = multiply_add(p, r, k_[kQ0]);
    p = multiply_add(p, r, k_[kOne]);
    p = multiply_add(p, r, k_[kOne]);
    return wasm_f32x4_mul(p, wasm_i32x4_add(wasm_i32x4_shl(shifted, 23), k_[kOne]));  // the bits of 1 are exponent 0
  }

  // Likewise, and e^88.37 above 88.37.
  v128_t operator()(v128_t x) const { return below(wasm_f32x4_pmin(k_[kMost], x)); }

 private:
  enum { kLog2E, kMagic, kLn2High, kLn2Low, kQ3, kQ2, kQ1, kQ0, kOne, kLeast, kMost };
  static constexpr float kNumbers[] = {1.44269504f,    12582912.0f,  -0.693359375f, 2.12194440e-4f, 0.00831252523f, 0.0418901145f,
                                       0.166671142f,   0.499992311f, 1.0f,          -88.03f,        88.37f};
  const Splats<11> k_{kNumbers};
};

// erf(x), absolute error below 5e-7. x P(x^2) / Q(x^2), fitted by tools/fit-erf.py; 1 from 3.92 on, where erf rounds to 1.
class Erf4 {
 public:
  v128_t operator()(v128_t x) const {
    x = wasm_f32x4_pmin(k_[1], wasm_f32x4_pmax(k_[0], x));
    const v128_t t = wasm_f32x4_mul(x, x);
    v128_t p = k_[2];
    for (size_t i = 3; i <= 7; ++i) p = multiply_add(p, t, k_[i]);
    v128_t q = k_[8];
    for (size_t i = 9; i <= 13; ++i) q = multiply_add(q, t, k_[i]);
    return wasm_f32x4_div(wasm_f32x4_mul(x, p), q);
  }

 private:
  static constexpr float kNumbers[] = {-3.92f,          3.92f,           2.05008791e-06f, 0.000284882233f, 0.00376560097f,
                                       0.0527486727f,   0.190406114f,    1.12837911f,     3.80916972e-05f, 0.00116253144f,
                                       0.0149691841f,   0.114108965f,    0.502075791f,    1.0f};
  const Splats<14> k_{kNumbers};
};

}  // namespace squeezebert
