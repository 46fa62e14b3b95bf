// Bytes from strangers: JSON, config.json, safetensors, torch files, the index of shards.
#include <algorithm>
#include <bit>
#include <memory>

#include "formats/json.h"
#include "formats/safetensors.h"
#include "formats/shards.h"
#include "formats/torch_file.h"
#include "model/config.h"
#include "targets.h"
#include "tests/cpp/torch_builder.h"

namespace squeezebert::fuzz {
namespace {

int depth(const json::Value& value) {
  int deepest = 0;
  for (const json::Value& item : value.items()) deepest = std::max(deepest, depth(item));
  for (const json::Member& member : value.members()) deepest = std::max(deepest, depth(member.value));
  return deepest + (value.is_array() || value.is_object() ? 1 : 0);
}

uint64_t bytes_of(DType dtype) {
  switch (dtype) {
    case DType::boolean: case DType::u8: case DType::i8: case DType::f8_e5m2: case DType::f8_e4m3: return 1;
    case DType::i16: case DType::u16: case DType::f16: case DType::bf16: return 2;
    case DType::i32: case DType::u32: case DType::f32: return 4;
    case DType::f64: case DType::i64: case DType::u64: return 8;
  }
  return 0;
}

}  // namespace

void json(std::string_view input) {
  const auto value = json::parse(input, 8);
  if (value) FUZZ_CHECK(depth(*value) <= 8);
}

void config(std::string_view input) {
  const auto parsed = parse_config(input);
  if (!parsed) return;
  const ModelConfig& c = *parsed;
  FUZZ_CHECK(c.vocab_size > 0 && c.hidden_size > 0 && c.layers > 0 && c.heads > 0 && c.intermediate_size > 0);
  FUZZ_CHECK(c.max_positions > 0 && c.type_vocab_size >= 0 && c.labels > 0);
  FUZZ_CHECK(c.hidden_size % c.heads == 0);
  for (const int32_t groups : {c.groups.query, c.groups.key, c.groups.value, c.groups.post_attention})
    FUZZ_CHECK(groups > 0 && c.hidden_size % groups == 0);
  for (const int32_t groups : {c.groups.intermediate, c.groups.output})
    FUZZ_CHECK(groups > 0 && c.hidden_size % groups == 0 && c.intermediate_size % groups == 0);
  FUZZ_CHECK(c.id2label.size() == static_cast<size_t>(c.labels));
  FUZZ_CHECK(c.layer_norm_eps > 0 && c.embedding_norm_eps > 0);
}

void safetensors(std::string_view input) {
  const auto file = Safetensors::open(std::make_unique<BufferSource>(input));
  if (!file) return;
  // The specification: eight bytes of length, the header, and the tensors without hole or overlap to the last byte.
  FUZZ_CHECK(input.size() >= 8);
  uint64_t header = 0;
  for (int byte = 7; byte >= 0; --byte) header = header << 8 | static_cast<uint8_t>(input[static_cast<size_t>(byte)]);
  FUZZ_CHECK(header <= 100'000'000 && header <= input.size() - 8);
  std::vector<const TensorInfo*> tensors;
  for (const TensorInfo& tensor : (*file)->tensors()) tensors.push_back(&tensor);
  for (size_t i = 1; i < tensors.size(); ++i) FUZZ_CHECK(tensors[i - 1]->name < tensors[i]->name);
  std::stable_sort(tensors.begin(), tensors.end(), [](const TensorInfo* a, const TensorInfo* b) {
    return a->offset != b->offset ? a->offset < b->offset : a->elements < b->elements;
  });
  uint64_t end = 8 + header;
  for (const TensorInfo* tensor : tensors) {
    FUZZ_CHECK(!tensor->name.empty());
    FUZZ_CHECK(tensor->offset == end);
    uint64_t elements = 1;
    for (const uint64_t size : tensor->shape) elements *= size;
    FUZZ_CHECK(elements == tensor->elements);
    end += tensor->elements * bytes_of(tensor->dtype);
    if (tensor->elements == 0) continue;
    float first = 0;
    std::byte byte{};
    (void)(*file)->read_f32(*tensor, tensor->elements - 1, {&first, 1});
    (void)(*file)->read_bytes(*tensor, tensor->elements - 1, {&byte, 1});
  }
  FUZZ_CHECK(end == input.size());
}

namespace {

// Every tensor of an accepted torch file lies inside it, and can be read from its first number to its last.
void check_torch(std::string_view input) {
  const auto file = TorchFile::open(std::make_unique<BufferSource>(input));
  if (!file) return;
  const auto tensors = (*file)->tensors();
  FUZZ_CHECK(!tensors.empty());
  for (size_t i = 0; i < tensors.size(); ++i) {
    const TensorInfo& tensor = tensors[i];
    FUZZ_CHECK(i == 0 || tensors[i - 1].name < tensor.name);
    uint64_t elements = 1;
    for (const uint64_t size : tensor.shape) FUZZ_CHECK(!__builtin_mul_overflow(elements, size, &elements));
    FUZZ_CHECK(elements == tensor.elements);
    if (elements == 0) continue;
    const bool floats = tensor.dtype == DType::f32 || tensor.dtype == DType::f16 || tensor.dtype == DType::bf16 ||
                        tensor.dtype == DType::f64;
    float numbers[100];
    const size_t count = static_cast<size_t>(std::min<uint64_t>(elements, 100));
    for (const uint64_t first : {uint64_t{0}, (elements - count) / 2, elements - count}) {
      const auto read = (*file)->read_f32(tensor, first, std::span(numbers).first(count));
      FUZZ_CHECK(read.ok() == floats);
    }
    uint64_t last = tensor.offset;
    for (size_t d = 0; d < tensor.strides.size(); ++d) last += (tensor.shape[d] - 1) * tensor.strides[d] * bytes_of(tensor.dtype);
    if (tensor.strides.empty()) last += (elements - 1) * bytes_of(tensor.dtype);
    FUZZ_CHECK(last + bytes_of(tensor.dtype) <= input.size());
  }
}

}  // namespace

void torch(std::string_view input) {
  check_torch(input);
  // A pickle alone is tried as the description in both containers, with storages that are good: else a fuzzer would have to
  // get a whole archive right before it reached the pickle.
  if (!input.starts_with("\x80")) return;
  const std::string description(input), storage(48, '\x3f');
  check_torch(torch_builder::archive(description, {storage, storage.substr(0, 24)}).bytes());
  check_torch(torch_builder::old_file_of(description, {storage}, {12}));
}

void shards(std::string_view input) {
  // `a` in the first file, `b` and `c` in the second.
  const auto file = [](std::string_view header, size_t bytes) {
    return torch_builder::number(header.size(), 8) + std::string(header) + std::string(bytes, '\0');
  };
  MemoryFiles files;
  files.add("model-1.safetensors", file(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 4));
  files.add("model-2.safetensors", file(R"({"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
                                        R"("c":{"dtype":"F16","shape":[],"data_offsets":[8,10]}})", 10));
  files.add("model.safetensors.index.json", std::string(input));
  const auto opened = open_shards(files, "model.safetensors.index.json");
  if (!opened) return;
  const auto tensors = (*opened)->tensors();
  FUZZ_CHECK(!tensors.empty() && tensors.size() <= 3);
  for (size_t i = 0; i < tensors.size(); ++i) {
    FUZZ_CHECK(i == 0 || tensors[i - 1].name < tensors[i].name);
    float number = 1;
    FUZZ_CHECK((*opened)->read_f32(tensors[i], tensors[i].elements - 1, {&number, 1}).ok());
    FUZZ_CHECK(number == 0);
  }
}

}  // namespace squeezebert::fuzz
