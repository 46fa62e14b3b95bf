// The plain form of every operation: no SIMD, no tiles, one loop per index. The kernels must equal these (tests/cpp).
#pragma once

#include <cstdint>
#include <span>

#include "../tensor/matrix.h"
#include "activation.h"

namespace squeezebert::reference {

// y[r, o] = bias[o] + sum over i of x[r, g * in/G + i] * weight[o, i]; weight [out, in/G].
void linear(const Matrix<const float>& x, const Matrix<const float>& weight, std::span<const float> bias, size_t groups,
            Matrix<float>& y);

float activate(Activation activation, float x);

// x := gain * (s - mean) / sqrt(variance + eps) + bias, s = x + residual (0 rows: none).
void layer_norm(Matrix<float>& x, const Matrix<const float>& residual, std::span<const float> gain,
                std::span<const float> bias, float eps);

// context [tokens, heads * size] = softmax(q k^T / sqrt(size) + (1 - mask) * lowest) v per head.
void attention(const Matrix<const float>& q, const Matrix<const float>& k, const Matrix<const float>& v,
               std::span<const int32_t> mask, size_t heads, Matrix<float>& context);

}  // namespace squeezebert::reference
