// pytorch_model.bin: the state dict that torch.save wrote, as a zip archive (torch 1.6 and later) or in the older form of five
// pickles and raw storages. Tensors may share a storage, be slices or strided views of it.
#pragma once

#include "tensor_source.h"

namespace squeezebert {

class TorchFile final : public TensorSource {
 public:
  // Reads the descriptions only: at most 16 MB of directory and 8 MB of pickle. A state dict may stand under 'state_dict' or
  // 'model' of the file's dictionary; what is no tensor is passed over.
  // Errors: ZIP_INVALID, PICKLE_UNSAFE, PICKLE_INVALID, TORCH_TENSOR naming the tensor, TORCH_FILE, those of the source.
  static Result<std::unique_ptr<TorchFile>> open(std::unique_ptr<ByteSource> file);

  std::span<const TensorInfo> tensors() const override { return tensors_; }
  // Precondition: `tensor` is one of tensors(). Strided views pass through a buffer of at most 16 MB.
  Result<void> read_f32(const TensorInfo& tensor, uint64_t first, std::span<float> target) override;

 private:
  std::unique_ptr<ByteSource> file_;
  std::vector<TensorInfo> tensors_;
};

}  // namespace squeezebert
