#include "zip.h"

#include <algorithm>

#include "../sort.h"

namespace squeezebert {
namespace {

// Numbers of the format: signatures, and the bytes of its records without their names.
constexpr uint32_t kLocalSignature = 0x04034b50, kDirectorySignature = 0x02014b50, kEndSignature = 0x06054b50;
constexpr uint32_t kEnd64Signature = 0x06064b50, kLocator64Signature = 0x07064b50;
constexpr uint64_t kLocalSize = 30, kDirectorySize = 46, kEndSize = 22, kEnd64Size = 56, kLocator64Size = 20;
constexpr uint64_t kMaxDirectory = 16'000'000;

Error invalid(Detail detail) { return Error{ErrorCode::ZIP_INVALID, detail}; }

// A little-endian number. Precondition: it lies inside `bytes`.
uint64_t number(std::string_view bytes, size_t at, int width) {
  uint64_t value = 0;
  for (int i = width - 1; i >= 0; --i) value = value << 8 | static_cast<uint8_t>(bytes[at + static_cast<size_t>(i)]);
  return value;
}

Result<std::string> read(ByteSource& file, uint64_t offset, uint64_t size) {
  std::string bytes(static_cast<size_t>(size), '\0');
  SQUEEZEBERT_TRY(file.read(offset, std::as_writable_bytes(std::span(bytes))));
  return bytes;
}

struct Directory {
  uint64_t offset, size, entries;
};

// The directory must end where the record that describes it begins: no room for a second one.
Result<Directory> find_directory(ByteSource& file) {
  const uint64_t size = file.size();
  if (size < kEndSize) return invalid({"no directory"});
  SQUEEZEBERT_TRY_ASSIGN(end, read(file, size - kEndSize, kEndSize));
  if (number(end, 0, 4) != kEndSignature || number(end, 20, 2) != 0) return invalid({"no directory at the end of the file"});
  uint64_t position = size - kEndSize;
  if (number(end, 4, 4) != 0) return invalid({"more than one volume"});
  Directory directory{number(end, 16, 4), number(end, 12, 4), number(end, 10, 2)};
  if (position >= kLocator64Size + kEnd64Size) {
    SQUEEZEBERT_TRY_ASSIGN(locator, read(file, position - kLocator64Size, kLocator64Size));
    if (number(locator, 0, 4) == kLocator64Signature) {
      position -= kLocator64Size + kEnd64Size;
      if (number(locator, 8, 8) != position) return invalid({"the zip64 record is not where the locator says"});
      SQUEEZEBERT_TRY_ASSIGN(end64, read(file, position, kEnd64Size));
      if (number(end64, 0, 4) != kEnd64Signature) return invalid({"no zip64 record"});
      const Directory wide{number(end64, 48, 8), number(end64, 40, 8), number(end64, 32, 8)};
      // The narrow numbers are either all ones or the same: two readers must see one directory.
      const auto agree = [](uint64_t narrow, uint64_t ones, uint64_t full) { return narrow == ones || narrow == full; };
      if (!agree(directory.offset, 0xffffffff, wide.offset) || !agree(directory.size, 0xffffffff, wide.size) ||
          !agree(directory.entries, 0xffff, wide.entries)) {
        return invalid({"two directories"});
      }
      directory = wide;
    }
  }
  if (directory.size > position || directory.offset != position - directory.size) {
    return invalid({"the directory does not end where the file says"});
  }
  if (directory.size > kMaxDirectory) return invalid({"a directory of ", directory.size, " bytes"});
  return directory;
}

// Whether a name stays inside the archive's folder.
bool plain(std::string_view name) {
  if (name.empty() || name[0] == '/') return false;
  for (const char c : name)
    if (c == '\\' || c == ':' || static_cast<uint8_t>(c) < 32) return false;
  return !name.starts_with("../") && !name.ends_with("/..") && name.find("/../") == name.npos && name != "..";
}

}  // namespace

Result<std::vector<ZipEntry>> read_zip_directory(ByteSource& file) {
  SQUEEZEBERT_TRY_ASSIGN(directory, find_directory(file));
  SQUEEZEBERT_TRY_ASSIGN(bytes, read(file, directory.offset, directory.size));
  std::vector<ZipEntry> entries;
  for (size_t at = 0; at < bytes.size();) {
    if (bytes.size() - at < kDirectorySize || number(bytes, at, 4) != kDirectorySignature) {
      return invalid({"the directory is damaged"});
    }
    const auto field = [&](size_t offset, int width) { return number(bytes, at + offset, width); };
    const size_t name_size = field(28, 2), extra_size = field(30, 2), comment_size = field(32, 2);
    if (bytes.size() - at - kDirectorySize < name_size + extra_size + comment_size) return invalid({"the directory is damaged"});
    ZipEntry entry;
    entry.name = bytes.substr(at + kDirectorySize, name_size);
    const std::string quoted = join({"'", entry.name, "' "});
    if (!plain(entry.name)) return invalid({quoted, "is not a plain name"});
    if (field(10, 2) != 0) return invalid({quoted, "is compressed"});
    if (field(8, 2) & 0x41) return invalid({quoted, "is encrypted"});
    uint64_t stored = field(20, 4);
    entry.size = field(24, 4);
    entry.offset = field(42, 4);
    // Numbers that 32 bits do not hold stand in the extra field 1, in this order.
    for (size_t extra = at + kDirectorySize + name_size, end = extra + extra_size; end - extra >= 4;) {
      const uint64_t id = number(bytes, extra, 2), length = number(bytes, extra + 2, 2);
      extra += 4;
      if (length > end - extra) return invalid({quoted, "has a damaged extra field"});
      size_t next = extra;
      for (uint64_t* value : {&entry.size, &stored, &entry.offset}) {
        if (id != 1 || *value != 0xffffffff) continue;
        if (extra + length - next < 8) return invalid({quoted, "has a damaged extra field"});
        *value = number(bytes, next, 8);
        next += 8;
      }
      extra += length;
    }
    if (stored != entry.size) return invalid({quoted, "has two sizes"});

    // Where the entry's own header ends, its bytes begin.
    const uint64_t most = directory.offset;
    if (entry.offset > most || most - entry.offset < kLocalSize + name_size) return invalid({quoted, "begins past the end"});
    SQUEEZEBERT_TRY_ASSIGN(local, read(file, entry.offset, kLocalSize + name_size));
    if (number(local, 0, 4) != kLocalSignature || number(local, 26, 2) != name_size || number(local, 8, 2) != 0 ||
        std::string_view(local).substr(kLocalSize) != entry.name) {
      return invalid({quoted, "has another header than the directory says"});
    }
    const uint64_t begin = entry.offset + kLocalSize + name_size + number(local, 28, 2);
    if (begin > most || entry.size > most - begin) return invalid({quoted, "ends past the end"});
    entry.offset = begin;
    entries.push_back(std::move(entry));
    at += kDirectorySize + name_size + extra_size + comment_size;
  }
  if (entries.size() != directory.entries) return invalid({"the directory has another number of entries than it says"});

  // From its header on, each lies behind the one before: bytes that are named twice would make a small file a large one.
  heap_sort(entries.begin(), entries.end(), [](const ZipEntry& a, const ZipEntry& b) { return a.offset < b.offset; });
  for (size_t i = 1; i < entries.size(); ++i) {
    const ZipEntry& before = entries[i - 1];
    if (entries[i].offset - before.offset < before.size + kLocalSize + entries[i].name.size()) {
      return invalid({"'", before.name, "' and '", entries[i].name, "' overlap"});
    }
  }
  heap_sort(entries.begin(), entries.end(), [](const ZipEntry& a, const ZipEntry& b) { return a.name < b.name; });
  for (size_t i = 1; i < entries.size(); ++i) {
    if (entries[i].name == entries[i - 1].name) return invalid({"'", entries[i].name, "' occurs twice"});
  }
  return entries;
}

}  // namespace squeezebert
