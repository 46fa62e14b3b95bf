#include "folder.h"

#include <cstdio>

namespace squeezebert {
namespace {

class FileSource final : public ByteSource {
 public:
  FileSource(std::FILE* file, uint64_t size) : file_(file), size_(size) {}
  ~FileSource() override { std::fclose(file_); }
  uint64_t size() const override { return size_; }
  Result<void> read(uint64_t offset, std::span<std::byte> target) override {
    if (offset > size_ || target.size() > size_ - offset) return Error{ErrorCode::FILE_TRUNCATED};
    if (fseeko(file_, static_cast<off_t>(offset), SEEK_SET) != 0 ||
        std::fread(target.data(), 1, target.size(), file_) != target.size()) {
      return Error{ErrorCode::FILE_READ};
    }
    return {};
  }

 private:
  std::FILE* file_;
  uint64_t size_;
};

}  // namespace

bool Folder::has(std::string_view name) const {
  std::error_code code;
  return std::filesystem::is_regular_file(path_ / name, code);
}

Result<std::unique_ptr<ByteSource>> Folder::open(std::string_view name) { return open_file(path_ / name); }

Result<std::unique_ptr<ByteSource>> open_file(const std::filesystem::path& path) {
  std::error_code code;
  if (!std::filesystem::is_regular_file(path, code)) return Error{ErrorCode::FILE_NOT_FOUND, {path.string()}};
  const uint64_t size = std::filesystem::file_size(path, code);
  std::FILE* file = code ? nullptr : std::fopen(path.c_str(), "rb");
  if (!file) return Error{ErrorCode::FILE_READ, {path.string()}};
  return std::unique_ptr<ByteSource>(std::make_unique<FileSource>(file, size));
}

}  // namespace squeezebert
