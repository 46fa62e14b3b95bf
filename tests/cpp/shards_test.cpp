// Weights in several files: what open_weights() picks, and indexes that do not fit their files.
#include "formats/shards.h"

#include <gtest/gtest.h>

#include "checkpoint.h"
#include "torch_builder.h"

namespace squeezebert {
namespace {

const std::string kIndex = "model.safetensors.index.json";
const std::string kFirst = "model-00001-of-00002.safetensors", kSecond = "model-00002-of-00002.safetensors";

MemoryFiles two_shards(std::string_view index) {
  MemoryFiles files;
  files.add(kFirst, safetensors_file({{"a", f32_tensor({2}, {1, 2})}, {"c", f32_tensor({1}, {5})}}));
  files.add(kSecond, safetensors_file({{"b", f32_tensor({2}, {3, 4})}}));
  files.add(kIndex, index);
  return files;
}

std::string map(const std::string& entries) { return "{\"metadata\":{\"total_size\":20},\"weight_map\":{" + entries + "}}"; }
std::string in(const std::string& tensor, const std::string& file) { return "\"" + tensor + "\":\"" + file + "\""; }

TEST(Shards, TensorsOfAllFilesInOrder) {
  auto files = two_shards(map(in("c", kFirst) + "," + in("b", kSecond) + "," + in("a", kFirst)));
  const auto opened = open_weights(files);
  ASSERT_TRUE(opened.ok()) << opened.error().message();
  TensorSource& source = **opened;
  ASSERT_EQ(source.tensors().size(), 3u);
  std::string names;
  std::vector<float> values;
  for (const auto& tensor : source.tensors()) {
    names += tensor.name;
    std::vector<float> part(tensor.elements);
    ASSERT_TRUE(source.read_f32(tensor, 0, part).ok());
    values.insert(values.end(), part.begin(), part.end());
  }
  EXPECT_EQ(names, "abc");
  EXPECT_EQ(values, (std::vector<float>{1, 2, 3, 4, 5}));
}

TEST(Shards, OfTorchFiles) {
  using namespace torch_builder;
  MemoryFiles files;
  const std::string bytes = number(0x3f800000, 4);
  files.add("pytorch_model-00001-of-00001.bin",
            archive(pickled(state_dict({{"a", tensor(storage("0", 1), 0, {1}, {1})}})), {bytes}).bytes());
  files.add("pytorch_model.bin.index.json", map(in("a", "pytorch_model-00001-of-00001.bin")));
  const auto opened = open_weights(files);
  ASSERT_TRUE(opened.ok()) << opened.error().message();
  float value = 0;
  ASSERT_TRUE((*opened)->read_f32((*opened)->tensors()[0], 0, {&value, 1}).ok());
  EXPECT_EQ(value, 1);
}

TEST(Shards, SafetensorsComeFirst) {
  auto files = two_shards("no JSON");
  files.add("model.safetensors", safetensors_file({{"x", f32_tensor({1}, {1})}}));
  files.add("pytorch_model.bin", "no torch file");
  const auto opened = open_weights(files);
  ASSERT_TRUE(opened.ok()) << opened.error().message();
  EXPECT_EQ((*opened)->tensors()[0].name, "x");
}

TEST(Shards, NothingThere) {
  MemoryFiles files;
  const auto opened = open_weights(files);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(error_name(opened.error().code()), "FILE_NOT_FOUND");
}

struct Attack {
  std::string name, index, error;
};
void PrintTo(const Attack& attack, std::ostream* out) { *out << attack.name; }
class ShardAttacks : public testing::TestWithParam<Attack> {};

TEST_P(ShardAttacks, EndWithTheirError) {
  auto files = two_shards(GetParam().index);
  const auto opened = open_weights(files);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(error_name(opened.error().code()), GetParam().error) << opened.error().message();
}

INSTANTIATE_TEST_SUITE_P(
    Index, ShardAttacks,
    testing::Values(Attack{"NoJson", "<html>", "JSON_SYNTAX"}, Attack{"AnArray", "[]", "SHARDS_INVALID"},
                    Attack{"WithoutMap", "{}", "SHARDS_INVALID"}, Attack{"EmptyMap", map(""), "SHARDS_INVALID"},
                    Attack{"MapIsAnArray", "{\"weight_map\":[]}", "SHARDS_INVALID"},
                    Attack{"FileIsANumber", map("\"a\":1"), "SHARDS_INVALID"},
                    Attack{"FileUpwards", map(in("a", "../" + kFirst)), "SHARDS_INVALID"},
                    Attack{"FileOfAnotherKind", map(in("a", "config.json")), "SHARDS_INVALID"},
                    Attack{"IndexAsFile", map(in("a", kIndex)), "SHARDS_INVALID"},
                    Attack{"FileThatIsMissing", map(in("a", "model-00003-of-00002.safetensors")), "FILE_NOT_FOUND"},
                    Attack{"TensorInAnotherFile", map(in("a", kSecond)), "SHARDS_INVALID"},
                    Attack{"TensorTwice", map(in("a", kFirst) + "," + in("a", kFirst)), "SHARDS_INVALID"},
                    Attack{"DeepIndex", "{\"weight_map\":" + std::string(100, '[') + std::string(100, ']') + "}", "JSON_TOO_DEEP"}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace squeezebert
