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

float Table::weight(size_t r, size_t c) const {
  switch (type_) {
    case WeightType::fp32: return floats_[r * columns_ + c];
    case WeightType::fp16: return float_from_float16(halves_[r * columns_ + c]);
    case WeightType::q8: return scales_[r] * static_cast<float>(static_cast<int8_t>(codes_[r * row_bytes_ + c]));
    case WeightType::q4: break;
  }
  const uint8_t byte = codes_[r * row_bytes_ + c / 2];
  const int32_t code = (c % 2 == 0 ? byte & 15 : byte >> 4) - 8;
  return scales_[r] * static_cast<float>(code * multipliers_[r * q4_groups(columns_) + c / kQ4Group]);
}

void Table::add_row(size_t r, float* target) const {
  for (size_t c = 0; c < columns_; ++c) target[c] += weight(r, c);
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
