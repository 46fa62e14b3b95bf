#include "safetensors.h"

#include <algorithm>
#include <bit>

#include "../sort.h"
#include "json.h"

namespace squeezebert {
namespace {

constexpr uint64_t kMaxHeader = 100'000'000;  // of the specification

struct TypeName {
  std::string_view name;
  DType dtype;
  uint64_t bytes;
};
constexpr TypeName kTypes[] = {
    {"BOOL", DType::boolean, 1}, {"U8", DType::u8, 1},          {"I8", DType::i8, 1},   {"F8_E5M2", DType::f8_e5m2, 1},
    {"F8_E4M3", DType::f8_e4m3, 1}, {"I16", DType::i16, 2},     {"U16", DType::u16, 2}, {"F16", DType::f16, 2},
    {"BF16", DType::bf16, 2},    {"I32", DType::i32, 4},        {"U32", DType::u32, 4}, {"F32", DType::f32, 4},
    {"F64", DType::f64, 8},      {"I64", DType::i64, 8},        {"U64", DType::u64, 8},
};

Error bad(ErrorCode code, std::string_view name, Detail rest = {}) {
  return Error{code, {"tensor '", name, "'", join(rest)}};
}

// Two readers could each take another of two members for the true one.
bool repeats_a_name(const json::Value& object) {
  std::vector<std::string_view> names;
  for (const auto& member : object.members()) names.push_back(member.name);
  heap_sort(names.begin(), names.end(), std::less<>());
  return std::adjacent_find(names.begin(), names.end()) != names.end();
}

// One entry of the header, its offset relative to the first byte after the header.
Result<void> read_entry(const json::Member& member, TensorInfo& tensor) {
  const json::Value* dtype = member.value.find("dtype");
  const json::Value* shape = member.value.find("shape");
  const json::Value* offsets = member.value.find("data_offsets");
  if (!dtype || !dtype->is_string() || !shape || !shape->is_array() || !offsets || !offsets->is_array()) return bad(ErrorCode::SAFETENSORS_TENSOR_INFO, member.name);
  if (repeats_a_name(member.value)) {
    return bad(ErrorCode::SAFETENSORS_TENSOR_INFO, member.name, {" has a field twice"});
  }

  const TypeName* type = std::find_if(std::begin(kTypes), std::end(kTypes),
                                      [&](const TypeName& t) { return t.name == *dtype->string(); });
  if (type == std::end(kTypes)) {
    return bad(ErrorCode::SAFETENSORS_TENSOR_INFO, member.name, {" has unknown type ", *dtype->string()});
  }
  tensor.name = member.name;
  tensor.dtype = type->dtype;
  tensor.elements = 1;
  for (const auto& value : shape->items()) {
    const auto dimension = value.unsigned_integer();
    if (!dimension) return bad(ErrorCode::SAFETENSORS_TENSOR_INFO, member.name);
    tensor.shape.push_back(*dimension);
    if (__builtin_mul_overflow(tensor.elements, *dimension, &tensor.elements)) {
      return bad(ErrorCode::SAFETENSORS_TENSOR_SIZE, member.name, {" has more elements than can be counted"});
    }
  }
  uint64_t bytes = 0;
  if (__builtin_mul_overflow(tensor.elements, type->bytes, &bytes)) {
    return bad(ErrorCode::SAFETENSORS_TENSOR_SIZE, member.name, {" has more bytes than can be counted"});
  }
  if (offsets->items().size() != 2) return bad(ErrorCode::SAFETENSORS_TENSOR_INFO, member.name);
  const auto begin = offsets->items()[0].unsigned_integer(), end = offsets->items()[1].unsigned_integer();
  if (!begin || !end) return bad(ErrorCode::SAFETENSORS_TENSOR_INFO, member.name);
  if (*end < *begin) return bad(ErrorCode::SAFETENSORS_OFFSETS, member.name, {" ends before it begins"});
  if (*end - *begin != bytes) {
    return bad(ErrorCode::SAFETENSORS_TENSOR_SIZE, member.name, {" has ", *end - *begin, " bytes, its shape and type need ", bytes});
  }
  tensor.offset = *begin;
  return {};
}

Result<void> check_metadata(const json::Value& metadata) {
  if (metadata.is_null()) return {};
  bool good = metadata.is_object() && !repeats_a_name(metadata);
  for (const auto& member : metadata.members()) good = good && member.value.is_string();
  if (!good) return Error{ErrorCode::SAFETENSORS_METADATA};
  return {};
}

}  // namespace

Result<std::unique_ptr<Safetensors>> Safetensors::open(std::unique_ptr<ByteSource> file) {
  static_assert(std::endian::native == std::endian::little, "the file's numbers are little-endian and read as they are");
  const uint64_t size = file->size();
  if (size < 8) return Error{ErrorCode::SAFETENSORS_HEADER_TOO_SMALL, {size, " bytes"}};
  uint64_t length = 0;
  SQUEEZEBERT_TRY(file->read(0, std::as_writable_bytes(std::span(&length, 1))));
  if (length > kMaxHeader) return Error{ErrorCode::SAFETENSORS_HEADER_TOO_LARGE, {length, " bytes"}};
  if (length > size - 8) {
    return Error{ErrorCode::SAFETENSORS_HEADER_LENGTH, {length, " bytes in a file of ", size}};
  }
  std::string text(static_cast<size_t>(length), '\0');
  SQUEEZEBERT_TRY(file->read(8, std::as_writable_bytes(std::span(text))));
  auto header = json::parse(text);
  if (!header) {
    if (header.error().code() != ErrorCode::JSON_SYNTAX) return std::move(header).error();
    return Error{ErrorCode::SAFETENSORS_HEADER_SYNTAX, {header.error().detail()}};
  }
  if (!header->is_object()) return Error{ErrorCode::SAFETENSORS_HEADER_SYNTAX, {"not an object"}};

  auto opened = std::make_unique<Safetensors>();
  std::vector<TensorInfo>& tensors = opened->tensors_;
  bool has_metadata = false;
  for (const auto& member : header->members()) {
    if (member.name == "__metadata__") {
      if (has_metadata) return Error{ErrorCode::SAFETENSORS_NAME, {"'__metadata__' occurs twice"}};
      has_metadata = true;
      SQUEEZEBERT_TRY(check_metadata(member.value));
      continue;
    }
    if (member.name.empty()) return Error{ErrorCode::SAFETENSORS_NAME, {"empty name"}};
    if (!member.value.is_object()) return bad(ErrorCode::SAFETENSORS_TENSOR_INFO, member.name);
    TensorInfo tensor;
    SQUEEZEBERT_TRY(read_entry(member, tensor));
    tensors.push_back(std::move(tensor));
  }

  // Tensors without elements begin and end at one place: among equal beginnings they come first.
  heap_sort(tensors.begin(), tensors.end(), [](const TensorInfo& a, const TensorInfo& b) {
    return a.offset != b.offset ? a.offset < b.offset : a.elements < b.elements;
  });
  uint64_t position = 0;
  for (auto& tensor : tensors) {
    if (tensor.offset != position) {
      return bad(ErrorCode::SAFETENSORS_OFFSETS, tensor.name, {" begins at ", tensor.offset, ", expected ", position});
    }
    position += tensor.elements * element_bytes(tensor.dtype);
    tensor.offset += 8 + length;
  }
  if (position != size - 8 - length) {
    return Error{ErrorCode::SAFETENSORS_FILE_SIZE, {"the tensors have ", position, " bytes, the file has ", size - 8 - length, " for them"}};
  }

  if (const std::string* name = sort_by_name(tensors)) return bad(ErrorCode::SAFETENSORS_NAME, *name, {" occurs twice"});
  opened->file_ = std::move(file);
  return opened;
}

Result<void> Safetensors::read_f32(const TensorInfo& tensor, uint64_t first, std::span<float> target) {
  return read_numbers(*file_, tensor, tensor.offset + first * element_bytes(tensor.dtype), target);
}

Result<void> Safetensors::read_bytes(const TensorInfo& tensor, uint64_t first, std::span<std::byte> target) {
  if (tensor.dtype != DType::i8 && tensor.dtype != DType::u8) return bad(ErrorCode::TENSOR_DTYPE, tensor.name);
  return file_->read(tensor.offset + first, target);
}

}  // namespace squeezebert
