#include "table.h"

#include <algorithm>

#include "../formats/float16.h"

namespace squeezebert {

bool Table::allocate(WeightType type, size_t rows, size_t columns) {
  type_ = type;
  rows_ = rows;
  columns_ = columns;
  const uint64_t count = rows;
  if (type == WeightType::fp32) return floats_.allocate(count * columns);
  if (type == WeightType::fp16) return halves_.allocate(count * columns);
  row_bytes_ = type == WeightType::q8 ? columns : (columns + 1) / 2;
  return codes_.allocate(count * row_bytes_) && scales_.allocate(count) &&
         (type == WeightType::q8 || multipliers_.allocate(count * q4_groups(columns)));
}

void Table::set_row(size_t r, std::span<const float> values) {
  for (size_t c = 0; c < columns_; ++c) {
    if (type_ == WeightType::fp16) halves_[r * columns_ + c] = float16_from_float(values[c]);
    else floats_[r * columns_ + c] = values[c];
  }
}

void Table::set_row(size_t r, const RowCodes& row) {
  uint8_t* bytes = codes_.data() + r * row_bytes_;
  scales_[r] = row.scale;
  if (type_ == WeightType::q8) {
    for (size_t c = 0; c < columns_; ++c) bytes[c] = static_cast<uint8_t>(row.codes[c]);
    return;
  }
  pack_nibbles(row.codes, {bytes, row_bytes_});
  std::copy_n(row.multipliers.data(), q4_groups(columns_), multipliers_.data() + r * q4_groups(columns_));
}

std::span<std::byte> Table::set_rows(std::span<const float> scales, std::span<const int8_t> multipliers) {
  std::copy(scales.begin(), scales.end(), scales_.data());
  std::copy(multipliers.begin(), multipliers.end(), multipliers_.data());
  return std::as_writable_bytes(codes_.span());
}

// Rounds as decode_row() does: the integers first, then once.
void Table::add_row(size_t r, float* target) const {
  if (type_ == WeightType::fp32 || type_ == WeightType::fp16) {
    for (size_t i = r * columns_, c = 0; c < columns_; ++c, ++i)
      target[c] += type_ == WeightType::fp32 ? floats_[i] : float_from_float16(halves_[i]);
    return;
  }
  const uint8_t* bytes = codes_.data() + r * row_bytes_;
  const float scale = scales_[r];
  if (type_ == WeightType::q8) {
    for (size_t c = 0; c < columns_; ++c) target[c] += scale * static_cast<float>(static_cast<int8_t>(bytes[c]));
    return;
  }
  const int8_t* multipliers = multipliers_.data() + r * q4_groups(columns_);
  for (size_t c = 0; c < columns_; ++c) {
    const int32_t code = (bytes[c / 2] >> (c % 2 * 4) & 15) - 8;
    target[c] += scale * static_cast<float>(code * multipliers[c / kQ4Group]);
  }
}

void Table::get_row(size_t r, RowCodes& row) const {
  const uint8_t* bytes = codes_.data() + r * row_bytes_;
  row.scale = scales_[r];
  row.codes.resize(columns_);
  row.multipliers.clear();
  if (type_ == WeightType::q8) {
    for (size_t c = 0; c < columns_; ++c) row.codes[c] = static_cast<int8_t>(bytes[c]);
    return;
  }
  unpack_nibbles({bytes, row_bytes_}, row.codes);
  const int8_t* multipliers = multipliers_.data() + r * q4_groups(columns_);
  row.multipliers.assign(multipliers, multipliers + q4_groups(columns_));
}

}  // namespace squeezebert
