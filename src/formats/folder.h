// A folder on disk as a FileSet (native builds and tests; the browser has JavaScript sources instead).
#pragma once

#include <filesystem>

#include "file_set.h"

namespace squeezebert {

class Folder final : public FileSet {
 public:
  explicit Folder(std::filesystem::path path) : path_(std::move(path)) {}
  bool has(std::string_view name) const override;
  Result<std::unique_ptr<ByteSource>> open(std::string_view name) override;

 private:
  std::filesystem::path path_;
};

// One file on disk. Errors: FILE_NOT_FOUND, FILE_READ.
Result<std::unique_ptr<ByteSource>> open_file(const std::filesystem::path& path);

}  // namespace squeezebert
