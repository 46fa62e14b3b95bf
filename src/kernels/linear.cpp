#include "linear.h"

#include <algorithm>

#include "product.h"

namespace squeezebert {
namespace {

// Rows that go through all panels together. 96 rows of 768 inputs (295 kB) stay in a second-level cache of 1 MB or more
// while every panel (24 kB) passes through the first level; a multiple of the tile's 6.
constexpr size_t kRowBlock = 96;

}  // namespace

bool Linear::allocate(size_t in, size_t out, size_t groups) {
  in_ = in;
  out_ = out;
  groups_ = groups;
  depth_ = in / groups;
  width_ = out / groups;
  // Depthwise layers would waste seven of a panel's eight columns: they are an element-wise product instead.
  const uint64_t size = depthwise() ? out : uint64_t{groups} * panels(width_) * depth_ * kPanel;
  if (!weights_.allocate(size) || !bias_.allocate(out + kPanel)) return false;
  std::fill_n(weights_.data(), weights_.size(), 0.0f);
  std::fill_n(bias_.data(), bias_.size(), 0.0f);
  return true;
}

size_t Linear::position(size_t o, size_t i) const {
  if (depthwise()) return o;
  const size_t group = o / width_, column = o % width_;
  return ((group * panels(width_) + column / kPanel) * depth_ + i) * kPanel + column % kPanel;
}

void Linear::set_row(size_t o, std::span<const float> weights) {
  for (size_t i = 0; i < depth_; ++i) weights_[position(o, i)] = weights[i];
}

float Linear::weight(size_t o, size_t i) const { return weights_[position(o, i)]; }

void Linear::apply(const Matrix<const float>& x, Matrix<float>& y) const {
  const size_t count = rows(x);
  if (depthwise()) {
    for (size_t r = 0; r < count; ++r) {
      const float* in = row(x, r);
      float* out = row(y, r);
      for (size_t c = 0; c < out_; ++c) out[c] = in[c] * weights_[c] + bias_[c];
    }
    return;
  }
  const size_t x_stride = row_stride(x), y_stride = row_stride(y);
  for (size_t first = 0; first < count; first += kRowBlock) {
    const size_t block = std::min(kRowBlock, count - first);
    const float* panel = weights_.data();
    for (size_t g = 0; g < groups_; ++g) {
      for (size_t column = 0; column < width_; column += kPanel, panel += depth_ * kPanel) {
        const size_t o = g * width_ + column;
        multiply_panel(row(x, first) + g * depth_, x_stride, block, panel, depth_, bias_.data() + o,
                       row(y, first) + o, y_stride, std::min(kPanel, width_ - column));
      }
    }
  }
}

}  // namespace squeezebert
