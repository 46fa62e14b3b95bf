// The inner loop of q8 and q4: rows of small integers times one panel of eight columns of signed bytes.
//
// Inputs are rounded row by row and group by group in equal steps between their smallest and largest value:
// x = minimum + scale * code. The range from smallest to largest, not around zero, gains a bit after GELU. Sums are exact in
// int32 (depth up to 65,536), so a result does not depend on their order.
//
// 255 steps, where the machine can. The relaxed dot product multiplies signed bytes by bytes of which it promises something
// only up to 127; above, processors do one of three things, always the same one: take them as unsigned (x86-64 with VNNI), as
// signed (ARM), or lose what 16 bits do not hold (older x86-64). A look at the first product tells which, and only the last
// kind has to make do with 127 steps. Measured on full-size random weights, the pooled states' mean distance from float32 as
// 1 - cosine: 127 steps 0.0012, 255 steps 0.0006, 4095 steps 0.0005 (the rest is the rounding of the weights).
#pragma once

#include <cstddef>
#include <cstdint>

#include "product.h"

namespace squeezebert {

// Relaxed SIMD multiplies bytes; else bytes must be widened first, and inputs are kept wide from the start.
#ifdef __wasm_relaxed_simd__
using InputCode = uint8_t;
#else
using InputCode = int16_t;
#endif

// Input channels are taken four at a time, and four times that in a turn of the loop: a panel stores
// [depth / 16, up][4][8 columns][4], zero past the end.
inline constexpr size_t kQuad = 4;
inline constexpr size_t kQuadsAtOnce = 4;
inline constexpr size_t quads(size_t depth) {
  return (depth + kQuadsAtOnce * kQuad - 1) / (kQuadsAtOnce * kQuad) * kQuadsAtOnce;
}
inline constexpr size_t int8_panel_size(size_t depth) { return quads(depth) * kQuad * kPanel; }

// Rounded rows: codes [rows], `stride` apart; scale and minimum of row r at r * range_stride.
struct CodedRows {
  const InputCode* codes;
  size_t stride;
  const float* scales;
  const float* minima;
  size_t range_stride;
};

// A panel with what turns its sums into numbers, eight each. weight = scale * code; sum: of the weights of a column.
struct CodedPanel {
  const int8_t* codes;
  size_t quads;  // a multiple of four
  const float* scales;
  const float* sums;
  const float* bias;
};

// y[r, j] = bias[j] + sum over k of x[r, k] * weight[j, k], for r < rows and j < 8.
void multiply_int8_panel(const CodedRows& x, size_t rows, const CodedPanel& panel, float* y, size_t y_stride);

// Steps between the smallest and the largest input: 255, 254 (signed bytes, -127 to 127) or 127.
int32_t input_steps();

// Rounds one row's group of `depth` values into quads(depth) * 4 codes; the rest are 0. Non-finite values give some
// finite codes and a non-finite range.
void round_inputs(const float* x, size_t depth, InputCode* codes, float& scale, float& minimum);

}  // namespace squeezebert
