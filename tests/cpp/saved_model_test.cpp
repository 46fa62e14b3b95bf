// A model written out and read again is the same model, in every type, family and head.
#include "model/saved_model.h"

#include <gtest/gtest.h>

#include "checkpoint.h"
#include "formats/safetensors.h"
#include "model/weights.h"

namespace squeezebert {
namespace {

constexpr WeightType kTypes[] = {WeightType::fp32, WeightType::fp16, WeightType::q8, WeightType::q4};

std::unique_ptr<Model> load(FileSet& files, std::optional<WeightType> type = {}) {
  LoadOptions options;
  options.weights = type;
  auto model = Model::load(files, options);
  EXPECT_TRUE(model.ok()) << (model.ok() ? "" : model.error().message());
  return model ? std::move(*model) : nullptr;
}

std::string saved(const Model& model) {
  SavedModel file(model);
  std::string bytes;
  for (auto part = file.next(); !part.empty(); part = file.next())
    bytes.append(reinterpret_cast<const char*>(part.data()), part.size());
  EXPECT_EQ(bytes.size(), file.size());
  return bytes;
}

MemoryFiles files_of(const Checkpoint& checkpoint, const std::string& weights) {
  MemoryFiles files;
  files.add("config.json", checkpoint.config);
  files.add("model.safetensors", weights);
  return files;
}

std::vector<float> outputs_of(Model& model) {
  const std::vector<int32_t> ids = {2, 7, 9, 4, 5, 6, 7, 8}, lengths = {3, 5};
  OutputOptions options;
  options.hidden_states = options.last_hidden_state = options.pooler_output = true;
  const auto outputs = model.run({ids, {}, {}, lengths}, options);
  EXPECT_TRUE(outputs.ok());
  std::vector<float> all;
  if (outputs)
    for (const Output& output : *outputs) all.insert(all.end(), output.data.begin(), output.data.end());
  return all;
}

class SavedModels : public testing::TestWithParam<Architecture> {};

TEST_P(SavedModels, GiveTheSameBitsAgain) {
  const Checkpoint checkpoint = tiny_checkpoint(GetParam().family, GetParam().name);
  for (const WeightType type : kTypes) {
    SCOPED_TRACE(name_of(type));
    MemoryFiles original = checkpoint.files();
    const auto first = load(original, type);
    ASSERT_TRUE(first);
    const std::string bytes = saved(*first);
    MemoryFiles copy = files_of(checkpoint, bytes);
    // fp16 and fp32 files are files of floats: a small one is loaded as fp32, with the same numbers.
    const auto second = load(copy, type == WeightType::q8 || type == WeightType::q4 ? std::nullopt : std::optional(type));
    ASSERT_TRUE(second);
    EXPECT_EQ(second->weight_type(), type);
    EXPECT_EQ(outputs_of(*first), outputs_of(*second));
    EXPECT_EQ(saved(*second), bytes);
  }
}

TEST_P(SavedModels, OfQ8LoadAsFloatsThatQuantiseToTheSame) {
  const Checkpoint checkpoint = tiny_checkpoint(GetParam().family, GetParam().name);
  MemoryFiles original = checkpoint.files();
  const auto first = load(original, WeightType::q8);
  MemoryFiles q8 = files_of(checkpoint, saved(*first));
  const auto floats = load(q8, WeightType::fp32);
  ASSERT_TRUE(floats);
  EXPECT_EQ(floats->weight_type(), WeightType::fp32);
  MemoryFiles fp32 = files_of(checkpoint, saved(*floats));
  const auto again = load(fp32, WeightType::q8);
  ASSERT_TRUE(again);
  EXPECT_EQ(outputs_of(*first), outputs_of(*again));
}

INSTANTIATE_TEST_SUITE_P(All, SavedModels, testing::ValuesIn(architectures()),
                         [](const auto& info) { return info.param.name; });

TEST(SavedModel, FloatsOfASmallModelStayAndThoseOfALargeOneBecomeQ8) {
  Checkpoint checkpoint = tiny_checkpoint(Family::bert, "BertModel");
  MemoryFiles small = checkpoint.files();
  EXPECT_EQ(load(small)->weight_type(), WeightType::fp32);
  // A head's tensor that nobody asks for counts as well: what decides is the size of the file.
  checkpoint.tensors["cls.predictions.decoder.weight"] =
      f32_tensor({kLargeModel / 1000 + 1, 1000}, std::vector<float>(kLargeModel + 1000));
  MemoryFiles large = checkpoint.files();
  EXPECT_EQ(load(large)->weight_type(), WeightType::q8);
  EXPECT_EQ(load(large, WeightType::fp32)->weight_type(), WeightType::fp32);
}

TEST(SavedModel, IsAboutAsLargeAsItsTypePromises) {
  // Channels enough that rows outweigh their scales.
  Checkpoint checkpoint = tiny_checkpoint(Family::bert, "BertModel");
  MemoryFiles files = checkpoint.files();
  const size_t fp32 = saved(*load(files, WeightType::fp32)).size(), fp16 = saved(*load(files, WeightType::fp16)).size();
  EXPECT_LT(fp16, fp32);
  EXPECT_LT(load(files, WeightType::q8)->weight_bytes(), load(files, WeightType::fp32)->weight_bytes());
}

std::string outcome(const Checkpoint& checkpoint) {
  MemoryFiles files = checkpoint.files();
  const auto model = Model::load(files, {});
  return model ? "good" : std::string(error_name(model.error().code())) + " " + model.error().detail();
}

// A q8 or q4 file's tensors, to be spoilt one by one.
class SpoiltTensors : public testing::Test {
 protected:
  Checkpoint stored(WeightType type) {
    Checkpoint checkpoint = tiny_checkpoint(Family::bert, "BertForSequenceClassification");
    MemoryFiles files = checkpoint.files();
    const std::string bytes = saved(*load(files, type));
    files.add("model.safetensors", bytes);
    auto opened = files.open("model.safetensors");
    auto file = Safetensors::open(std::move(*opened));
    checkpoint.tensors.clear();
    for (const TensorInfo& info : (*file)->tensors()) {
      StoredTensor tensor{info.dtype == DType::f32 ? "F32" : info.dtype == DType::i8 ? "I8" : "U8", info.shape, ""};
      const size_t size = info.elements * (info.dtype == DType::f32 ? 4 : 1);
      tensor.bytes = bytes.substr(info.offset, size);
      checkpoint.tensors[info.name] = tensor;
    }
    EXPECT_EQ(outcome(checkpoint), "good");
    return checkpoint;
  }
  static constexpr const char* kName = "bert.encoder.layer.1.output.dense.weight";
  static void put(StoredTensor& tensor, size_t index, float value) { std::memcpy(tensor.bytes.data() + 4 * index, &value, 4); }
};

TEST_F(SpoiltTensors, ScaleIsMissing) {
  for (const WeightType type : {WeightType::q8, WeightType::q4}) {
    Checkpoint checkpoint = stored(type);
    checkpoint.tensors.erase(std::string(kName) + "_scale");
    EXPECT_EQ(outcome(checkpoint), "TENSOR_MISSING '" + std::string(kName) + "_scale'");
  }
}

TEST_F(SpoiltTensors, ScaleIsNoNumber) {
  for (const float value : {NAN, INFINITY, -INFINITY}) {
    Checkpoint checkpoint = stored(WeightType::q8);
    put(checkpoint.tensors[std::string(kName) + "_scale"], 3, value);
    EXPECT_EQ(outcome(checkpoint), "TENSOR_VALUE '" + std::string(kName) + "'");
  }
}

TEST_F(SpoiltTensors, ScaleHasAnotherLength) {
  Checkpoint checkpoint = stored(WeightType::q8);
  checkpoint.tensors[std::string(kName) + "_scale"] = f32_tensor({2}, {1, 1});
  EXPECT_EQ(outcome(checkpoint).substr(0, 12), "TENSOR_SHAPE");
}

TEST_F(SpoiltTensors, MultiplierIsMissingOrOutOfRange) {
  Checkpoint checkpoint = stored(WeightType::q4);
  const std::string name = std::string(kName) + "_multiplier";
  const StoredTensor good = checkpoint.tensors[name];
  for (const char value : {'\0', '\x10', '\xf0', '\x80'}) {
    checkpoint.tensors[name] = good;
    checkpoint.tensors[name].bytes[1] = value;
    EXPECT_EQ(outcome(checkpoint), "TENSOR_VALUE '" + std::string(kName) + "'");
  }
  checkpoint.tensors.erase(name);
  EXPECT_EQ(outcome(checkpoint), "TENSOR_MISSING '" + name + "'");
}

TEST_F(SpoiltTensors, CodesHaveTheShapeOfAnotherType) {
  Checkpoint checkpoint = stored(WeightType::q4);
  checkpoint.tensors[kName].dtype = "I8";
  EXPECT_EQ(outcome(checkpoint).substr(0, 12), "TENSOR_SHAPE");
}

TEST(Quantising, RefusesWeightsThatAreNotFinite) {
  for (const float value : {NAN, INFINITY}) {
    Checkpoint checkpoint = tiny_checkpoint(Family::bert, "BertModel");
    StoredTensor& tensor = checkpoint.tensors["bert.encoder.layer.0.intermediate.dense.weight"];
    if (tensor.bytes.empty()) FAIL() << "no such tensor";
    std::memcpy(tensor.bytes.data() + 8, &value, 4);
    MemoryFiles files = checkpoint.files();
    LoadOptions options;
    options.weights = WeightType::q8;
    const auto model = Model::load(files, options);
    ASSERT_FALSE(model);
    EXPECT_EQ(model.error().code(), ErrorCode::TENSOR_VALUE);
  }
}

}  // namespace
}  // namespace squeezebert
