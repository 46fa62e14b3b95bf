// Files as torch.save writes them, and files that it never would: pickles put together operation by operation, zip archives
// whose every number can be wrong.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace squeezebert::torch_builder {

inline std::string number(uint64_t value, int width) {
  std::string bytes;
  for (int i = 0; i < width; ++i) bytes += static_cast<char>(value >> (8 * i) & 0xff);
  return bytes;
}

// Parts of a pickle of protocol 2.
inline std::string integer(int64_t value) { return "\x8a\x08" + number(static_cast<uint64_t>(value), 8); }
inline std::string text(std::string_view value) { return "X" + number(value.size(), 4) + std::string(value); }
inline std::string global(std::string_view module, std::string_view name) {
  return "c" + std::string(module) + "\n" + std::string(name) + "\n";
}
inline std::string tuple(const std::vector<std::string>& items) {
  std::string all = "(";
  for (const auto& item : items) all += item;
  return all + "t";
}
inline std::string tuple_of(const std::vector<int64_t>& numbers) {
  std::vector<std::string> items;
  for (const int64_t n : numbers) items.push_back(integer(n));
  return tuple(items);
}
inline std::string call(const std::string& function, const std::string& arguments) { return function + arguments + "R"; }
inline std::string ordered_dict() { return call(global("collections", "OrderedDict"), ")"); }
inline std::string pickled(const std::string& body) { return "\x80\x02" + body + "."; }

inline std::string storage(std::string_view key, int64_t elements, std::string_view type = "FloatStorage",
                           const std::string& view = "") {
  std::vector<std::string> items = {text("storage"), global("torch", type), text(key), text("cpu"), integer(elements)};
  if (!view.empty()) items.push_back(view);
  return tuple(items) + "Q";
}
inline std::string tensor(const std::string& storage, int64_t first, const std::vector<int64_t>& shape,
                          const std::vector<int64_t>& strides) {
  return call(global("torch._utils", "_rebuild_tensor_v2"),
              tuple({storage, integer(first), tuple_of(shape), tuple_of(strides), "\x89", ordered_dict()}));
}
inline std::string parameter(const std::string& tensor) {
  return call(global("torch._utils", "_rebuild_parameter"), tuple({tensor, "\x88", ordered_dict()}));
}
struct Item {
  std::string name, value;
};
// An OrderedDict of these.
inline std::string state_dict(const std::vector<Item>& items) {
  std::string all = ordered_dict() + "(";
  for (const auto& item : items) all += text(item.name) + item.value;
  return all + "u";
}

struct Entry {
  std::string name, bytes;
  // What the directory says where that is not true.
  uint64_t method = 0, flags = 0;
  int64_t stored_more = 0, size_more = 0, offset_more = 0;
  std::string local_name = {};    // empty: the same
  std::string extra = {};         // of the directory
};

struct Zip {
  std::vector<Entry> entries;
  uint64_t count_more = 0;         // entries that the end claims too many
  uint64_t directory_more = 0;     // bytes by which the directory's place is given too large
  bool zip64 = false;              // with a zip64 end, the narrow numbers all ones
  std::string comment = {};

  std::string bytes() const {
    std::string file, directory;
    for (const Entry& entry : entries) {
      const uint64_t offset = file.size();
      const std::string& local = entry.local_name.empty() ? entry.name : entry.local_name;
      const std::string sizes = number(entry.bytes.size(), 4) + number(entry.bytes.size(), 4);
      file += "PK\3\4" + number(20, 2) + number(entry.flags, 2) + number(entry.method, 2) + number(0, 8) + sizes +
              number(local.size(), 2) + number(0, 2) + local + entry.bytes;
      directory += "PK\1\2" + number(20, 2) + number(20, 2) + number(entry.flags, 2) + number(entry.method, 2) + number(0, 8) +
                   number(entry.bytes.size() + static_cast<uint64_t>(entry.stored_more), 4) +
                   number(entry.bytes.size() + static_cast<uint64_t>(entry.size_more), 4) + number(entry.name.size(), 2) +
                   number(entry.extra.size(), 2) + number(0, 2) + number(0, 2) + number(0, 2) + number(0, 4) +
                   number(offset + static_cast<uint64_t>(entry.offset_more), 4) + entry.name + entry.extra;
    }
    const uint64_t place = file.size() + directory_more, count = entries.size() + count_more;
    const uint64_t size = directory.size();
    file += directory;
    if (zip64) {
      const uint64_t record = file.size();
      file += "PK\6\6" + number(44, 8) + number(45, 2) + number(45, 2) + number(0, 8) + number(count, 8) + number(count, 8) +
              number(size, 8) + number(place, 8);
      file += "PK\6\7" + number(0, 4) + number(record, 8) + number(1, 4);
    }
    const uint64_t ones = zip64 ? ~uint64_t{0} : 0;
    file += "PK\5\6" + number(0, 4) + number(count | ones, 2) + number(count | ones, 2) + number(size | ones, 4) +
            number(place | ones, 4) + number(comment.size(), 2) + comment;
    return file;
  }
};

// The archive of torch.save: the pickle, and storages "0", "1", ...
inline Zip archive(const std::string& description, const std::vector<std::string>& storages) {
  Zip zip;
  zip.entries.push_back({"model/data.pkl", description});
  for (size_t i = 0; i < storages.size(); ++i) zip.entries.push_back({"model/data/" + std::to_string(i), storages[i]});
  zip.entries.push_back({"model/version", "3\n"});
  return zip;
}

// The form before torch 1.6 around a whole pickle. Storages are named "0", "1", ... and `elements` says how many each has.
inline std::string old_file_of(const std::string& pickle, const std::vector<std::string>& storages,
                               const std::vector<uint64_t>& elements) {
  std::string file("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", 15);
  file += pickled(integer(1001));
  file += pickled("}(" + text("protocol_version") + integer(1001) + text("little_endian") + "\x88" + "u");
  file += pickle;
  std::string keys = "](";
  for (size_t i = 0; i < storages.size(); ++i) keys += text(std::to_string(i));
  file += pickled(keys + "e");
  for (size_t i = 0; i < storages.size(); ++i) file += number(elements[i], 8) + storages[i];
  return file;
}
inline std::string old_file(const std::string& state, const std::vector<std::string>& storages,
                            const std::vector<uint64_t>& elements) {
  return old_file_of(pickled(state), storages, elements);
}

}  // namespace squeezebert::torch_builder
