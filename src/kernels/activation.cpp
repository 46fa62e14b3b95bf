#include "activation.h"

#include <cmath>

#include "vector_math.h"

namespace squeezebert {
namespace {

v128_t gelu4(v128_t x) {
  const v128_t erf = erf4(wasm_f32x4_mul(x, wasm_f32x4_splat(0.707106781f)));
  const v128_t half = wasm_f32x4_mul(x, wasm_f32x4_splat(0.5f));
  return multiply_add(half, erf, half);
}

// x / (1 + e^-u)
v128_t sigmoid_times(v128_t x, v128_t u) {
  return wasm_f32x4_div(x, wasm_f32x4_add(wasm_f32x4_splat(1.0f), exp4(wasm_f32x4_neg(u))));
}

// (1 + tanh u) / 2 = 1 / (1 + e^-2u), so the tanh form of GELU is x / (1 + e^-2u).
v128_t gelu_tanh4(v128_t x) {
  const v128_t cubic = wasm_f32x4_mul(wasm_f32x4_mul(x, x), wasm_f32x4_splat(0.044715f));
  const v128_t inner = multiply_add(cubic, x, x);
  return sigmoid_times(x, wasm_f32x4_mul(inner, wasm_f32x4_splat(1.59576912f)));  // 2 sqrt(2/pi)
}

template <class Function>
void for_each(float* values, size_t stride, size_t rows, size_t columns, Function function) {
  const size_t whole = columns / 4 * 4;
  for (; rows > 0; --rows, values += stride) {
    for (size_t i = 0; i < whole; i += 4) wasm_v128_store(values + i, function(wasm_v128_load(values + i)));
    if (whole == columns) continue;
    float rest[4] = {};
    for (size_t i = whole; i < columns; ++i) rest[i - whole] = values[i];
    wasm_v128_store(rest, function(wasm_v128_load(rest)));
    for (size_t i = whole; i < columns; ++i) values[i] = rest[i - whole];
  }
}

}  // namespace

void activate_columns(Activation activation, float* values, size_t stride, size_t rows, size_t columns) {
  const auto apply = [&](auto function) { for_each(values, stride, rows, columns, function); };
  switch (activation) {
    case Activation::none: return;
    case Activation::gelu: return apply(gelu4);
    case Activation::gelu_tanh: return apply(gelu_tanh4);
    case Activation::relu: return apply([](v128_t x) { return wasm_f32x4_pmax(wasm_f32x4_splat(0.0f), x); });
    case Activation::silu: return apply([](v128_t x) { return sigmoid_times(x, x); });
    case Activation::tanh:
      // Only the pooler uses it, on one row a sequence: the library's function is fast enough.
      for (size_t r = 0; r < rows; ++r)
        for (size_t i = 0; i < columns; ++i) values[r * stride + i] = std::tanh(values[r * stride + i]);
      return;
  }
}

}  // namespace squeezebert
