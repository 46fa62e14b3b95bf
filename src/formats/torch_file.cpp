#include "torch_file.h"

#include <algorithm>
#include <optional>

#include "../sort.h"
#include "pickle.h"
#include "zip.h"

namespace squeezebert {
namespace {

using pickle::Kind;
using pickle::Pickle;
using pickle::Value;

constexpr uint64_t kMaxPickle = 8'000'000;   // the full-size model's has 30,000 bytes
constexpr uint64_t kMaxWindow = 4'000'000;   // elements of a strided view that are read at once
constexpr size_t kMaxRank = 8;

Error damaged(Detail detail) { return Error{ErrorCode::TORCH_FILE, detail}; }
Error bad_tensor(std::string_view name, Piece detail) {
  return Error{ErrorCode::TORCH_TENSOR, {"tensor '", name, "' ", detail}};
}

struct StorageType {
  std::string_view name;
  DType dtype;
};
constexpr StorageType kStorageTypes[] = {
    {"FloatStorage", DType::f32}, {"HalfStorage", DType::f16}, {"BFloat16Storage", DType::bf16},
    {"DoubleStorage", DType::f64}, {"LongStorage", DType::i64}, {"IntStorage", DType::i32}, {"ShortStorage", DType::i16},
    {"CharStorage", DType::i8},   {"ByteStorage", DType::u8},  {"BoolStorage", DType::boolean},
};

// A stretch of the file that tensors lie in.
struct Storage {
  std::string_view key;
  DType dtype;
  uint64_t elements;    // of the whole
  uint64_t view_first = 0, view_elements = 0;  // the part that tensors may use; the older form names parts
  uint64_t offset = 0;  // of its first byte in the file, once that is known
};

// ('storage', type, key, device, elements[, None or (key, first, elements)])
std::optional<Storage> read_storage(const Pickle& pickle, const Value& value) {
  if (value.kind != Kind::storage) return {};
  const auto& id = pickle[value.items[0]].items;
  if (id.size() < 5 || pickle[id[0]].text != "storage") return {};
  const Value &type = pickle[id[1]], &key = pickle[id[2]], &elements = pickle[id[4]];
  if (type.kind != Kind::global || key.kind != Kind::text || elements.kind != Kind::integer || elements.integer < 0) return {};
  const std::string_view name = type.text.substr(static_cast<size_t>(type.integer) + 1);
  for (const auto& known : kStorageTypes) {
    if (known.name != name) continue;
    Storage storage{key.text, known.dtype, static_cast<uint64_t>(elements.integer)};
    storage.view_elements = storage.elements;
    if (id.size() > 5 && pickle[id[5]].kind == Kind::tuple) {
      const auto& view = pickle[id[5]].items;
      if (view.size() != 3) return {};
      const Value &first = pickle[view[1]], &count = pickle[view[2]];
      if (first.kind != Kind::integer || count.kind != Kind::integer || first.integer < 0 || count.integer < 0) return {};
      storage.view_first = static_cast<uint64_t>(first.integer);
      storage.view_elements = static_cast<uint64_t>(count.integer);
      if (storage.view_first > storage.elements || storage.view_elements > storage.elements - storage.view_first) return {};
    }
    return storage;
  }
  return {};
}

// The numbers of a tuple, none negative.
bool read_sizes(const Pickle& pickle, const Value& tuple, std::vector<uint64_t>& sizes) {
  if (tuple.kind != Kind::tuple || tuple.items.size() > kMaxRank) return false;
  for (const uint32_t index : tuple.items) {
    const Value& size = pickle[index];
    if (size.kind != Kind::integer || size.integer < 0) return false;
    sizes.push_back(static_cast<uint64_t>(size.integer));
  }
  return true;
}

struct Tensor {
  TensorInfo info;
  Storage storage;
  uint64_t first;  // element of the storage
};

// (storage, first element, shape, strides, ...)
Result<Tensor> read_tensor(const Pickle& pickle, std::string_view name, const Value& value) {
  const auto& arguments = pickle[value.items[0]].items;
  const auto storage = read_storage(pickle, pickle[arguments[0]]);
  if (!storage) return bad_tensor(name, "has no storage");
  const Value& first = pickle[arguments[1]];
  Tensor tensor{{}, *storage, 0};
  if (first.kind != Kind::integer || first.integer < 0 || !read_sizes(pickle, pickle[arguments[2]], tensor.info.shape) ||
      !read_sizes(pickle, pickle[arguments[3]], tensor.info.strides) || tensor.info.strides.size() != tensor.info.shape.size()) {
    return bad_tensor(name, "has a shape, strides or a place that cannot be");
  }
  tensor.info.name = name;
  tensor.info.dtype = storage->dtype;
  tensor.first = static_cast<uint64_t>(first.integer);
  uint64_t elements = 1, last = tensor.first, dense = 1;
  bool fits = true, row_major = true;
  for (size_t i = tensor.info.shape.size(); i-- > 0;) {
    const uint64_t size = tensor.info.shape[i], stride = tensor.info.strides[i];
    fits = fits && !__builtin_mul_overflow(elements, size, &elements);
    if (size == 0) continue;
    uint64_t reach = 0;
    fits = fits && !__builtin_mul_overflow(size - 1, stride, &reach) && !__builtin_add_overflow(last, reach, &last);
    row_major = row_major && (size == 1 || stride == dense);
    dense = elements;
  }
  // Strides of zero make many elements of one: more than the file could hold in any case is a bomb.
  if (!fits || elements > (uint64_t{1} << 40)) return bad_tensor(name, "has more elements than can be counted");
  if (elements > 0 && last >= storage->view_elements) return bad_tensor(name, "reaches past its storage");
  tensor.info.elements = elements;
  tensor.first += storage->view_first;
  if (row_major || elements == 0) tensor.info.strides.clear();
  return tensor;
}

// The tensors of the state dict.
Result<std::vector<Tensor>> read_tensors(const Pickle& pickle) {
  const Value* dict = &pickle[pickle.root];
  for (size_t i = 0; dict->kind == Kind::dict && i + 1 < dict->items.size(); i += 2) {
    const Value &key = pickle[dict->items[i]], &value = pickle[dict->items[i + 1]];
    if (value.kind == Kind::dict && (key.text == "state_dict" || key.text == "model")) {
      dict = &value;
      break;
    }
  }
  std::vector<Tensor> tensors;
  if (dict->kind == Kind::dict) {
    for (size_t i = 0; i + 1 < dict->items.size(); i += 2) {
      const Value &key = pickle[dict->items[i]], &value = pickle[dict->items[i + 1]];
      if (key.kind != Kind::text || value.kind != Kind::tensor) continue;
      SQUEEZEBERT_TRY_ASSIGN(tensor, read_tensor(pickle, key.text, value));
      tensors.push_back(std::move(tensor));
    }
  }
  if (tensors.empty()) return damaged({"it has no state dict"});
  return tensors;
}

Result<std::string> read_part(ByteSource& file, uint64_t offset, uint64_t size) {
  std::string bytes(static_cast<size_t>(size), '\0');
  SQUEEZEBERT_TRY(file.read(offset, std::as_writable_bytes(std::span(bytes))));
  return bytes;
}

uint64_t bytes_in(const Storage& storage, uint64_t elements) {
  uint64_t bytes = 0;
  return __builtin_mul_overflow(elements, element_bytes(storage.dtype), &bytes) ? UINT64_MAX : bytes;
}

Result<std::vector<Tensor>> read_zip(ByteSource& file) {
  SQUEEZEBERT_TRY_ASSIGN(entries, read_zip_directory(file));
  const auto find = [&](const std::string& name) -> const ZipEntry* {
    const auto found = std::lower_bound(entries.begin(), entries.end(), name,
                                        [](const ZipEntry& e, const std::string& n) { return e.name < n; });
    return found != entries.end() && found->name == name ? &*found : nullptr;
  };
  // Everything is in one folder, whose name is free.
  const ZipEntry* description = nullptr;
  for (const auto& entry : entries) {
    const size_t slash = entry.name.find('/');
    if (slash == std::string::npos || entry.name.substr(slash) != "/data.pkl") continue;
    if (description) return damaged({"two data.pkl"});
    description = &entry;
  }
  if (!description) return damaged({"no data.pkl"});
  const std::string folder = description->name.substr(0, description->name.size() - 8);
  if (const ZipEntry* order = find(join({folder, "byteorder"}))) {
    if (order->size != 6) return damaged({"its numbers are not little-endian"});
    SQUEEZEBERT_TRY_ASSIGN(text, read_part(file, order->offset, order->size));
    if (text != "little") return damaged({"its numbers are not little-endian"});
  }
  if (description->size > kMaxPickle) return damaged({"a data.pkl of ", description->size, " bytes"});
  SQUEEZEBERT_TRY_ASSIGN(bytes, read_part(file, description->offset, description->size));
  SQUEEZEBERT_TRY_ASSIGN(pickle, pickle::read(bytes));
  SQUEEZEBERT_TRY_ASSIGN(tensors, read_tensors(pickle));
  for (auto& tensor : tensors) {
    const ZipEntry* data = find(join({folder, "data/", tensor.storage.key}));
    if (!data) return bad_tensor(tensor.info.name, "has its numbers in an entry that is not there");
    if (data->size != bytes_in(tensor.storage, tensor.storage.elements)) {
      return bad_tensor(tensor.info.name, "has its numbers in an entry of another size");
    }
    tensor.storage.offset = data->offset;
  }
  return tensors;
}

// A magic number, a version, facts about the machine, the state dict, the list of storages: each a pickle. Then the storages
// in the order of the list, each a count of elements (8 bytes) and its numbers.
Result<std::vector<Tensor>> read_old(ByteSource& file) {
  constexpr std::string_view kMagic{"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", 15};
  SQUEEZEBERT_TRY_ASSIGN(head, read_part(file, 0, std::min(file.size(), kMaxPickle)));
  if (!head.starts_with(kMagic)) return damaged({"neither a zip archive nor the older form of torch.save"});
  std::string_view rest = std::string_view(head).substr(kMagic.size());
  const auto next = [&]() -> Result<Pickle> {
    auto pickle = pickle::read(rest);
    if (pickle) rest.remove_prefix(pickle->end);
    return pickle;
  };
  SQUEEZEBERT_TRY_ASSIGN(version, next());
  if (version[version.root].integer != 1001) return damaged({"a version that is not known"});
  SQUEEZEBERT_TRY_ASSIGN(machine, next());
  const auto& facts = machine[machine.root].items;
  bool little = false;
  for (size_t i = 0; machine[machine.root].kind == Kind::dict && i + 1 < facts.size(); i += 2) {
    if (machine[facts[i]].text == "little_endian") little = machine[facts[i + 1]].integer == 1;
  }
  if (!little) return damaged({"its numbers are not little-endian"});
  SQUEEZEBERT_TRY_ASSIGN(description, next());
  SQUEEZEBERT_TRY_ASSIGN(tensors, read_tensors(description));
  SQUEEZEBERT_TRY_ASSIGN(keys, next());
  if (keys[keys.root].kind != Kind::list) return damaged({"no list of storages"});

  // Every storage of the pickle, whether a tensor uses it or not: sizes of all are needed to find the next.
  std::vector<Storage> storages;
  for (const auto& value : description.values) {
    if (const auto storage = read_storage(description, value)) storages.push_back(*storage);
  }
  heap_sort(storages.begin(), storages.end(), [](const Storage& a, const Storage& b) { return a.key < b.key; });
  const auto find = [&](std::string_view key) {
    return std::lower_bound(storages.begin(), storages.end(), key, [](const Storage& s, std::string_view k) { return s.key < k; });
  };
  uint64_t position = head.size() - rest.size();
  for (const uint32_t index : keys[keys.root].items) {
    const Value& key = keys[index];
    const auto found = find(key.text);
    if (key.kind != Kind::text || found == storages.end() || found->key != key.text) return damaged({"a storage that no tensor has"});
    if (file.size() - position < 8) return damaged({"it ends before its storages"});
    uint64_t elements = 0;
    SQUEEZEBERT_TRY(file.read(position, std::as_writable_bytes(std::span(&elements, 1))));
    position += 8;
    const uint64_t bytes = bytes_in(*found, elements);
    if (elements != found->elements || bytes > file.size() - position) return damaged({"a storage of another size"});
    if (found->offset != 0) return damaged({"a storage twice"});
    found->offset = position;
    position += bytes;
  }
  if (position != file.size()) return damaged({"bytes behind the last storage"});
  for (auto& tensor : tensors) {
    const auto found = find(tensor.storage.key);
    if (found == storages.end() || found->offset == 0 || found->elements != tensor.storage.elements ||
        found->dtype != tensor.storage.dtype) {
      return bad_tensor(tensor.info.name, "has a storage that is not there");
    }
    tensor.storage.offset = found->offset;
  }
  return tensors;
}

}  // namespace

Result<std::unique_ptr<TorchFile>> TorchFile::open(std::unique_ptr<ByteSource> file) {
  char start[2] = {};
  if (file->size() >= 2) SQUEEZEBERT_TRY(file->read(0, std::as_writable_bytes(std::span(start))));
  auto tensors = start[0] == 'P' && start[1] == 'K' ? read_zip(*file) : read_old(*file);
  if (!tensors) return std::move(tensors).error();
  auto opened = std::make_unique<TorchFile>();
  for (auto& tensor : *tensors) {
    tensor.info.offset = tensor.storage.offset + tensor.first * element_bytes(tensor.info.dtype);
    opened->tensors_.push_back(std::move(tensor.info));
  }
  if (const std::string* name = sort_by_name(opened->tensors_)) return bad_tensor(*name, "occurs twice");
  opened->file_ = std::move(file);
  return opened;
}

Result<void> TorchFile::read_f32(const TensorInfo& tensor, uint64_t first, std::span<float> target) {
  const uint64_t width = element_bytes(tensor.dtype);
  const auto& strides = tensor.strides;
  if (strides.empty()) return read_numbers(*file_, tensor, tensor.offset + first * width, target);

  const auto position = [&](uint64_t element) {
    uint64_t at = 0;
    for (size_t i = strides.size(); i-- > 0;) {
      at += element % tensor.shape[i] * strides[i];
      element /= tensor.shape[i];
    }
    return at;
  };
  uint64_t low = UINT64_MAX, high = 0;
  for (size_t i = 0; i < target.size(); ++i) {
    const uint64_t at = position(first + i);
    low = std::min(low, at);
    high = std::max(high, at);
  }
  if (target.empty()) return {};
  // One read for all where they lie close, as in a transposed matrix; else halves of them, down to a single element.
  const uint64_t window = high - low + 1;
  if (window > kMaxWindow || (window > 64 * target.size() && target.size() > 1)) {
    const size_t half = target.size() / 2;
    SQUEEZEBERT_TRY(read_f32(tensor, first, target.first(half)));
    return read_f32(tensor, first + half, target.subspan(half));
  }
  std::vector<float> numbers(static_cast<size_t>(window));
  SQUEEZEBERT_TRY(read_numbers(*file_, tensor, tensor.offset + low * width, numbers));
  for (size_t i = 0; i < target.size(); ++i) target[i] = numbers[static_cast<size_t>(position(first + i) - low)];
  return {};
}

}  // namespace squeezebert
