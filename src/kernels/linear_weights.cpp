// The weights of a layer, row by row: as they come from files and go back. What is multiplied is in linear.cpp.
#include <algorithm>
#include <cstring>

#include "../formats/float16.h"
#include "linear.h"
#include "q4_panel.h"
#include "simd.h"

namespace squeezebert {
namespace {

template <class T>
bool allocate_zero(Buffer<T>& buffer, uint64_t size) {
  if (!buffer.allocate(size)) return false;
  std::fill_n(buffer.data(), buffer.size(), T{});
  return true;
}

int32_t sum_codes(std::span<const int8_t> codes) {
  v128_t sums = wasm_i32x4_splat(0);
  size_t i = 0;
  for (; i + 16 <= codes.size(); i += 16)
    sums = wasm_i32x4_add(sums, wasm_i32x4_extadd_pairwise_i16x8(wasm_i16x8_extadd_pairwise_i8x16(wasm_v128_load(codes.data() + i))));
  int32_t lanes[4];
  wasm_v128_store(lanes, sums);
  int32_t sum = lanes[0] + lanes[1] + lanes[2] + lanes[3];
  for (; i < codes.size(); ++i) sum += codes[i];
  return sum;
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

size_t Linear::float_position(size_t o, size_t i) const {
  return depthwise() ? o : (panel_of(o) * depth_ + i) * kPanel + column_of(o);
}

size_t Linear::code_position(size_t o) const {
  return panel_of(o) * int8_panel_size(depth_) + column_of(o) * kQuad;
}

int32_t Linear::code(size_t o, size_t i) const {
  if (type_ == WeightType::q8) return codes_[code_position(o) + i / kQuad * kQuad * kPanel + i % kQuad];
  const Nibble at = q4_position(column_of(o), i);
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
    int8_t* to = codes_.data() + code_position(o);
    size_t i = 0;
    for (; i + 16 <= depth_; i += 16, to += 16 * kPanel) {
      const v128_t codes = wasm_v128_load(row.codes.data() + i);
      wasm_v128_store32_lane(to, codes, 0);
      wasm_v128_store32_lane(to + kQuad * kPanel, codes, 1);
      wasm_v128_store32_lane(to + 2 * kQuad * kPanel, codes, 2);
      wasm_v128_store32_lane(to + 3 * kQuad * kPanel, codes, 3);
    }
    for (size_t rest = 0; i < depth_; ++i, ++rest) to[rest / kQuad * kQuad * kPanel + rest % kQuad] = row.codes[i];
    sum = sum_codes(row.codes);
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
  size_t i = 0;
  if (type_ == WeightType::q8) {
    const int8_t* from = codes_.data() + code_position(o);
    for (; i + kQuad <= depth_; i += kQuad) std::memcpy(row.codes.data() + i, from + i * kPanel, kQuad);
  }
  for (; i < depth_; ++i) row.codes[i] = static_cast<int8_t>(code(o, i));
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

}  // namespace squeezebert
