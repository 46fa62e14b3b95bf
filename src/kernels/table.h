// Embeddings: rows of numbers by index, in any of the weight types.
#pragma once

#include <span>

#include "../tensor/buffer.h"
#include "codes.h"

namespace squeezebert {

class Table {
 public:
  // False: out of memory.
  [[nodiscard]] bool allocate(WeightType type, size_t rows, size_t columns);

  // Sets row `r`: [columns] values. fp32 and fp16 take floats, q8 and q4 the codes that encode_row() makes.
  void set_row(size_t r, std::span<const float> values);
  void set_row(size_t r, const RowCodes& row);
  // All rows at once, q8 and q4: scales [rows], multipliers [rows, columns / 32, up] (q4); their codes, as files have them, are
  // to be written to what it returns.
  std::span<std::byte> set_rows(std::span<const float> scales, std::span<const int8_t> multipliers);

  // target[c] += value[r, c]
  void add_row(size_t r, float* target) const;

  void get_row(size_t r, RowCodes& row) const;  // as set_row() got it; q8 and q4 only
  float scale(size_t r) const { return scales_[r]; }  // of that row

  WeightType type() const { return type_; }
  size_t rows() const { return rows_; }
  size_t columns() const { return columns_; }
  uint64_t bytes() const {
    return floats_.bytes() + halves_.bytes() + codes_.bytes() + multipliers_.bytes() + scales_.bytes();
  }

 private:
  WeightType type_ = WeightType::fp32;
  size_t rows_ = 0, columns_ = 0, row_bytes_ = 0;
  Buffer<float> floats_;         // fp32: [rows, columns]
  Buffer<uint16_t> halves_;      // fp16: [rows, columns]
  Buffer<uint8_t> codes_;        // q8: [rows, columns]; q4: [rows, columns / 2, up], as files have them
  Buffer<int8_t> multipliers_;   // q4: [rows, columns / 32, up]
  Buffer<float> scales_;         // q8, q4: [rows]
};

}  // namespace squeezebert
