#include "attention.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "../parallel/parallel.h"
#include "int8_product.h"
#include "vector_math.h"

namespace squeezebert {
namespace {

// Queries whose scores stand in memory together, one tile of the products: of 512 tokens they are 16 kB, which stay in the
// first-level cache from the scores through the softmax to the context, while the keys and values pass through.
constexpr size_t kQueryBlock = 8;

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

// The same rounded to signed bytes, a step for each key: panels of eight keys [panels(n)][quads(depth)][8][4], and for each
// key its step and the sum of its numbers.
void pack_codes(const Matrix<const float>& source, size_t column, size_t depth, int8_t* target, float* scales, float* sums) {
  const size_t n = rows(source), size = int8_panel_size(depth);
  constexpr float kMagic[] = {12582912.0f};
  const Splats<1> magic(kMagic);
  std::memset(target, 0, panels(n) * size);
  for (size_t t = 0; t < padded(n); ++t) {
    scales[t] = sums[t] = 0;
    if (t >= n) continue;
    const float* from = row(source, t) + column;
    const auto four = [&](size_t d) {
      if (d + 4 <= depth) return wasm_v128_load(from + d);
      float rest[4] = {};
      std::copy(from + d, from + depth, rest);
      return wasm_v128_load(rest);
    };
    v128_t most = wasm_f32x4_splat(0.0f);
    for (size_t d = 0; d < depth; d += 4) most = wasm_f32x4_pmax(most, wasm_f32x4_abs(four(d)));
    const float largest = max_lanes(most);
    if (!(largest > 0)) continue;
    const v128_t inverse = wasm_f32x4_splat(127 / largest);
    int8_t* to = target + t / kPanel * size + t % kPanel * kQuad;
    v128_t total = wasm_i32x4_splat(0);
    for (size_t d = 0; d < depth; d += 4, to += kQuad * kPanel) {
      // Adding 1.5 * 2^23 rounds to the nearest integer and leaves it in the low bits.
      const v128_t shifted = wasm_f32x4_add(wasm_f32x4_mul(four(d), inverse), magic[0]);
      const v128_t codes = wasm_i32x4_sub(shifted, magic[0]);
      total = wasm_i32x4_add(total, codes);
      const v128_t halves = wasm_i16x8_narrow_i32x4(codes, codes);
      wasm_v128_store32_lane(to, wasm_i8x16_narrow_i16x8(halves, halves), 0);
    }
    // Unsigned: infinite values make codes of any size, whose sum wraps round.
    const uint32_t sum = uint32_t(wasm_i32x4_extract_lane(total, 0)) + uint32_t(wasm_i32x4_extract_lane(total, 1)) +
                         uint32_t(wasm_i32x4_extract_lane(total, 2)) + uint32_t(wasm_i32x4_extract_lane(total, 3));
    scales[t] = largest / 127;
    sums[t] = scales[t] * static_cast<float>(int32_t(sum));
  }
}

// source[n, width] (the values) as panels of eight channels, [panels(width)][n][8].
void pack_columns(const Matrix<const float>& source, size_t column, size_t width, float* target) {
  const size_t n = rows(source);
  for (size_t first = 0; first < width; first += kPanel) {
    const size_t valid = std::min(kPanel, width - first);
    for (size_t t = 0; t < n; ++t, target += kPanel) {
      const float* from = row(source, t) + column + first;
      if (valid == kPanel) {
        wasm_v128_store(target, wasm_v128_load(from));
        wasm_v128_store(target + 4, wasm_v128_load(from + 4));
        continue;
      }
      for (size_t j = 0; j < kPanel; ++j) target[j] = j < valid ? from[j] : 0.0f;
    }
  }
}

// target[count, size] := source's columns * scale: scaling the queries costs less than scaling their scores.
void pack_queries(const Matrix<const float>& source, size_t first, size_t count, size_t column, size_t size, float scale,
                  float* target) {
  for (size_t r = 0; r < count; ++r) {
    const float* from = row(source, first + r) + column;
    for (size_t d = 0; d < size; ++d) *target++ = from[d] * scale;
  }
}

// scores[size] += mask. size is a multiple of 8, as below.
void add_mask(float* scores, size_t size, const float* mask) {
  for (size_t i = 0; i < size; i += 4)
    wasm_v128_store(scores + i, wasm_f32x4_add(wasm_v128_load(scores + i), wasm_v128_load(mask + i)));
}

// scores[size] := e^(scores - largest); returns their sum. Two vectors at a time, because each waits for its own last one.
float exponentials(float* scores, size_t size) {
  v128_t most[2] = {wasm_v128_load(scores), wasm_v128_load(scores + 4)};
  for (size_t i = 8; i < size; i += 8) {
    most[0] = wasm_f32x4_pmax(most[0], wasm_v128_load(scores + i));
    most[1] = wasm_f32x4_pmax(most[1], wasm_v128_load(scores + i + 4));
  }
  const v128_t largest = wasm_f32x4_splat(max_lanes(wasm_f32x4_pmax(most[0], most[1])));
  const Exp4 exp;
  v128_t sums[2] = {wasm_f32x4_splat(0.0f), wasm_f32x4_splat(0.0f)};
  for (size_t i = 0; i < size; i += 8) {
    for (size_t j = 0; j < 2; ++j) {
      const v128_t e = exp.below(wasm_f32x4_sub(wasm_v128_load(scores + i + 4 * j), largest));
      wasm_v128_store(scores + i + 4 * j, e);
      sums[j] = wasm_f32x4_add(sums[j], e);
    }
  }
  return sum_lanes(wasm_f32x4_add(sums[0], sums[1]));
}

void multiply_by(float* values, size_t size, float factor) {
  for (size_t i = 0; i < size; ++i) values[i] *= factor;
}

uint64_t thread_workspace(size_t tokens, size_t head_size) {
  const uint64_t width = padded(tokens);
  // Codes of the keys, with two floats each, and of a block of queries take less than the floats of the keys and queries.
  const uint64_t floats =
      width * (head_size + 8) + uint64_t{tokens} * padded(head_size) + width + kQueryBlock * (width + padded(head_size) + 4);
  return (floats + 15) / 16 * 16;  // whole cache lines, so that threads share none
}

}  // namespace

uint64_t attention_workspace(size_t tokens, size_t head_size) {
  return thread_workspace(tokens, head_size) * thread_count();
}

void attention(const Matrix<const float>& q, const Matrix<const float>& k, const Matrix<const float>& v,
               std::span<const int32_t> mask, size_t heads, Scoring scoring, float* workspace, Matrix<float>& context,
               const AttentionCapture& capture) {
  const size_t query_count = rows(q), tokens = rows(k), size = columns(q) / heads, width = padded(tokens);
  const float scale = 1.0f / std::sqrt(static_cast<float>(size));
  // Mostly nothing is masked, and then only the last panel needs it.
  const size_t first_masked = mask.empty() ? width - kPanel : 0;
  const size_t per_thread = static_cast<size_t>(thread_workspace(tokens, size));
  parallel(heads, [&](size_t h, size_t thread) {
    float* keys = workspace + thread * per_thread;
    float* values = keys + width * (size + 8);
    float* hidden = values + padded(size) * tokens;
    float* scores = hidden + width;
    float* queries = scores + width * kQueryBlock;  // and then their part of the context
    // The rounded keys and queries, where there are any, lie in the memory of the others.
    float* key_scales = keys;
    float* key_sums = key_scales + width;
    int8_t* key_codes = reinterpret_cast<int8_t*>(key_sums + width);
    float* query_scales = queries;
    float* query_minima = query_scales + kQueryBlock;
    InputCode* query_codes = reinterpret_cast<InputCode*>(query_minima + kQueryBlock);
    const size_t code_stride = quads(size) * kQuad;

    // Positions past the end, which only fill up the last panel, get -infinity: nothing is left of them even in a row
    // whose real positions are all masked.
    for (size_t t = 0; t < width; ++t) {
      hidden[t] = t >= tokens ? -std::numeric_limits<float>::infinity()
                  : mask.empty() || mask[t] != 0 ? 0.0f : std::numeric_limits<float>::lowest();
    }
    const size_t column = h * size;
    if (scoring == Scoring::codes) pack_codes(k, column, size, key_codes, key_scales, key_sums);
    else pack_transposed(k, column, size, keys);
    pack_columns(v, column, size, values);
    for (size_t first = 0; first < query_count; first += kQueryBlock) {
      const size_t block = std::min(kQueryBlock, query_count - first);
      if (scoring == Scoring::codes) {
        for (size_t r = 0; r < block; ++r) {
          round_inputs(row(q, first + r) + column, size, query_codes + r * code_stride, query_scales[r], query_minima[r]);
          query_scales[r] *= scale;
          query_minima[r] *= scale;
        }
        for (size_t p = 0; p < panels(tokens); ++p) {
          const size_t t = p * kPanel;
          multiply_int8_panel({query_codes, code_stride, query_scales, query_minima, 1}, block,
                              {key_codes + p * int8_panel_size(size), quads(size), key_scales + t, key_sums + t, kZeros},
                              scores + t, width);
        }
      } else {
        pack_queries(q, first, block, column, size, scale, queries);
        for (size_t p = 0; p < panels(tokens); ++p) {
          multiply_panel(queries, size, block, keys + p * size * kPanel, size, kZeros, scores + p * kPanel, width);
        }
      }
      float factors[kQueryBlock];
      for (size_t r = 0; r < block; ++r) {
        float* line = scores + r * width;
        const size_t captured = (h * query_count + first + r) * tokens;
        add_mask(line + first_masked, width - first_masked, hidden + first_masked);
        if (capture.scores) std::copy_n(line, tokens, capture.scores + captured);
        factors[r] = 1.0f / exponentials(line, width);
        if (capture.probabilities) {
          std::copy_n(line, tokens, capture.probabilities + captured);
          multiply_by(capture.probabilities + captured, tokens, factors[r]);
        }
      }
      for (size_t p = 0; p < panels(size); ++p) {
        multiply_panel(scores, width, block, values + p * tokens * kPanel, tokens, kZeros, queries + p * kPanel,
                       padded(size));
      }
      // A row of the context is shorter than a row of scores: it is divided by the sum instead of them.
      for (size_t r = 0; r < block; ++r) {
        float* out = row(context, first + r) + column;
        for (size_t d = 0; d < size; ++d) out[d] = queries[r * padded(size) + d] * factors[r];
      }
    }
  });
}

}  // namespace squeezebert
