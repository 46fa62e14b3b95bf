#include "tensor_source.h"

#include <algorithm>
#include <cstring>

#include "../sort.h"
#include "float16.h"
#include "safetensors.h"
#include "shards.h"
#include "torch_file.h"

namespace squeezebert {

const std::string* sort_by_name(std::vector<TensorInfo>& tensors) {
  heap_sort(tensors.begin(), tensors.end(), [](const TensorInfo& a, const TensorInfo& b) { return a.name < b.name; });
  for (size_t i = 1; i < tensors.size(); ++i)
    if (tensors[i].name == tensors[i - 1].name) return &tensors[i].name;
  return nullptr;
}

Result<void> TensorSource::read_bytes(const TensorInfo& tensor, uint64_t, std::span<std::byte>) {
  return Error{ErrorCode::TENSOR_DTYPE, {"tensor '", tensor.name, "'"}};
}

const TensorInfo* TensorSource::find(std::string_view name) const {
  const auto all = tensors();
  const auto found = std::lower_bound(all.begin(), all.end(), name,
                                      [](const TensorInfo& t, std::string_view n) { return t.name < n; });
  return found != all.end() && found->name == name ? &*found : nullptr;
}

uint64_t element_bytes(DType dtype) {
  switch (dtype) {
    case DType::boolean: case DType::u8: case DType::i8: case DType::f8_e5m2: case DType::f8_e4m3: return 1;
    case DType::i16: case DType::u16: case DType::f16: case DType::bf16: return 2;
    case DType::i32: case DType::u32: case DType::f32: return 4;
    case DType::f64: case DType::i64: case DType::u64: return 8;
  }
  return 8;
}

Result<void> read_numbers(ByteSource& file, const TensorInfo& tensor, uint64_t offset, std::span<float> target) {
  switch (tensor.dtype) {
    case DType::f32: return file.read(offset, std::as_writable_bytes(target));
    case DType::f16:
    case DType::bf16: {
      // The two-byte values are read into the far half of the target and widened from the front: the reader is always
      // ahead of the writer.
      auto bytes = std::as_writable_bytes(target).subspan(target.size() * 2);
      SQUEEZEBERT_TRY(file.read(offset, bytes));
      for (size_t i = 0; i < target.size(); ++i) {
        uint16_t bits;
        std::memcpy(&bits, bytes.data() + i * 2, 2);
        target[i] = tensor.dtype == DType::f16 ? float_from_float16(bits) : float_from_bfloat16(bits);
      }
      return {};
    }
    case DType::f64: {
      double chunk[512];
      for (size_t i = 0; i < target.size();) {
        const size_t n = std::min<size_t>(512, target.size() - i);
        SQUEEZEBERT_TRY(file.read(offset + i * 8, std::as_writable_bytes(std::span(chunk, n))));
        for (size_t j = 0; j < n; ++j) target[i++] = static_cast<float>(chunk[j]);
      }
      return {};
    }
    default: return Error{ErrorCode::TENSOR_DTYPE, {"tensor '", tensor.name, "'"}};
  }
}

Result<std::unique_ptr<TensorSource>> open_container(FileSet& files, std::string_view name) {
  SQUEEZEBERT_TRY_ASSIGN(file, files.open(name));
  if (name.ends_with(".bin")) {
    SQUEEZEBERT_TRY_ASSIGN(tensors, TorchFile::open(std::move(file)));
    return std::unique_ptr<TensorSource>(std::move(tensors));
  }
  SQUEEZEBERT_TRY_ASSIGN(tensors, Safetensors::open(std::move(file)));
  return std::unique_ptr<TensorSource>(std::move(tensors));
}

Result<std::unique_ptr<TensorSource>> open_weights(FileSet& files) {
  for (const std::string_view name : {"model.safetensors", "pytorch_model.bin"}) {
    if (files.has(name)) return open_container(files, name);
    const std::string index = join({name, ".index.json"});
    if (files.has(index)) return open_shards(files, index);
  }
  return open_container(files, "model.safetensors");
}

}  // namespace squeezebert
