#include "tensor_source.h"

#include <algorithm>

#include "safetensors.h"

namespace squeezebert {

Result<void> TensorSource::read_bytes(const TensorInfo& tensor, uint64_t, std::span<std::byte>) {
  return Error{ErrorCode::TENSOR_DTYPE, "tensor '" + tensor.name + "'"};
}

const TensorInfo* TensorSource::find(std::string_view name) const {
  const auto all = tensors();
  const auto found = std::lower_bound(all.begin(), all.end(), name,
                                      [](const TensorInfo& t, std::string_view n) { return t.name < n; });
  return found != all.end() && found->name == name ? &*found : nullptr;
}

Result<std::unique_ptr<TensorSource>> open_weights(FileSet& files) {
  SQUEEZEBERT_TRY_ASSIGN(file, files.open("model.safetensors"));
  SQUEEZEBERT_TRY_ASSIGN(tensors, Safetensors::open(std::move(file)));
  return std::unique_ptr<TensorSource>(std::move(tensors));
}

}  // namespace squeezebert
