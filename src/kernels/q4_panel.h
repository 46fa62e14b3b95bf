// Panels of q4: half a byte a weight in memory, unpacked into a q8 panel just before it is multiplied.
#pragma once

#include <cstddef>
#include <cstdint>

#include "codes.h"
#include "int8_product.h"

namespace squeezebert {

// [depth / 32, up][8 quads][16 bytes]: the low halves are columns 0 to 3 of the quad as an int8 panel has them, the high
// halves columns 4 to 7; each code plus 8.
inline constexpr size_t q4_panel_size(size_t depth) { return q4_groups(depth) * kQ4Group / kQuad * 16; }
// Of the unpacked panel; never less than int8_panel_size(depth).
inline constexpr size_t q4_unpacked_size(size_t depth) { return q4_groups(depth) * kQ4Group * kPanel; }

// Position of a weight in its packed panel: byte, and whether the high half.
struct Nibble {
  size_t byte;
  bool high;
};
inline constexpr Nibble q4_position(size_t column, size_t i) {
  return {i / kQuad * 16 + column % 4 * kQuad + i % kQuad, column >= 4};
}

// multipliers: [groups of 32][8 columns].
void unpack_q4_panel(const uint8_t* packed, const int8_t* multipliers, size_t groups, int8_t* panel);

}  // namespace squeezebert
