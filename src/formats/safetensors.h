// The safetensors container: eight bytes of header length, a JSON header, the tensors' bytes without hole or overlap.
// Rules: the format's specification. Where its reference reader is laxer we keep to the specification (no repeated or
// empty names), save for white space before the header's brace, which that reader accepts on purpose.
#pragma once

#include "tensor_source.h"

namespace squeezebert {

class Safetensors final : public TensorSource {
 public:
  // Reads and checks the header only; nothing larger than the header (at most 100 MB, and never more than the file) is
  // allocated. Errors: SAFETENSORS_*, JSON_TOO_DEEP, OUT_OF_MEMORY (a header of millions of values), those of the
  // source.
  static Result<std::unique_ptr<Safetensors>> open(std::unique_ptr<ByteSource> file);

  std::span<const TensorInfo> tensors() const override { return tensors_; }
  Result<void> read_f32(const TensorInfo& tensor, uint64_t first, std::span<float> target) override;
  Result<void> read_bytes(const TensorInfo& tensor, uint64_t first, std::span<std::byte> target) override;

 private:
  std::unique_ptr<ByteSource> file_;
  std::vector<TensorInfo> tensors_;
};

}  // namespace squeezebert
