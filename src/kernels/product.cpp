#include "product.h"

#include "tiles.h"

namespace squeezebert {
namespace {

template <size_t R>
void multiply_tile(const float* x, size_t x_stride, const float* panel, size_t depth, const float* start, float* y,
                   size_t y_stride) {
  v128_t sum[R][2];
  const float* row[R];
  for (size_t r = 0; r < R; ++r) {
    sum[r][0] = wasm_v128_load(start);
    sum[r][1] = wasm_v128_load(start + 4);
    row[r] = x + r * x_stride;
  }
  const auto step = [&](size_t k) __attribute__((always_inline)) {
    const v128_t b0 = wasm_v128_load(panel + k * kPanel);
    const v128_t b1 = wasm_v128_load(panel + k * kPanel + 4);
    for (size_t r = 0; r < R; ++r) {
      const v128_t a = wasm_v128_load32_splat(row[r] + k);
      sum[r][0] = multiply_add(a, b0, sum[r][0]);
      sum[r][1] = multiply_add(a, b1, sum[r][1]);
    }
  };
  // Four steps a turn: the offsets become constants of the loads, and the pointers move once.
  size_t k = 0;
  for (; k + 4 <= depth; k += 4) {
    step(0);
    step(1);
    step(2);
    step(3);
    for (size_t r = 0; r < R; ++r) row[r] += 4;
    panel += 4 * kPanel;
  }
  for (size_t i = 0; k + i < depth; ++i) step(i);

  for (size_t r = 0; r < R; ++r) {
    wasm_v128_store(y + r * y_stride, sum[r][0]);
    wasm_v128_store(y + r * y_stride + 4, sum[r][1]);
  }
}

}  // namespace

void multiply_panel(const float* x, size_t x_stride, size_t rows, const float* panel, size_t depth, const float* start,
                    float* y, size_t y_stride) {
  for_each_tile<8, 6, 4, 3, 2, 1>(rows, [&]<size_t R>(size_t first) {
    multiply_tile<R>(x + first * x_stride, x_stride, panel, depth, start, y + first * y_stride, y_stride);
  });
}

}  // namespace squeezebert
