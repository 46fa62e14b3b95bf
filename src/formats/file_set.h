// The files of one model under their usual names ("config.json", "model.safetensors", "vocab.txt", ...).
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "byte_source.h"

namespace squeezebert {

class FileSet {
 public:
  virtual ~FileSet() = default;

  virtual bool has(std::string_view name) const = 0;

  // Errors: FILE_NOT_FOUND with the name as detail; FILE_READ.
  virtual Result<std::unique_ptr<ByteSource>> open(std::string_view name) = 0;
};

// Files held in memory, for tests and for small files.
class MemoryFiles final : public FileSet {
 public:
  void add(std::string name, std::vector<std::byte> bytes) { files_[std::move(name)] = std::move(bytes); }
  void add(std::string name, std::string_view text);
  bool has(std::string_view name) const override { return files_.find(name) != files_.end(); }
  Result<std::unique_ptr<ByteSource>> open(std::string_view name) override;

 private:
  std::map<std::string, std::vector<std::byte>, std::less<>> files_;
};

}  // namespace squeezebert
