// The library's own products, alone: rows [rows, depth] times weights [columns, depth], in the order in which a layer goes
// through them (src/kernels/linear.cpp), and the whole layer, which also rounds its inputs and puts its outputs in place.
#include <algorithm>
#include <cstdint>
#include <vector>

#include "kernels/int8_product.h"
#include "kernels/linear.h"
#include "kernels/linear_input.h"
#include "kernels/product.h"
#include "kernels/tiles.h"

using namespace squeezebert;

namespace {

// As linear.cpp has them: panels that a tile goes through at once, rows before the next panels.
constexpr size_t kPanelsAtOnce = 8, kRowBlock = 96, kCodedRowBlock = 384;

struct Case {
  size_t rows = 0, depth = 0, columns = 0;
  std::vector<float> inputs, outputs, panels, numbers;  // numbers: scales, sums and bias of the columns
  std::vector<int8_t> codes;
  LinearInput input;
  Linear layer;
};
Case at;

// Small seeded numbers around 0.
float next_number() {
  static uint32_t state = 1;
  state = state * 1664525 + 1013904223;
  return static_cast<float>(static_cast<int32_t>(state)) * 0x1p-31f;
}

template <class Product>
void each_tile(size_t block, Product product) {
  for (size_t first = 0; first < at.rows; first += block)
    for (size_t panel = 0; panel < panels(at.columns); panel += kPanelsAtOnce)
      for (size_t tile = first; tile < std::min(first + block, at.rows);) {
        const size_t height = tile_height(std::min(first + block, at.rows) - tile);
        for (size_t p = panel; p < std::min(panel + kPanelsAtOnce, panels(at.columns)); ++p)
          product(tile, height, p, at.outputs.data() + (p - panel) * kPanel);
        tile += height;
      }
}

}  // namespace

// type: 0 fp32, 1 fp16, 2 q8, 3 q4, as WeightType has them. Returns 0 when memory is short.
extern "C" [[gnu::used]] int32_t prepare(int32_t type, int32_t rows, int32_t depth, int32_t columns) {
  at = Case();
  at.rows = static_cast<size_t>(rows);
  at.depth = static_cast<size_t>(depth);
  at.columns = static_cast<size_t>(columns);
  at.inputs.resize(at.rows * at.depth);
  for (float& value : at.inputs) value = next_number();
  at.outputs.resize(std::max(at.rows * at.columns, kMostTileRows * kPanelsAtOnce * kPanel));
  at.panels.assign(panels(at.columns) * at.depth * kPanel, 0.5f);
  at.numbers.assign(at.columns + kPanel, 0.01f);
  at.codes.assign(panels(at.columns) * int8_panel_size(at.depth), 3);
  if (!at.layer.allocate(static_cast<WeightType>(type), at.depth, at.columns, 1)) return 0;
  std::vector<float> weights(at.depth);
  RowCodes codes;
  for (size_t o = 0; o < at.columns; ++o) {
    for (float& weight : weights) weight = next_number();
    if (at.layer.coded()) {
      encode_row(at.layer.type(), weights, codes);
      at.layer.set_row(o, codes);
    } else {
      at.layer.set_row(o, weights);
    }
  }
  at.input.set(matrix<const float>(at.inputs.data(), at.rows, at.depth));
  if (!at.layer.reserve(at.input, at.rows) || !at.input.reserve_codes(at.rows, 1, at.depth)) return 0;
  at.input.round(1);
  return 1;
}

extern "C" [[gnu::used]] void float_product() {
  each_tile(kRowBlock, [](size_t tile, size_t height, size_t panel, float* y) {
    multiply_panel(at.inputs.data() + tile * at.depth, at.depth, height, at.panels.data() + panel * at.depth * kPanel, at.depth,
                   at.numbers.data(), y, kPanelsAtOnce * kPanel);
  });
}

extern "C" [[gnu::used]] void int8_product() {
  each_tile(kCodedRowBlock, [](size_t tile, size_t height, size_t panel, float* y) {
    const CodedPanel weights = {at.codes.data() + panel * int8_panel_size(at.depth), quads(at.depth), at.numbers.data(),
                                at.numbers.data(), at.numbers.data()};
    multiply_int8_panel(at.input.codes(1, 0, tile), height, weights, y, kPanelsAtOnce * kPanel);
  });
}

extern "C" [[gnu::used]] void layer() {
  auto outputs = matrix<float>(at.outputs.data(), at.rows, at.columns);
  at.input.set(matrix<const float>(at.inputs.data(), at.rows, at.depth));  // rounds anew
  at.layer.apply(at.input, outputs);
}
