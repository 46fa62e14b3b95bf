#include "activation.h"

#include "vector_math.h"

namespace squeezebert {
namespace {

class Gelu {
 public:
  v128_t operator()(v128_t x) const {
    const v128_t half = wasm_f32x4_mul(x, k_[0]);
    return multiply_add(half, erf_(wasm_f32x4_mul(x, k_[1])), half);
  }

 private:
  static constexpr float kNumbers[] = {0.5f, 0.707106781f};
  const Splats<2> k_{kNumbers};
  const Erf4 erf_;
};

// x / (1 + e^-x)
class Silu {
 public:
  v128_t operator()(v128_t x) const { return times_sigmoid(x, x); }

 protected:
  // x / (1 + e^-u)
  v128_t times_sigmoid(v128_t x, v128_t u) const {
    return wasm_f32x4_div(x, wasm_f32x4_add(one_[0], exp_(wasm_f32x4_neg(u))));
  }

 private:
  static constexpr float kOne[] = {1.0f};
  const Splats<1> one_{kOne};
  const Exp4 exp_;
};

// (1 + tanh u) / 2 = 1 / (1 + e^-2u), so the tanh form of GELU is x / (1 + e^-2u).
class GeluTanh : Silu {
 public:
  v128_t operator()(v128_t x) const {
    const v128_t cubic = wasm_f32x4_mul(wasm_f32x4_mul(x, x), k_[0]);
    return times_sigmoid(x, wasm_f32x4_mul(multiply_add(cubic, x, x), k_[1]));
  }

 private:
  static constexpr float kNumbers[] = {0.044715f, 1.59576912f};  // 2 sqrt(2 / pi)
  const Splats<2> k_{kNumbers};
};

// 2 / (1 + e^-2x) - 1
class Tanh : Silu {
 public:
  v128_t operator()(v128_t x) const {
    return wasm_f32x4_sub(times_sigmoid(k_[0], wasm_f32x4_add(x, x)), k_[1]);
  }

 private:
  static constexpr float kNumbers[] = {2.0f, 1.0f};
  const Splats<2> k_{kNumbers};
};

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
    case Activation::gelu: return apply(Gelu());
    case Activation::gelu_tanh: return apply(GeluTanh());
    case Activation::relu: return apply([](v128_t x) { return wasm_f32x4_pmax(wasm_f32x4_splat(0.0f), x); });
    case Activation::silu: return apply(Silu());
    case Activation::tanh: return apply(Tanh());
  }
}

}  // namespace squeezebert
