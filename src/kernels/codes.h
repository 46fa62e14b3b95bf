// Rows of weights as small integers: how q8 and q4 round, and the form in which rows go from files to layers and back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "weight_type.h"

namespace squeezebert {

// Weights of a q4 row that share a multiplier.
inline constexpr size_t kQ4Group = 32;
inline constexpr int32_t kQ4MostMultiplier = 15;
inline constexpr size_t q4_groups(size_t size) { return (size + kQ4Group - 1) / kQ4Group; }

// One row: weight[i] = scale * codes[i], and for q4 = scale * multipliers[i / 32] * codes[i].
// codes: q8 -127..127, q4 -8..7; multipliers -15..15 without 0, so that code times multiplier fits a signed byte: q4 rows go
// through the q8 products. The sign lets -8, which has no counterpart, stand for the largest weight whichever its sign. (A float scale for every 32 would be a little more exact, but then the products must leave the
// integers every 32 terms: a quarter more instructions at any length.)
struct RowCodes {
  std::vector<int8_t> codes;
  std::vector<int8_t> multipliers;  // q4 only
  float scale = 0;
};

// Rounds `weights` to nearest; false where one is not finite. q8: the largest magnitude becomes 127. q4: the multiplier of each 32 is the one
// with the smallest squared error among those near the one that just holds their largest magnitude, of either sign.
bool encode_row(WeightType type, std::span<const float> weights, RowCodes& row);

void decode_row(WeightType type, const RowCodes& row, std::span<float> weights);

// Two q4 codes a byte as files hold them: the first in the low half, each plus 8.
void pack_nibbles(std::span<const int8_t> codes, std::span<uint8_t> bytes);
void unpack_nibbles(std::span<const uint8_t> bytes, std::span<int8_t> codes);

}  // namespace squeezebert
