#include "product.h"

namespace squeezebert {
namespace {

// A tile of kRows x 8 sums stays in registers. 6 rows: 12 sums, 2 panel vectors, 1 broadcast = 15 of the 16 vector
// registers of x86-64; 7 rows spill.
constexpr size_t kRows = 6;

template <size_t R>
void multiply_tile(const float* x, size_t x_stride, const float* panel, size_t depth, const float* start, float* y,
                   size_t y_stride, size_t width) {
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
    float* out = y + r * y_stride;
    if (width == kPanel) {
      wasm_v128_store(out, sum[r][0]);
      wasm_v128_store(out + 4, sum[r][1]);
    } else {
      float all[kPanel];
      wasm_v128_store(all, sum[r][0]);
      wasm_v128_store(all + 4, sum[r][1]);
      for (size_t j = 0; j < width; ++j) out[j] = all[j];
    }
  }
}

}  // namespace

void multiply_panel(const float* x, size_t x_stride, size_t rows, const float* panel, size_t depth, const float* start,
                    float* y, size_t y_stride, size_t width) {
  // Tiles of nearly equal height: 8 rows as 4 + 4 load less per product than 6 + 2.
  for (size_t tiles = (rows + kRows - 1) / kRows; tiles > 0; --tiles) {
    const size_t height = (rows + tiles - 1) / tiles;
    switch (height) {
      case 1: multiply_tile<1>(x, x_stride, panel, depth, start, y, y_stride, width); break;
      case 2: multiply_tile<2>(x, x_stride, panel, depth, start, y, y_stride, width); break;
      case 3: multiply_tile<3>(x, x_stride, panel, depth, start, y, y_stride, width); break;
      case 4: multiply_tile<4>(x, x_stride, panel, depth, start, y, y_stride, width); break;
      case 5: multiply_tile<5>(x, x_stride, panel, depth, start, y, y_stride, width); break;
      default: multiply_tile<6>(x, x_stride, panel, depth, start, y, y_stride, width); break;
    }
    x += height * x_stride;
    y += height * y_stride;
    rows -= height;
  }
}

}  // namespace squeezebert
