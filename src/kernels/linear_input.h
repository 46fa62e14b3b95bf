// The rows that go into a layer, and their rounded form where the layer wants it: made once for all layers that read them.
#pragma once

#include "../tensor/buffer.h"
#include "../tensor/matrix.h"
#include "int8_product.h"

namespace squeezebert {

class LinearInput {
 public:
  // Room for the rounded form of rows of groups * depth channels. False: out of memory.
  [[nodiscard]] bool reserve_codes(size_t rows, size_t groups, size_t depth);
  // Room for unpacked panels, for each thread.
  [[nodiscard]] bool reserve_panels(uint64_t bytes);

  // The rows [rows, channels] that the next layers read. They must stay as they are until the next set().
  void set(const Matrix<const float>& x) {
    x_ = x;
    groups_ = 0;
  }

  const Matrix<const float>& rows() const { return x_; }
  // Rounds the rows in `groups` groups, where that has not been done since set().
  void round(size_t groups);
  // Group `group` of `groups` of the rows from `first` on. After round(groups).
  CodedRows codes(size_t groups, size_t group, size_t first) const;
  std::byte* panels(size_t thread) { return panels_.data() + thread * panel_bytes_; }

  uint64_t bytes() const { return codes_.bytes() + scales_.bytes() + minima_.bytes() + panels_.bytes(); }

 private:
  Matrix<const float> x_ = matrix<const float>(nullptr, 0, 0);
  size_t groups_ = 0;               // of the rounded form; 0: not made yet
  Buffer<InputCode> codes_;         // [rows][groups][quads * 4]
  Buffer<float> scales_, minima_;   // [rows][groups]
  Buffer<std::byte> panels_;        // [threads][panel_bytes_]
  size_t panel_bytes_ = 0;
};

}  // namespace squeezebert
