#include "linear.h"

#include <algorithm>

#include "../formats/float16.h"
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

template <class T>
bool allocate_zero(Buffer<T>& buffer, uint64_t size) {
  if (!buffer.allocate(size)) return false;
  std::fill_n(buffer.data(), buffer.size(), T{});
  return true;
}

}  // namespace

bool Linear::allocate(WeightType type, size_t in, size_t out, size_t groups) {
  in_ = in;
  out_ = out;
  groups_ = groups;
  depth_ = in / groups;
  width_ = out / groups;
  type_ = depthwise() ? WeightType::fp32 : type;
  if (!allocate_zero(bias_, uint64_t{out} + kPanel)) return false;
  // Depthwise layers would waste seven of a panel's eight columns: they are an element-wise product instead.
  if (depthwise()) return allocate_zero(floats_, out);
  const uint64_t count = uint64_t{groups} * panels(width_);
  if (type_ == WeightType::fp32) return allocate_zero(floats_, count * depth_ * kPanel);
  if (type_ == WeightType::fp16) return allocate_zero(halves_, count * depth_ * kPanel);
  if (!allocate_zero(scales_, uint64_t{out} + kPanel) || !allocate_zero(sums_, uint64_t{out} + kPanel)) return false;
  if (type_ == WeightType::q8) return allocate_zero(codes_, count * int8_panel_size(depth_));
  if (!allocate_zero(multipliers_, count * q4_groups(depth_) * kPanel) || !nibbles_.allocate(count * q4_panel_size(depth_)))
    return false;
  std::fill_n(nibbles_.data(), nibbles_.size(), uint8_t{0x88});  // code 0 everywhere
  return true;
}

bool Linear::reserve(LinearInput& input, size_t rows) const {
  if (coded() && !input.reserve_codes(rows, groups_, depth_)) return false;
  const bool unpacks = type_ == WeightType::q4 || type_ == WeightType::fp16;
  return !unpacks || input.reserve_panels(kPanelsAtOnce * unpacked_panel_bytes());
}

size_t Linear::unpacked_panel_bytes() const {
  if (type_ == WeightType::q8) return int8_panel_size(depth_);
  return type_ == WeightType::q4 ? q4_unpacked_size(depth_) : depth_ * kPanel * sizeof(float);
}

size_t Linear::float_position(size_t o, size_t i) const {
  return depthwise() ? o : (panel_of(o) * depth_ + i) * kPanel + column_of(o);
}

int32_t Linear::code(size_t o, size_t i) const {
  const size_t column = column_of(o);
  if (type_ == WeightType::q8)
    return codes_[panel_of(o) * int8_panel_size(depth_) + i / kQuad * kQuad * kPanel + column * kQuad + i % kQuad];
  const Nibble at = q4_position(column, i);
  const uint8_t byte = nibbles_[panel_of(o) * q4_panel_size(depth_) + at.byte];
  return (at.high ? byte >> 4 : byte & 15) - 8;
}

void Linear::set_nibble(size_t o, size_t i, int32_t code) {
  const Nibble at = q4_position(column_of(o), i);
  uint8_t& byte = nibbles_[panel_of(o) * q4_panel_size(depth_) + at.byte];
  byte = static_cast<uint8_t>(at.high ? (byte & 0x0f) | (code + 8) << 4 : (byte & 0xf0) | (code + 8));
}

void Linear::set_row(size_t o, std::span<const float> weights) {
  for (size_t i = 0; i < depth_; ++i) {
    if (type_ == WeightType::fp16) halves_[float_position(o, i)] = float16_from_float(weights[i]);
    else floats_[float_position(o, i)] = weights[i];
  }
}

void Linear::set_row(size_t o, const RowCodes& row) {
  int32_t sum = 0;  // at most 65,536 channels of 128
  if (type_ == WeightType::q8) {
    int8_t* to = codes_.data() + panel_of(o) * int8_panel_size(depth_) + column_of(o) * kQuad;
    for (size_t i = 0; i < depth_; ++i) {
      to[i / kQuad * kQuad * kPanel + i % kQuad] = row.codes[i];
      sum += row.codes[i];
    }
  } else {
    for (size_t i = 0; i < depth_; ++i) {
      set_nibble(o, i, row.codes[i]);
      sum += row.codes[i] * row.multipliers[i / kQ4Group];
    }
  }
  for (size_t g = 0; g < row.multipliers.size() && type_ == WeightType::q4; ++g)
    multipliers_[(panel_of(o) * q4_groups(depth_) + g) * kPanel + column_of(o)] = row.multipliers[g];
  scales_[o] = row.scale;
  sums_[o] = row.scale * static_cast<float>(sum);
}

void Linear::get_row(size_t o, RowCodes& row) const {
  row.codes.resize(depth_);
  for (size_t i = 0; i < depth_; ++i) row.codes[i] = static_cast<int8_t>(code(o, i));
  row.multipliers.resize(type_ == WeightType::q4 ? q4_groups(depth_) : 0);
  for (size_t g = 0; g < row.multipliers.size(); ++g)
    row.multipliers[g] = multipliers_[(panel_of(o) * q4_groups(depth_) + g) * kPanel + column_of(o)];
  row.scale = scales_[o];
}

float Linear::weight(size_t o, size_t i) const {
  if (type_ == WeightType::fp32) return floats_[float_position(o, i)];
  if (type_ == WeightType::fp16) return float_from_float16(halves_[float_position(o, i)]);
  int32_t value = code(o, i);
  if (type_ == WeightType::q4) value *= multipliers_[(panel_of(o) * q4_groups(depth_) + i / kQ4Group) * kPanel + column_of(o)];
  return scales_[o] * static_cast<float>(value);
}

uint64_t Linear::bytes() const {
  return floats_.bytes() + halves_.bytes() + codes_.bytes() + nibbles_.bytes() + multipliers_.bytes() + scales_.bytes() +
         sums_.bytes() + bias_.bytes();
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
