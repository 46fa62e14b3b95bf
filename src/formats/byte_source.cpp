#include "byte_source.h"

#include <cstring>

namespace squeezebert {

BufferSource::BufferSource(std::string_view text) : bytes_(text.size()) {
  if (!text.empty()) std::memcpy(bytes_.data(), text.data(), text.size());
}

Result<void> BufferSource::read(uint64_t offset, std::span<std::byte> target) {
  if (offset > bytes_.size() || target.size() > bytes_.size() - offset) return Error{ErrorCode::FILE_TRUNCATED};
  if (!target.empty()) std::memcpy(target.data(), bytes_.data() + offset, target.size());
  return {};
}

Result<std::string> read_text(ByteSource& source, uint64_t limit) {
  if (source.size() > limit) return Error{ErrorCode::FILE_READ, {"larger than ", limit, " bytes"}};
  std::string text(static_cast<size_t>(source.size()), '\0');
  SQUEEZEBERT_TRY(source.read(0, std::as_writable_bytes(std::span(text))));
  return text;
}

}  // namespace squeezebert
