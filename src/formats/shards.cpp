#include "shards.h"

#include <algorithm>

#include "../sort.h"
#include "json.h"

namespace squeezebert {
namespace {

constexpr size_t kMaxShards = 1000;

class Shards final : public TensorSource {
 public:
  std::span<const TensorInfo> tensors() const override { return tensors_; }
  Result<void> read_f32(const TensorInfo& tensor, uint64_t first, std::span<float> target) override {
    const Place& place = places_[index(tensor)];
    return place.shard->read_f32(*place.tensor, first, target);
  }
  Result<void> read_bytes(const TensorInfo& tensor, uint64_t first, std::span<std::byte> target) override {
    const Place& place = places_[index(tensor)];
    return place.shard->read_bytes(*place.tensor, first, target);
  }

  struct Place {
    TensorSource* shard;
    const TensorInfo* tensor;  // as the shard knows it
  };
  std::vector<std::unique_ptr<TensorSource>> shards_;
  std::vector<TensorInfo> tensors_;
  std::vector<Place> places_;  // of each tensor

 private:
  size_t index(const TensorInfo& tensor) const { return static_cast<size_t>(&tensor - tensors_.data()); }
};

Error invalid(Detail detail) { return Error{ErrorCode::SHARDS_INVALID, detail}; }

// A name beside the index, of the same kind.
bool good_name(std::string_view name, std::string_view ending) {
  return name.size() > ending.size() && name.ends_with(ending) && name[0] != '.' && name.find_first_of("/\\") == name.npos;
}

}  // namespace

Result<std::unique_ptr<TensorSource>> open_shards(FileSet& files, std::string_view index) {
  SQUEEZEBERT_TRY_ASSIGN(file, files.open(index));
  SQUEEZEBERT_TRY_ASSIGN(text, read_text(*file, 16'000'000));
  SQUEEZEBERT_TRY_ASSIGN(root, json::parse(text));
  const json::Value* map = root.find("weight_map");
  if (!map || !map->is_object() || map->members().empty()) return invalid({"no weight_map"});
  const std::string_view ending = index.find(".bin.") != index.npos ? ".bin" : ".safetensors";

  // The index as pairs of file and tensor: equal files stand together, and a tensor named twice beside itself or not.
  struct Entry {
    std::string_view file, tensor;
  };
  std::vector<Entry> entries;
  for (const auto& member : map->members()) {
    const std::string_view name = member.value.string().value_or("");
    if (!good_name(name, ending)) return invalid({"'", member.name, "' is in '", name, "'"});
    entries.push_back({name, member.name});
  }
  heap_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.file < b.file; });

  auto opened = std::make_unique<Shards>();
  std::vector<Shards::Place> places;
  for (size_t i = 0; i < entries.size(); ++i) {
    if (i == 0 || entries[i].file != entries[i - 1].file) {
      if (opened->shards_.size() == kMaxShards) return invalid({"more than 1000 files"});
      SQUEEZEBERT_TRY_ASSIGN(shard, open_container(files, entries[i].file));
      opened->shards_.push_back(std::move(shard));
    }
    TensorSource* shard = opened->shards_.back().get();
    const TensorInfo* tensor = shard->find(entries[i].tensor);
    if (!tensor) return invalid({"'", entries[i].tensor, "' is not in '", entries[i].file, "'"});
    places.push_back({shard, tensor});
  }
  heap_sort(places.begin(), places.end(),
            [](const Shards::Place& a, const Shards::Place& b) { return a.tensor->name < b.tensor->name; });
  for (const auto& place : places) {
    if (!opened->tensors_.empty() && opened->tensors_.back().name == place.tensor->name) {
      return invalid({"'", place.tensor->name, "' occurs twice"});
    }
    opened->tensors_.push_back(*place.tensor);
  }
  opened->places_ = std::move(places);
  return std::unique_ptr<TensorSource>(std::move(opened));
}

}  // namespace squeezebert
