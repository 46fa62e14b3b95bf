// The non-linear functions between two layers, element by element, in place.
#pragma once

#include <cstddef>
#include <cstdint>

namespace squeezebert {

enum class Activation : uint8_t {
  none,
  gelu,       // x/2 (1 + erf(x / sqrt 2))
  gelu_tanh,  // x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))), "gelu_new"
  relu,       // max(x, 0)
  silu,       // x / (1 + e^-x), "swish"
  tanh,
};

// values [rows, columns], rows `stride` apart, any alignment. Absolute error against exact arithmetic below 1e-6 (1 + |x|).
void activate_columns(Activation activation, float* values, size_t stride, size_t rows, size_t columns);

// values [size].
inline void activate(Activation activation, float* values, size_t size) { activate_columns(activation, values, size, 1, size); }

}  // namespace squeezebert
