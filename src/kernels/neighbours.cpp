#include "neighbours.h"

#include <algorithm>

#include "../parallel/parallel.h"
#include "simd.h"

namespace squeezebert {
namespace {

// Channels that a task takes through all tokens: a task's tokens then need no other task's.
constexpr size_t kChannels = 64;

struct Block {
  float before[kChannels], own[kChannels], after[kChannels];  // taps
  float previous[kChannels];                                  // the token before, as it was
};

// One token. `next` is null for a text's last.
void convolve(Block& block, float* z, const float* next, size_t channels) {
  size_t c = 0;
  for (; c + 4 <= channels; c += 4) {
    const v128_t own = wasm_v128_load(z + c);
    v128_t sum = wasm_f32x4_mul(wasm_v128_load(block.before + c), wasm_v128_load(block.previous + c));
    sum = multiply_add(wasm_v128_load(block.own + c), own, sum);
    if (next) sum = multiply_add(wasm_v128_load(block.after + c), wasm_v128_load(next + c), sum);
    wasm_v128_store(block.previous + c, own);
    wasm_v128_store(z + c, sum);
  }
  for (; c < channels; ++c) {
    const float own = z[c];
    z[c] = block.before[c] * block.previous[c] + block.own[c] * own + (next ? block.after[c] * next[c] : 0);
    block.previous[c] = own;
  }
}

}  // namespace

void convolve_neighbours(Matrix<float>& z, std::span<const int32_t> lengths, const float* taps, Activation activation) {
  const size_t channels = columns(z), stride = row_stride(z);
  parallel((channels + kChannels - 1) / kChannels, [&](size_t task, size_t) {
    const size_t first = task * kChannels, count = std::min(kChannels, channels - first);
    Block block;
    for (size_t c = 0; c < count; ++c) {
      const float* tap = taps + (first + c) * 3;
      block.before[c] = tap[0];
      block.own[c] = tap[1];
      block.after[c] = tap[2];
    }
    float* at = z.data() + first;
    for (const int32_t length : lengths) {
      std::fill_n(block.previous, kChannels, 0.0f);
      for (int32_t t = 0; t < length; ++t, at += stride) convolve(block, at, t + 1 < length ? at + stride : nullptr, count);
    }
    activate_columns(activation, z.data() + first, stride, rows(z), count);
  });
}

}  // namespace squeezebert
