// A loaded model as the bytes of a safetensors file: what quantising once and loading often needs.
//
// Float tensors are F32 (F16 for fp16). A q8 tensor is I8 [rows, columns] with "<name>_scale" F32 [rows]; a q4 tensor U8
// [rows, columns / 2, up], the first of two codes in the low half, each plus 8, with "<name>_scale" and "<name>_multiplier" I8
// [rows, columns / 32, up]: weight = scale * multiplier * code. __metadata__ has "format": "squeezebert-wasm", "dtype".
// The other files of the model's folder (config.json, the tokenizer's) go with it unchanged.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "model.h"

namespace squeezebert {

class SavedModel {
 public:
  // `model` must outlive this.
  explicit SavedModel(const Model& model);
  ~SavedModel();

  // Bytes of the whole file.
  uint64_t size() const;

  // The next bytes of the file, at most about 1 MB; empty at its end. They live until the next call.
  std::span<const std::byte> next();

 private:
  struct Tensor;
  const Model& model_;
  std::vector<Tensor> tensors_;
  std::string header_;
  uint64_t size_ = 0;
  size_t tensor_ = 0, row_ = 0;
  bool started_ = false;
  std::vector<std::byte> part_;
};

}  // namespace squeezebert
