// The position-wise layer of every model here: a linear map of each row, in groups of channels (a grouped convolution
// of width 1). groups = 1 is a plain linear layer, groups = channels a depthwise one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "../tensor/buffer.h"
#include "../tensor/matrix.h"

namespace squeezebert {

class Linear {
 public:
  // Makes room for `groups` maps of in/groups to out/groups channels; groups divides both. False: out of memory.
  [[nodiscard]] bool allocate(size_t in, size_t out, size_t groups);

  // Sets the weights of output channel `o`: [in / groups] values. Every channel must be set once before apply().
  void set_row(size_t o, std::span<const float> weights);
  std::span<float> bias() { return {bias_.data(), out_}; }  // [out], all zero at first

  // y[r, o] = bias[o] + sum over i < in/groups of x[r, g * in/groups + i] * weight[o, i], g the group of o.
  // x [rows, in], y [rows, out]; must not overlap.
  void apply(const Matrix<const float>& x, Matrix<float>& y) const;

  // weight[o, i], for tables that serve as an output layer and for look-ups (tied embeddings).
  float weight(size_t o, size_t i) const;

  size_t in() const { return in_; }
  size_t out() const { return out_; }
  size_t groups() const { return groups_; }
  uint64_t bytes() const { return weights_.bytes() + bias_.bytes(); }

 private:
  bool depthwise() const { return depth_ == 1 && width_ == 1; }
  size_t position(size_t o, size_t i) const;

  size_t in_ = 0, out_ = 0, groups_ = 1;
  size_t depth_ = 0, width_ = 0;  // input and output channels of a group
  Buffer<float> weights_;         // [groups][panels(width)][depth][8]; depthwise: [out]
  Buffer<float> bias_;            // [out], and eight more so that a panel's eight can always be loaded
};

}  // namespace squeezebert
