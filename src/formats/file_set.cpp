#include "file_set.h"

namespace squeezebert {

void MemoryFiles::add(std::string name, std::string_view text) {
  const auto* first = reinterpret_cast<const std::byte*>(text.data());
  add(std::move(name), std::vector<std::byte>(first, first + text.size()));
}

Result<std::unique_ptr<ByteSource>> MemoryFiles::open(std::string_view name) {
  const auto found = files_.find(name);
  if (found == files_.end()) return Error{ErrorCode::FILE_NOT_FOUND, {name}};
  return std::unique_ptr<ByteSource>(std::make_unique<BufferSource>(found->second));
}

}  // namespace squeezebert
