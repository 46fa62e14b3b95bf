// Named tensors on some medium, read a stretch at a time: what the engine loads weights from, whatever the container.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "file_set.h"

namespace squeezebert {

enum class DType : uint8_t {
  boolean, u8, i8, f8_e5m2, f8_e4m3, i16, u16, f16, bf16, i32, u32, f32, f64, i64, u64,
};

struct TensorInfo {
  std::string name;
  DType dtype = DType::f32;
  std::vector<uint64_t> shape;
  uint64_t elements = 0;  // product of shape
  uint64_t offset = 0;    // of the first byte, in the container
  std::vector<uint64_t> strides;  // in elements, where the tensor is not row-major; else empty
};

// Sorts by name. The first name that occurs twice, or null.
const std::string* sort_by_name(std::vector<TensorInfo>& tensors);

class TensorSource {
 public:
  virtual ~TensorSource() = default;

  // Sorted by name.
  virtual std::span<const TensorInfo> tensors() const = 0;

  // Elements [first, first + target.size()) of the tensor in row-major order, as float32.
  // Errors: TENSOR_DTYPE for types other than f16, bf16, f32, f64; those of the medium.
  // Precondition: the range lies inside the tensor.
  virtual Result<void> read_f32(const TensorInfo& tensor, uint64_t first, std::span<float> target) = 0;

  // The same elements of a tensor of bytes (i8, u8), as they are. Errors: TENSOR_DTYPE for other types and in containers
  // that the engine does not write; those of the medium.
  virtual Result<void> read_bytes(const TensorInfo& tensor, uint64_t first, std::span<std::byte> target);

  // Null where there is none.
  const TensorInfo* find(std::string_view name) const;
};

// Of one element.
uint64_t element_bytes(DType dtype);

// Consecutive elements of `tensor` from the byte `offset` of the file on, as float32.
// Errors: TENSOR_DTYPE for types other than f16, bf16, f32, f64; those of the file.
Result<void> read_numbers(ByteSource& file, const TensorInfo& tensor, uint64_t offset, std::span<float> target);

// One file of weights: torch's where the name ends in ".bin", else safetensors. Errors: FILE_NOT_FOUND, and those of the
// container.
Result<std::unique_ptr<TensorSource>> open_container(FileSet& files, std::string_view name);

// The weights of a model folder: the first of model.safetensors, its index of shards, pytorch_model.bin, its index.
// Errors: FILE_NOT_FOUND, and those of the container.
Result<std::unique_ptr<TensorSource>> open_weights(FileSet& files);

}  // namespace squeezebert
