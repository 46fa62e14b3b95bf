#include "reference.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace squeezebert::reference {

void linear(const Matrix<const float>& x, const Matrix<const float>& weight, std::span<const float> bias, size_t groups,
            Matrix<float>& y) {
  const size_t depth = columns(x) / groups, width = columns(y) / groups;
  for (size_t r = 0; r < rows(x); ++r) {
    for (size_t o = 0; o < columns(y); ++o) {
      const size_t first = o / width * depth;
      double sum = bias[o];
      for (size_t i = 0; i < depth; ++i) sum += double{x(r, first + i)} * weight(o, i);
      y(r, o) = static_cast<float>(sum);
    }
  }
}

float activate(Activation activation, float x) {
  const double v = x;
  switch (activation) {
    case Activation::none: return x;
    case Activation::gelu: return static_cast<float>(0.5 * v * (1 + std::erf(v / std::sqrt(2.0))));
    case Activation::gelu_tanh:
      return static_cast<float>(0.5 * v * (1 + std::tanh(std::sqrt(2 / M_PI) * (v + 0.044715 * v * v * v))));
    case Activation::relu: return std::max(x, 0.0f);
    case Activation::silu: return static_cast<float>(v / (1 + std::exp(-v)));
    case Activation::tanh: return static_cast<float>(std::tanh(v));
  }
  return x;
}

void layer_norm(Matrix<float>& x, const Matrix<const float>& residual, std::span<const float> gain,
                std::span<const float> bias, float eps) {
  const size_t channels = columns(x);
  for (size_t r = 0; r < rows(x); ++r) {
    double mean = 0, variance = 0;
    for (size_t c = 0; c < channels; ++c) {
      if (rows(residual) > 0) x(r, c) += residual(r, c);
      mean += x(r, c);
    }
    mean /= static_cast<double>(channels);
    for (size_t c = 0; c < channels; ++c) variance += (x(r, c) - mean) * (x(r, c) - mean);
    variance /= static_cast<double>(channels);
    for (size_t c = 0; c < channels; ++c) {
      x(r, c) = static_cast<float>((x(r, c) - mean) / std::sqrt(variance + eps) * gain[c] + bias[c]);
    }
  }
}

void attention(const Matrix<const float>& q, const Matrix<const float>& k, const Matrix<const float>& v,
               std::span<const int32_t> mask, size_t heads, Matrix<float>& context) {
  const size_t tokens = rows(q), size = columns(q) / heads;
  std::vector<float> p(tokens);
  for (size_t h = 0; h < heads; ++h) {
    for (size_t i = 0; i < tokens; ++i) {
      for (size_t j = 0; j < tokens; ++j) {
        double dot = 0;
        for (size_t c = h * size; c < (h + 1) * size; ++c) dot += double{q(i, c)} * k(j, c);
        const float bias = mask.empty() || mask[j] ? 0.0f : std::numeric_limits<float>::lowest();
        p[j] = static_cast<float>(dot / std::sqrt(static_cast<double>(size))) + bias;
      }
      const float largest = *std::max_element(p.begin(), p.end());
      double sum = 0;
      for (float& s : p) sum += s = std::exp(s - largest);
      for (size_t c = h * size; c < (h + 1) * size; ++c) {
        double value = 0;
        for (size_t j = 0; j < tokens; ++j) value += p[j] / sum * v(j, c);
        context(i, c) = static_cast<float>(value);
      }
    }
  }
}

}  // namespace squeezebert::reference
