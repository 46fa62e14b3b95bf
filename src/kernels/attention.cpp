#include "attention.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "product.h"
#include "vector_math.h"

namespace squeezebert {
namespace {

// Queries whose scores stand in memory together: 24 x 512 floats are 48 kB, and 24 is four tiles of six.
constexpr size_t kQueryBlock = 24;

constexpr float kZeros[kPanel] = {};

size_t padded(size_t n) { return panels(n) * kPanel; }

// source[n, depth] (the keys) as panels of eight keys, [panels(n)][depth][8].
void pack_transposed(const Matrix<const float>& source, size_t column, size_t depth, float* target) {
  const size_t n = rows(source);
  for (size_t first = 0; first < n; first += kPanel) {
    for (size_t j = 0; j < kPanel; ++j) {
      const float* from = first + j < n ? row(source, first + j) + column : nullptr;
      for (size_t d = 0; d < depth; ++d) target[d * kPanel + j] = from ? from[d] : 0.0f;
    }
    target += depth * kPanel;
  }
}

// source[n, width] (the values) as panels of eight channels, [panels(width)][n][8].
void pack_columns(const Matrix<const float>& source, size_t column, size_t width, float* target) {
  const size_t n = rows(source);
  for (size_t first = 0; first < width; first += kPanel) {
    const size_t valid = std::min(kPanel, width - first);
    for (size_t t = 0; t < n; ++t, target += kPanel) {
      const float* from = row(source, t) + column + first;
      for (size_t j = 0; j < kPanel; ++j) target[j] = j < valid ? from[j] : 0.0f;
    }
  }
}

// scores[size] := scores * scale + mask; returns their largest. size is a multiple of 4.
float scale_and_mask(float* scores, size_t size, float scale, const float* mask) {
  const v128_t factor = wasm_f32x4_splat(scale);
  v128_t largest = wasm_f32x4_splat(-std::numeric_limits<float>::infinity());
  for (size_t i = 0; i < size; i += 4) {
    const v128_t s = wasm_f32x4_add(wasm_f32x4_mul(wasm_v128_load(scores + i), factor), wasm_v128_load(mask + i));
    wasm_v128_store(scores + i, s);
    largest = wasm_f32x4_pmax(largest, s);
  }
  return max_lanes(largest);
}

// scores[size] := e^(scores - largest) / their sum.
void softmax(float* scores, size_t size, float largest) {
  const v128_t shift = wasm_f32x4_splat(largest);
  v128_t sums = wasm_f32x4_splat(0.0f);
  for (size_t i = 0; i < size; i += 4) {
    const v128_t e = exp4(wasm_f32x4_sub(wasm_v128_load(scores + i), shift));
    wasm_v128_store(scores + i, e);
    sums = wasm_f32x4_add(sums, e);
  }
  const v128_t factor = wasm_f32x4_splat(1.0f / sum_lanes(sums));
  for (size_t i = 0; i < size; i += 4) {
    wasm_v128_store(scores + i, wasm_f32x4_mul(wasm_v128_load(scores + i), factor));
  }
}

}  // namespace

uint64_t attention_workspace(size_t tokens, size_t head_size) {
  const uint64_t width = padded(tokens);
  return width * head_size + uint64_t{tokens} * padded(head_size) + width + width * kQueryBlock;
}

void attention(const Matrix<const float>& q, const Matrix<const float>& k, const Matrix<const float>& v,
               std::span<const int32_t> mask, size_t heads, float* workspace, Matrix<float>& context,
               const AttentionCapture& capture) {
  const size_t tokens = rows(q), size = columns(q) / heads, width = padded(tokens);
  const float scale = 1.0f / std::sqrt(static_cast<float>(size));
  float* keys = workspace;
  float* values = keys + width * size;
  float* hidden = values + padded(size) * tokens;
  float* scores = hidden + width;

  // Positions past the end, which only fill up the last panel, get -infinity: nothing is left of them even in a row
  // whose real positions are all masked.
  for (size_t t = 0; t < width; ++t) {
    hidden[t] = t >= tokens ? -std::numeric_limits<float>::infinity()
                : mask.empty() || mask[t] != 0 ? 0.0f : std::numeric_limits<float>::lowest();
  }
  for (size_t h = 0; h < heads; ++h) {
    const size_t column = h * size;
    pack_transposed(k, column, size, keys);
    pack_columns(v, column, size, values);
    for (size_t first = 0; first < tokens; first += kQueryBlock) {
      const size_t block = std::min(kQueryBlock, tokens - first);
      for (size_t p = 0; p < panels(tokens); ++p) {
        multiply_panel(row(q, first) + column, row_stride(q), block, keys + p * size * kPanel, size, kZeros,
                       scores + p * kPanel, width, kPanel);
      }
      for (size_t r = 0; r < block; ++r) {
        float* line = scores + r * width;
        const size_t captured = (h * tokens + first + r) * tokens;
        const float largest = scale_and_mask(line, width, scale, hidden);
        if (capture.scores) std::copy_n(line, tokens, capture.scores + captured);
        softmax(line, width, largest);
        if (capture.probabilities) std::copy_n(line, tokens, capture.probabilities + captured);
      }
      for (size_t p = 0; p < panels(size); ++p) {
        multiply_panel(scores, width, block, values + p * tokens * kPanel, tokens, kZeros,
                       row(context, first) + column + p * kPanel, row_stride(context),
                       std::min(kPanel, size - p * kPanel));
      }
    }
  }
}

}  // namespace squeezebert
