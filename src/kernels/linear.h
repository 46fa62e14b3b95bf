// The position-wise layer of every model here: a linear map of each row, in groups of channels (a grouped convolution
// of width 1). groups = 1 is a plain linear layer, groups = channels a depthwise one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "../tensor/buffer.h"
#include "../tensor/matrix.h"
#include "activation.h"
#include "codes.h"
#include "linear_input.h"
#include "weight_type.h"

namespace squeezebert {

class Linear {
 public:
  // Makes room for `groups` maps of in/groups to out/groups channels; groups divides both. Depthwise layers are fp32
  // whatever the type: eight columns of one weight each have nothing to gain. False: out of memory.
  [[nodiscard]] bool allocate(WeightType type, size_t in, size_t out, size_t groups);
  // Makes room in `input` for `rows` rows of this layer's.
  [[nodiscard]] bool reserve(LinearInput& input, size_t rows) const;

  // Sets the weights of output channel `o`: [in / groups] values. Every channel must be set once before apply().
  // fp32 and fp16 take floats (fp16 rounds to nearest), q8 and q4 the codes that encode_row() makes.
  void set_row(size_t o, std::span<const float> weights);
  void set_row(size_t o, const RowCodes& row);
  std::span<float> bias() { return {bias_.data(), out_}; }  // [out], all zero at first
  std::span<const float> bias() const { return {bias_.data(), out_}; }

  // y[r, o] = activation(bias[o] + sum over i < in/groups of x[r, g * in/groups + i] * weight[o, i]), g the group of o.
  // x = input.rows() [rows, in], for which reserve() has made room; y [rows, out]; must not overlap.
  // A row's result does not depend on the rows around it.
  void apply(LinearInput& input, Matrix<float>& y, Activation activation = Activation::none) const;

  // weight[o, i], for tables that serve as an output layer and for look-ups (tied embeddings).
  float weight(size_t o, size_t i) const;
  // As set_row() got it. q8 and q4 only.
  void get_row(size_t o, RowCodes& row) const;
  float scale(size_t o) const { return scales_[o]; }  // of that row

  WeightType type() const { return type_; }
  bool coded() const { return type_ == WeightType::q8 || type_ == WeightType::q4; }
  size_t in() const { return in_; }
  size_t out() const { return out_; }
  size_t groups() const { return groups_; }
  size_t products() const { return out_ * depth_; }  // multiply-adds for a row
  uint64_t bytes() const;

 private:
  bool depthwise() const { return depth_ == 1 && width_ == 1; }
  size_t panel_of(size_t o) const { return o / width_ * panels(width_) + o % width_ / kPanel; }
  size_t column_of(size_t o) const { return o % width_ % kPanel; }
  size_t float_position(size_t o, size_t i) const;
  size_t code_position(size_t o) const;  // q8: of the first
  int32_t code(size_t o, size_t i) const;
  void set_nibble(size_t o, size_t i, int32_t code);
  size_t unpacked_panel_bytes() const;
  // Panels [panel, panel + count) as the products take them: where they are, or unpacked into `room`.
  const std::byte* unpacked(size_t panel, size_t count, std::byte* room) const;
  void multiply(const LinearInput& input, std::byte* room, size_t panel, size_t panel_count, size_t group, size_t first,
                size_t count, size_t o, Activation activation, Matrix<float>& y) const;

  WeightType type_ = WeightType::fp32;
  size_t in_ = 0, out_ = 0, groups_ = 1;
  size_t depth_ = 0, width_ = 0;  // input and output channels of a group
  Buffer<float> floats_;          // fp32: [groups][panels(width)][depth][8]; depthwise: [out]
  Buffer<uint16_t> halves_;       // fp16: the same
  Buffer<int8_t> codes_;          // q8: [groups][panels(width)][quads(depth)][8][4]
  Buffer<uint8_t> nibbles_;       // q4: [groups][panels(width)] of packed panels (q4_panel.h)
  Buffer<int8_t> multipliers_;    // q4: [groups][panels(width)][depth / 32, up][8]
  Buffer<float> scales_, sums_;   // q8, q4: [out], and eight more as for bias_; sums_: of a channel's weights
  Buffer<float> bias_;            // [out], and eight more so that a panel's eight can always be loaded
};

}  // namespace squeezebert
