#include "layer_norm.h"

#include <algorithm>
#include <cmath>

#include "../parallel/parallel.h"
#include "simd.h"

namespace squeezebert {
namespace {

// One row. Two passes over it (mean, then squared deviations): the one-pass formula loses digits when |mean| >> deviation.
void normalize(float* x, const float* residual, const float* gain, const float* bias, float eps, size_t channels) {
  const size_t whole = channels / 4 * 4;
  v128_t sums = wasm_f32x4_splat(0.0f);
  float rest = 0;
  for (size_t c = 0; c < whole; c += 4) {
    v128_t v = wasm_v128_load(x + c);
    if (residual) {
      v = wasm_f32x4_add(v, wasm_v128_load(residual + c));
      wasm_v128_store(x + c, v);
    }
    sums = wasm_f32x4_add(sums, v);
  }
  for (size_t c = whole; c < channels; ++c) {
    if (residual) x[c] += residual[c];
    rest += x[c];
  }
  const float mean = (sum_lanes(sums) + rest) / static_cast<float>(channels);

  const v128_t mean4 = wasm_f32x4_splat(mean);
  v128_t squares = wasm_f32x4_splat(0.0f);
  rest = 0;
  for (size_t c = 0; c < whole; c += 4) {
    const v128_t d = wasm_f32x4_sub(wasm_v128_load(x + c), mean4);
    squares = multiply_add(d, d, squares);
  }
  for (size_t c = whole; c < channels; ++c) rest += (x[c] - mean) * (x[c] - mean);
  const float variance = (sum_lanes(squares) + rest) / static_cast<float>(channels);

  const float scale = 1.0f / std::sqrt(variance + eps);
  const v128_t scale4 = wasm_f32x4_splat(scale);
  for (size_t c = 0; c < whole; c += 4) {
    const v128_t d = wasm_f32x4_mul(wasm_f32x4_sub(wasm_v128_load(x + c), mean4), scale4);
    wasm_v128_store(x + c, multiply_add(d, wasm_v128_load(gain + c), wasm_v128_load(bias + c)));
  }
  for (size_t c = whole; c < channels; ++c) x[c] = (x[c] - mean) * scale * gain[c] + bias[c];
}

}  // namespace

void layer_norm(Matrix<float>& x, const Matrix<const float>& residual, const float* gain, const float* bias, float eps) {
  const bool has_residual = rows(residual) > 0;
  const size_t count = rows(x);
  parallel((count + kTaskRows - 1) / kTaskRows, [&](size_t task, size_t) {
    for (size_t r = task * kTaskRows; r < std::min(count, (task + 1) * kTaskRows); ++r)
      normalize(row(x, r), has_residual ? row(residual, r) : nullptr, gain, bias, eps, columns(x));
  });
}

}  // namespace squeezebert
