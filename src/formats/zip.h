// The directory of a zip archive as torch.save writes it: entries stored, not compressed; zip64 or not; no comment.
// Every number is checked against the file, against the entry's own header and against the other entries.
#pragma once

#include "byte_source.h"

namespace squeezebert {

struct ZipEntry {
  std::string name;
  uint64_t offset = 0;  // of its first byte in the file
  uint64_t size = 0;    // bytes
};

// Sorted by name. At most 16 MB of directory are read. Errors: ZIP_INVALID saying what; those of the source.
Result<std::vector<ZipEntry>> read_zip_directory(ByteSource& file);

}  // namespace squeezebert
