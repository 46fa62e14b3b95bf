// How rows are cut into tiles whose sums stay in registers.
#pragma once

#include <cstddef>

namespace squeezebert {

inline constexpr size_t kMostTileRows = 8;

// Rows of the next tile where `rows` are left.
// Heights measured in Chromium on x86-64 with AVX-VNNI (G multiply-adds a second, depth 768; one row at a time: 6 in
// float32, 24 in int8): float32 6 rows 21.2, 8 rows 21.2; int8 6 rows 79, 8 rows 88. Eight rows need more sums than the
// 16 vector registers hold, and still win in int8, where fewer loads of the panel count for more. 5 and 7 are left out
// for their size: 4 + 1 and 6 + 1 cost a few percent of a pass. (The int8 product cuts its 6 and 3 once more.)
inline constexpr size_t tile_height(size_t rows) { return rows >= 8 ? 8 : rows >= 6 ? 6 : rows >= 5 ? 4 : rows; }

// Calls tile.template operator()<R>(first) for one stretch of R rows after the other: as many of the first height as there are,
// then of the next. The last of the heights, which fall, is 1.
template <size_t... Heights, class Tile>
void for_each_tile(size_t rows, Tile tile) {
  size_t first = 0;
  const auto stretches = [&]<size_t R>() {
    for (; rows - first >= R; first += R) tile.template operator()<R>(first);
  };
  (stretches.template operator()<Heights>(), ...);
}

}  // namespace squeezebert
