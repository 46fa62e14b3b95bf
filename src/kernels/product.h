// The inner loop of float32: a few rows times one panel of eight columns.
#pragma once

#include <cstddef>

#include "simd.h"

namespace squeezebert {

// Columns of a panel: two vectors. A panel of depth K stores its columns side by side, [K][8], zero where it has fewer.
inline constexpr size_t kPanel = 8;

// Panels that `columns` columns need.
inline constexpr size_t panels(size_t columns) { return (columns + kPanel - 1) / kPanel; }

// y[r, j] = start[j] + sum over k of x[r, k] * panel[k][j], for r < rows and j < 8.
// x: rows x depth, x_stride apart; y: y_stride apart. start: eight floats.
// Every y is summed in the order of k whatever the rows around it, so a result does not depend on the batch.
void multiply_panel(const float* x, size_t x_stride, size_t rows, const float* panel, size_t depth, const float* start,
                    float* y, size_t y_stride);

}  // namespace squeezebert
