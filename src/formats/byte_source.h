// Where bytes come from: a file natively and in Node, a Blob in the worker, a buffer anywhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "../error.h"

namespace squeezebert {

// Random access to a sequence of bytes of known length. Implementations never throw.
class ByteSource {
 public:
  virtual ~ByteSource() = default;

  virtual uint64_t size() const = 0;  // bytes

  // Fills `target` with the bytes from `offset` on.
  // Errors: FILE_TRUNCATED where offset + target.size() > size(); FILE_READ where the medium fails.
  virtual Result<void> read(uint64_t offset, std::span<std::byte> target) = 0;
};

// Bytes in memory, owned.
class BufferSource final : public ByteSource {
 public:
  explicit BufferSource(std::vector<std::byte> bytes) : bytes_(std::move(bytes)) {}
  explicit BufferSource(std::string_view text);
  uint64_t size() const override { return bytes_.size(); }
  Result<void> read(uint64_t offset, std::span<std::byte> target) override;

 private:
  std::vector<std::byte> bytes_;
};

// The whole of a small file as text. Errors: those of read(); FILE_READ where it has more than `limit` bytes.
Result<std::string> read_text(ByteSource& source, uint64_t limit = 100'000'000);

}  // namespace squeezebert
