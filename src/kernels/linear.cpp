#include "linear.h"

#include <algorithm>

#include "../parallel/parallel.h"
#include "halves.h"
#include "product.h"
#include "q4_panel.h"
#include "tiles.h"

namespace squeezebert {
namespace {

// Rows that go through all panels together: 96 rows of 768 floats, or 384 of as many codes (295 kB), stay in a second-level
// cache of 1 MB or more. Multiples of the tiles' 8 and 6.
constexpr size_t kRowBlock = 96;
constexpr size_t kCodedRowBlock = 384;
// Panels that a tile of rows goes through before the next tile: 64 columns make whole cache lines of y. In q8 they are 12
// or 48 kB (depth 192 and 768), in float32 four times that; either streams from the second level as fast as it is used.
constexpr size_t kPanelsAtOnce = 8;

void copy_floats(const float* from, size_t count, float* to) {
  size_t i = 0;
  for (; i + 4 <= count; i += 4) wasm_v128_store(to + i, wasm_v128_load(from + i));
  for (; i < count; ++i) to[i] = from[i];
}

}  // namespace

bool Linear::reserve(LinearInput& input, size_t rows) const {
  if (coded() && !input.reserve_codes(rows, groups_, depth_)) return false;
  const bool unpacks = type_ == WeightType::q4 || type_ == WeightType::fp16;
  return !unpacks || input.reserve_panels(kPanelsAtOnce * unpacked_panel_bytes());
}

size_t Linear::unpacked_panel_bytes() const {
  if (type_ == WeightType::q8) return int8_panel_size(depth_);
  return type_ == WeightType::q4 ? q4_unpacked_size(depth_) : depth_ * kPanel * sizeof(float);
}

const std::byte* Linear::unpacked(size_t panel, size_t count, std::byte* room) const {
  if (type_ == WeightType::fp32) return reinterpret_cast<const std::byte*>(floats_.data() + panel * depth_ * kPanel);
  if (type_ == WeightType::q8) return reinterpret_cast<const std::byte*>(codes_.data() + panel * int8_panel_size(depth_));
  if (type_ == WeightType::fp16) {
    unpack_halves(halves_.data() + panel * depth_ * kPanel, count * depth_ * kPanel, reinterpret_cast<float*>(room));
  } else {
    const size_t stretches = q4_groups(depth_);
    unpack_q4_panel(nibbles_.data() + panel * q4_panel_size(depth_), multipliers_.data() + panel * stretches * kPanel,
                    count * stretches, reinterpret_cast<int8_t*>(room));
  }
  return room;
}

// Rows [first, first + count) times panels [panel, panel + panels_at_once) of one group, whose first column is channel `o`.
void Linear::multiply(const LinearInput& input, std::byte* room, size_t panel, size_t panel_count, size_t group, size_t first,
                      size_t count, size_t o, Activation activation, Matrix<float>& y) const {
  const std::byte* weights = unpacked(panel, panel_count, room);
  const size_t panel_bytes = unpacked_panel_bytes();
  const size_t width = std::min(panel_count * kPanel, (group + 1) * width_ - o);
  const size_t y_stride = row_stride(y);
  // A tile is put together here: its rows in y lie far apart, often on the same few lines of the first-level cache.
  constexpr size_t kStride = kPanelsAtOnce * kPanel;
  alignas(16) float sums[kMostTileRows * kStride];
  for (size_t tile = first; tile < first + count;) {
    const size_t height = tile_height(first + count - tile);
    if (coded()) {
      const CodedRows x = input.codes(groups_, group, tile);
      for (size_t p = 0; p < panel_count; ++p) {
        const size_t column = o + p * kPanel;
        multiply_int8_panel(x, height, {reinterpret_cast<const int8_t*>(weights + p * panel_bytes), quads(depth_),
                                        scales_.data() + column, sums_.data() + column, bias_.data() + column},
                            sums + p * kPanel, kStride);
      }
    } else {
      const Matrix<const float>& x = input.rows();
      for (size_t p = 0; p < panel_count; ++p)
        multiply_panel(row(x, tile) + group * depth_, row_stride(x), height,
                       reinterpret_cast<const float*>(weights + p * panel_bytes), depth_, bias_.data() + o + p * kPanel,
                       sums + p * kPanel, kStride);
    }
    activate_columns(activation, sums, kStride, height, panel_count * kPanel);
    float* out = row(y, tile) + o;
    for (size_t r = 0; r < height; ++r, out += y_stride) copy_floats(sums + r * kStride, width, out);
    tile += height;
  }
}

void Linear::apply(LinearInput& input, Matrix<float>& y, Activation activation) const {
  const size_t count = rows(input.rows());
  if (depthwise()) {
    for (size_t r = 0; r < count; ++r) {
      const float* in = row(input.rows(), r);
      float* out = row(y, r);
      for (size_t c = 0; c < out_; ++c) out[c] = in[c] * floats_[c] + bias_[c];
    }
    return activate_columns(activation, y.data(), row_stride(y), count, out_);
  }
  if (coded()) input.round(groups_);
  // A task is a block of rows times the panels that a tile goes through at once, so the cuts are the same for any number of
  // threads. With few rows a task is short; 8 rows times 64 columns of depth 192 are about 2 us, as much as a fork.
  const size_t block_size = coded() ? kCodedRowBlock : kRowBlock, group_panels = panels(width_);
  const size_t group_tasks = (group_panels + kPanelsAtOnce - 1) / kPanelsAtOnce;
  for (size_t first = 0; first < count; first += block_size) {
    const size_t block = std::min(block_size, count - first);
    parallel(groups_ * group_tasks, [&](size_t task, size_t thread) {
      const size_t g = task / group_tasks, p = task % group_tasks * kPanelsAtOnce;
      multiply(input, input.panels(thread), g * group_panels + p, std::min(kPanelsAtOnce, group_panels - p), g, first, block,
               g * width_ + p * kPanel, activation, y);
    });
  }
}

}  // namespace squeezebert
