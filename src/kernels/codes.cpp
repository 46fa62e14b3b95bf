#include "codes.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "simd.h"

namespace squeezebert {
namespace {

// Of magnitudes the bits are ordered as the numbers are, with infinity and what is no number above them all.
float largest_magnitude(std::span<const float> values) {
  const size_t whole = values.size() / 4 * 4;
  v128_t most = wasm_f32x4_splat(0.0f);
  for (size_t i = 0; i < whole; i += 4) most = wasm_i32x4_max(most, wasm_f32x4_abs(wasm_v128_load(values.data() + i)));
  int32_t largest = 0;
  const auto add = [&](float value) { largest = std::max(largest, std::bit_cast<int32_t>(std::fabs(value))); };
  for (size_t i = whole; i < values.size(); ++i) add(values[i]);
  float lanes[4];
  wasm_v128_store(lanes, most);
  for (const float lane : lanes) add(lane);
  return std::bit_cast<float>(largest);
}

// Rows of smaller numbers than this become zeros: one over them would be infinite.
constexpr float kLeast = 1e-30f;

// Half away from zero. The largest comes out as 127: the product is not half off.
void encode_q8(std::span<const float> weights, float largest, RowCodes& row) {
  row.scale = largest / 127;
  const float inverse = largest > kLeast ? 127 / largest : 0;
  const size_t whole = weights.size() / 4 * 4;
  const v128_t factor = wasm_f32x4_splat(inverse), half = wasm_f32x4_splat(0.5f), sign = wasm_f32x4_splat(-0.0f);
  for (size_t i = 0; i < whole; i += 4) {
    const v128_t value = wasm_f32x4_mul(wasm_v128_load(weights.data() + i), factor);
    const v128_t integers = wasm_i32x4_trunc_sat_f32x4(wasm_f32x4_add(value, wasm_v128_or(wasm_v128_and(value, sign), half)));
    const v128_t halves = wasm_i16x8_narrow_i32x4(integers, integers);
    wasm_v128_store32_lane(row.codes.data() + i, wasm_i8x16_narrow_i16x8(halves, halves), 0);
  }
  for (size_t i = whole; i < weights.size(); ++i) {
    const float value = weights[i] * inverse;
    row.codes[i] = static_cast<int8_t>(value + std::copysign(0.5f, value));
  }
}

// Rounds one group of 32 (zeros where it has fewer) with the given step into `codes`; returns the squared error.
float round_group(const float* weights, float step, int8_t* codes) {
  constexpr float kNumbers[] = {12582912.0f, -8.0f, 7.0f};  // adding 1.5 * 2^23 rounds to the nearest integer
  const Splats<3> k(kNumbers);
  const v128_t inverse = wasm_f32x4_splat(1 / step), step4 = wasm_f32x4_splat(step);
  v128_t error = wasm_f32x4_splat(0.0f);
  for (size_t i = 0; i < kQ4Group; i += 4) {
    const v128_t weight = wasm_v128_load(weights + i);
    const v128_t bounded = wasm_f32x4_pmin(k[2], wasm_f32x4_pmax(k[1], wasm_f32x4_mul(weight, inverse)));
    const v128_t shifted = wasm_f32x4_add(bounded, k[0]);
    const v128_t off = wasm_f32x4_sub(weight, wasm_f32x4_mul(wasm_f32x4_sub(shifted, k[0]), step4));
    error = wasm_f32x4_add(error, wasm_f32x4_mul(off, off));
    const v128_t integers = wasm_i32x4_sub(shifted, k[0]);
    const v128_t halves = wasm_i16x8_narrow_i32x4(integers, integers);
    wasm_v128_store32_lane(codes + i, wasm_i8x16_narrow_i16x8(halves, halves), 0);
  }
  return sum_lanes(error);
}

void encode_q4(std::span<const float> weights, float largest, RowCodes& row) {
  row.multipliers.assign(q4_groups(weights.size()), 1);
  row.scale = largest / (8 * kQ4MostMultiplier);
  if (!(row.scale > kLeast)) {
    std::fill(row.codes.begin(), row.codes.end(), int8_t{0});
    row.scale = 0;
    return;
  }
  for (size_t g = 0; g < row.multipliers.size(); ++g) {
    const size_t size = std::min(kQ4Group, weights.size() - g * kQ4Group);
    float group[kQ4Group] = {};
    std::copy_n(weights.data() + g * kQ4Group, size, group);
    const auto holds = std::clamp(static_cast<int32_t>(std::ceil(largest_magnitude(group) / (7 * row.scale))), 1, kQ4MostMultiplier);
    // A somewhat smaller step cuts the largest weight off and rounds all the others more finely.
    int8_t codes[kQ4Group];
    float best = INFINITY;
    for (int32_t magnitude = holds; magnitude >= std::max(1, holds - 5); --magnitude) {
      for (const int32_t multiplier : {magnitude, -magnitude}) {
        const float error = round_group(group, static_cast<float>(multiplier) * row.scale, codes);
        if (error >= best) continue;
        best = error;
        row.multipliers[g] = static_cast<int8_t>(multiplier);
        std::copy_n(codes, size, row.codes.begin() + static_cast<std::ptrdiff_t>(g * kQ4Group));
      }
    }
  }
}

}  // namespace

bool encode_row(WeightType type, std::span<const float> weights, RowCodes& row) {
  const float largest = largest_magnitude(weights);
  if (!std::isfinite(largest)) return false;
  row.codes.resize(weights.size());
  if (type == WeightType::q8) encode_q8(weights, largest, row);
  else encode_q4(weights, largest, row);
  return true;
}

void decode_row(WeightType type, const RowCodes& row, std::span<float> weights) {
  for (size_t i = 0; i < weights.size(); ++i) {
    const int32_t multiplier = type == WeightType::q4 ? row.multipliers[i / kQ4Group] : 1;
    weights[i] = row.scale * static_cast<float>(row.codes[i] * multiplier);
  }
}

void pack_nibbles(std::span<const int8_t> codes, std::span<uint8_t> bytes) {
  for (size_t i = 0; i < codes.size(); ++i) {
    const auto nibble = static_cast<uint8_t>(codes[i] + 8);
    if (i % 2 == 0) bytes[i / 2] = nibble;
    else bytes[i / 2] = static_cast<uint8_t>(bytes[i / 2] | nibble << 4);
  }
}

void unpack_nibbles(std::span<const uint8_t> bytes, std::span<int8_t> codes) {
  for (size_t i = 0; i < codes.size(); ++i) {
    const uint8_t byte = bytes[i / 2];
    codes[i] = static_cast<int8_t>((i % 2 == 0 ? byte & 15 : byte >> 4) - 8);
  }
}

}  // namespace squeezebert
