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
void for_each(float* values, size_t size, Function function) {
  size_t i = 0;
  for (; i + 4 <= size; i += 4) wasm_v128_store(values + i, function(wasm_v128_load(values + i)));
  if (i == size) return;
  float rest[4] = {};
  for (size_t j = i; j < size; ++j) rest[j - i] = values[j];
  wasm_v128_store(rest, function(wasm_v128_load(rest)));
  for (size_t j = i; j < size; ++j) values[j] = rest[j - i];
}

}  // namespace

void activate(Activation activation, float* values, size_t size) {
  switch (activation) {
    case Activation::none: return;
    case Activation::gelu: return for_each(values, size, gelu4);
    case Activation::gelu_tanh: return for_each(values, size, gelu_tanh4);
    case Activation::relu:
      return for_each(values, size, [](v128_t x) { return wasm_f32x4_pmax(wasm_f32x4_splat(0.0f), x); });
    case Activation::silu: return for_each(values, size, [](v128_t x) { return sigmoid_times(x, x); });
    case Activation::tanh:
      // Only the pooler uses it, on one row a sequence: the library's function is fast enough.
      for (size_t i = 0; i < size; ++i) values[i] = std::tanh(values[i]);
      return;
  }
}

}  // namespace squeezebert
