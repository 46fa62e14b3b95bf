#include "linear.h"

#include <algorithm>

#include "../formats/float16.h"
#include "halves.h"
#include "product.h"
#include "q4_panel.h"

namespace squeezebert {
namespace {

// Rows that go through all panels together. 96 rows of 768 inputs (295 kB) stay in a second-level cache of 1 MB or more
// while every panel (24 kB) passes through the first level; a multiple of the tiles' 8 and 6.
constexpr size_t kRowBlock = 96;

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
  if (type_ == WeightType::q4) return input.reserve_panel(q4_unpacked_size(depth_));
  if (type_ == WeightType::fp16) return input.reserve_panel(depth_ * kPanel * sizeof(float));
  return true;
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

// Rows [first, first + count) times one panel, whose first column is channel `o`.
void Linear::multiply(LinearInput& input, size_t panel, size_t group, size_t first, size_t count, size_t o,
                      Matrix<float>& y) const {
  const size_t width = std::min(kPanel, (group + 1) * width_ - o), stride = row_stride(y);
  float* out = row(y, first) + o;
  if (coded()) {
    CodedPanel coded{nullptr, quads(depth_), scales_.data() + o, sums_.data() + o, bias_.data() + o};
    if (type_ == WeightType::q8) {
      coded.codes = codes_.data() + panel * int8_panel_size(depth_);
    } else {
      int8_t* unpacked = reinterpret_cast<int8_t*>(input.panel());
      const size_t stretches = q4_groups(depth_);
      unpack_q4_panel(nibbles_.data() + panel * q4_panel_size(depth_), multipliers_.data() + panel * stretches * kPanel,
                      stretches, unpacked);
      coded.codes = unpacked;
    }
    return multiply_int8_panel(input.codes(groups_, group, first), count, coded, out, stride, width);
  }
  const Matrix<const float>& x = input.rows();
  const size_t position = panel * depth_ * kPanel;
  const float* weights;
  if (type_ == WeightType::fp16) {
    float* unpacked = reinterpret_cast<float*>(input.panel());
    unpack_halves(halves_.data() + position, depth_ * kPanel, unpacked);
    weights = unpacked;
  } else {
    weights = floats_.data() + position;
  }
  multiply_panel(row(x, first) + group * depth_, row_stride(x), count, weights, depth_, bias_.data() + o, out, stride, width);
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
  // A packed panel is unpacked once a block, so that its blocks are larger.
  const bool unpacks = type_ == WeightType::q4 || type_ == WeightType::fp16;
  const size_t at_once = unpacks ? 4 * kRowBlock : kRowBlock;
  for (size_t first = 0; first < count; first += at_once) {
    const size_t block = std::min(at_once, count - first);
    size_t panel = 0;
    for (size_t g = 0; g < groups_; ++g) {
      for (size_t column = 0; column < width_; column += kPanel, ++panel) {
        const size_t o = g * width_ + column;
        multiply(input, panel, g, first, block, o, y);
        // While these columns are still in the first-level cache.
        activate_columns(activation, row(y, first) + o, row_stride(y), block, std::min(kPanel, width_ - column));
      }
    }
  }
}

}  // namespace squeezebert
