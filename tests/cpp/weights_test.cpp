// Checkpoints that do not fit their configuration, of every family and head: each error names the tensor.
#include "model/weights.h"

#include <gtest/gtest.h>

#include "checkpoint.h"
#include "model/model.h"
#include "model/saved_model.h"

namespace squeezebert {
namespace {

using enum ErrorCode;

std::unique_ptr<Model> load(const Checkpoint& checkpoint, const LoadOptions& options = {}) {
  MemoryFiles files = checkpoint.files();
  auto model = Model::load(files, options);
  EXPECT_TRUE(model.ok()) << (model.ok() ? "" : model.error().message());
  return model ? std::move(*model) : nullptr;
}

// "TENSOR_SHAPE ..." with the detail, or "good".
std::string outcome(const Checkpoint& checkpoint, const LoadOptions& options = {}) {
  MemoryFiles files = checkpoint.files();
  const auto model = Model::load(files, options);
  return model ? "good" : std::string(error_name(model.error().code())) + " " + model.error().detail();
}

testing::AssertionResult fails(const Checkpoint& checkpoint, ErrorCode code, const std::string& name) {
  const std::string got = outcome(checkpoint);
  if (got.starts_with(error_name(code)) && got.find("'" + name + "'") != std::string::npos)
    return testing::AssertionSuccess();
  return testing::AssertionFailure() << got << ", expected " << error_name(code) << " '" << name << "'";
}

// All outputs of a run of two sequences, one after the other.
std::vector<float> outputs_of(Model& model) {
  const std::vector<int32_t> ids = {2, 7, 9, 4, 5, 6, 7, 8}, lengths = {3, 5};
  OutputOptions options;
  options.hidden_states = options.last_hidden_state = options.pooler_output = true;
  const auto outputs = model.run({ids, {}, {}, lengths}, options);
  EXPECT_TRUE(outputs.ok()) << (outputs.ok() ? "" : outputs.error().message());
  std::vector<float> all;
  if (outputs) {
    for (const Output& output : *outputs) all.insert(all.end(), output.data.begin(), output.data.end());
  }
  return all;
}

class EveryArchitecture : public testing::TestWithParam<Architecture> {
 protected:
  const Checkpoint good_ = tiny_checkpoint(GetParam().family, GetParam().name);
  // The bare encoder's pooler may be absent altogether.
  static bool optional(const std::string& name) {
    return GetParam().name.ends_with("Model") && name.ends_with("pooler.dense.weight");
  }
};

TEST_P(EveryArchitecture, Loads) {
  auto model = load(good_);
  ASSERT_TRUE(model);
  uint64_t stored = 0;
  for (const auto& [name, tensor] : good_.tensors) stored += tensor.bytes.size();
  EXPECT_GE(model->weight_bytes(), stored);
  EXPECT_FALSE(outputs_of(*model).empty());
}

TEST_P(EveryArchitecture, NamesEachMissingTensor) {
  for (const auto& [name, tensor] : good_.tensors) {
    Checkpoint bad = good_;
    bad.tensors.erase(name);
    if (optional(name))
      EXPECT_EQ(outcome(bad), "good");
    else
      EXPECT_TRUE(fails(bad, TENSOR_MISSING, name));
  }
}

TEST_P(EveryArchitecture, NamesEachTensorOfAnotherShape) {
  for (const auto& [name, tensor] : good_.tensors) {
    Checkpoint longer = good_, deeper = good_, flat = good_;
    StoredTensor& more = longer.tensors[name];
    more.bytes.append(more.bytes.size() / more.shape[0], '\0');
    ++more.shape[0];
    EXPECT_TRUE(fails(longer, TENSOR_SHAPE, name));
    deeper.tensors[name].shape.insert(deeper.tensors[name].shape.begin(), 1);
    EXPECT_TRUE(fails(deeper, TENSOR_SHAPE, name));
    // As many numbers in a single dimension: for vectors that is their shape.
    uint64_t elements = 1;
    for (const uint64_t n : tensor.shape) elements *= n;
    flat.tensors[name].shape = {elements};
    if (tensor.shape.size() > 1)
      EXPECT_TRUE(fails(flat, TENSOR_SHAPE, name));
    else
      EXPECT_EQ(outcome(flat), "good");
  }
}

TEST_P(EveryArchitecture, NamesEachTensorThatHoldsNoFloats) {
  for (const auto& [name, tensor] : good_.tensors) {
    Checkpoint bad = good_;
    bad.tensors[name].dtype = "I32";
    EXPECT_TRUE(fails(bad, TENSOR_DTYPE, name));
  }
}

TEST_P(EveryArchitecture, NamesEachTensorTooMany) {
  for (const auto& [name, tensor] : good_.tensors) {
    // The same tensor for a layer that the configuration does not have.
    const size_t layer = name.find(".1.");
    if (layer == std::string::npos) continue;
    Checkpoint bad = good_;
    const std::string extra = std::string(name).replace(layer, 3, ".2.");
    bad.tensors[extra] = tensor;
    EXPECT_TRUE(fails(bad, TENSOR_UNEXPECTED, extra));
  }
}

// What Hugging Face stores beside the weights, and what other heads leave behind, is no surprise.
TEST_P(EveryArchitecture, PassesOverBuffersAndOtherHeads) {
  Checkpoint more = good_;
  const std::string prefix = GetParam().family == Family::squeezebert  ? "transformer."
                             : GetParam().family == Family::bert       ? "bert."
                             : GetParam().family == Family::distilbert ? "distilbert."
                                                                       : "roberta.";
  more.tensors[prefix + "embeddings.position_ids"] = {"I64", {1, 2}, std::string(16, '\0')};
  more.tensors["cls.seq_relationship.weight"] = f32_tensor({2}, {1, 2});
  more.tensors.try_emplace("qa_outputs.weight", f32_tensor({2, 16}, std::vector<float>(32)));
  auto plain = load(good_), model = load(more);
  ASSERT_TRUE(plain && model);
  EXPECT_EQ(outputs_of(*model), outputs_of(*plain));
}

TEST_P(EveryArchitecture, TakesAnEncoderWithoutPrefix) {
  Checkpoint bare = good_;
  bare.tensors.clear();
  for (const auto& [name, tensor] : good_.tensors) {
    const bool inner = name.starts_with("transformer.") || name.starts_with("bert.") ||
                       name.starts_with("distilbert.") || name.starts_with("roberta.");
    bare.tensors[inner ? name.substr(name.find('.') + 1) : name] = tensor;
  }
  auto plain = load(good_), model = load(bare);
  ASSERT_TRUE(plain && model);
  EXPECT_EQ(outputs_of(*model), outputs_of(*plain));
}

// The files of the first BERT call a norm's weight gamma and its bias beta.
TEST_P(EveryArchitecture, KnowsTheOldNamesOfNorms) {
  Checkpoint old = good_;
  old.tensors.clear();
  size_t renamed = 0;
  for (const auto& [name, tensor] : good_.tensors) {
    const bool norm = name.find("Norm.") != std::string::npos || name.find("norm.") != std::string::npos;
    const std::string owner = name.substr(0, name.rfind('.'));
    renamed += norm;
    old.tensors[!norm ? name : owner + (name.ends_with(".weight") ? ".gamma" : ".beta")] = tensor;
  }
  EXPECT_GE(renamed, 10u);
  auto plain = load(good_), model = load(old);
  ASSERT_TRUE(plain && model);
  EXPECT_EQ(outputs_of(*model), outputs_of(*plain));
}

INSTANTIATE_TEST_SUITE_P(Weights, EveryArchitecture, testing::ValuesIn(architectures()),
                         [](const auto& info) { return info.param.name; });

const std::string kQuery = "transformer.encoder.layers.1.attention.query.weight";

Checkpoint squeezebert() { return tiny_checkpoint(Family::squeezebert, "SqueezeBertForSequenceClassification"); }

TEST(Weights, ALinearLayerMayLackTheConvolutionsLastDimension) {
  Checkpoint flat = squeezebert();
  flat.tensors[kQuery].shape = {16, 4};
  auto plain = load(squeezebert()), model = load(flat);
  ASSERT_TRUE(plain && model);
  EXPECT_EQ(outputs_of(*model), outputs_of(*plain));
}

TEST(Weights, OtherShapesOfAsManyNumbersAreRefused) {
  for (const std::vector<uint64_t>& shape : std::vector<std::vector<uint64_t>>{
           {4, 16, 1}, {16, 2, 2}, {16, 1, 4}, {64}, {16, 4, 1, 1}, {1, 16, 4}, {8, 8}}) {
    Checkpoint bent = squeezebert();
    bent.tensors[kQuery].shape = shape;
    EXPECT_TRUE(fails(bent, TENSOR_SHAPE, kQuery));
  }
  // The right shape and a last dimension of two: a convolution of another width.
  Checkpoint wide = squeezebert();
  StoredTensor& query = wide.tensors[kQuery];
  query.shape = {16, 4, 2};
  query.bytes += query.bytes;
  EXPECT_TRUE(fails(wide, TENSOR_SHAPE, kQuery));
  Checkpoint empty = squeezebert();
  empty.tensors[kQuery] = {"F32", {16, 0, 1}, ""};
  EXPECT_TRUE(fails(empty, TENSOR_SHAPE, kQuery));
  Checkpoint scalar = squeezebert();
  scalar.tensors[kQuery] = f32_tensor({}, {1});
  EXPECT_TRUE(fails(scalar, TENSOR_SHAPE, kQuery));
}

TEST(Weights, OldAndNewNameTogetherAreOneTooMany) {
  Checkpoint both = squeezebert();
  const std::string norm = "transformer.embeddings.LayerNorm.";
  both.tensors[norm + "gamma"] = both.tensors[norm + "weight"];
  EXPECT_TRUE(fails(both, TENSOR_UNEXPECTED, norm + "gamma"));
}

TEST(Weights, ManyTensorsTooManyAreCounted) {
  Checkpoint many = squeezebert();
  for (int i = 0; i < 8; ++i) many.tensors["extra" + std::to_string(i)] = f32_tensor({1}, {0});
  const std::string got = outcome(many);
  EXPECT_EQ(got, "TENSOR_UNEXPECTED 'extra0', 'extra1', 'extra2', 'extra3', 'extra4' and 3 more");
}

TEST(Weights, AreTheSameInEveryWidthThatHoldsThem) {
  Checkpoint single = squeezebert(), half = single, brain = single, twice = single;
  for (auto& [name, tensor] : single.tensors) {
    const size_t count = tensor.bytes.size() / 4;
    half.tensors[name] = {"F16", tensor.shape, std::string(count * 2, '\0')};
    brain.tensors[name] = {"BF16", tensor.shape, std::string(count * 2, '\0')};
    twice.tensors[name] = {"F64", tensor.shape, std::string(count * 8, '\0')};
    for (size_t i = 0; i < count; ++i) {
      float value;
      std::memcpy(&value, tensor.bytes.data() + i * 4, 4);
      // A number of quarters up to 2: five bits, which every format holds exactly.
      value = std::round(std::clamp(value, -2.0f, 2.0f) * 4) / 4;
      const double wide = value;
      const auto upper = static_cast<uint16_t>(std::bit_cast<uint32_t>(value) >> 16);
      const float magnitude = std::abs(value);
      uint16_t bits = std::signbit(value) ? 0x8000 : 0;
      if (magnitude > 0) {
        int exponent;
        const float fraction = std::frexp(magnitude, &exponent);  // [0.5, 1)
        bits |= static_cast<uint16_t>((exponent + 14) << 10 | static_cast<int>((fraction * 2 - 1) * 1024));
      }
      std::memcpy(tensor.bytes.data() + i * 4, &value, 4);
      std::memcpy(half.tensors[name].bytes.data() + i * 2, &bits, 2);
      std::memcpy(brain.tensors[name].bytes.data() + i * 2, &upper, 2);
      std::memcpy(twice.tensors[name].bytes.data() + i * 8, &wide, 8);
    }
  }
  auto model = load(single);
  ASSERT_TRUE(model);
  const auto expected = outputs_of(*model);
  for (const Checkpoint& other : {half, brain, twice}) {
    auto narrow = load(other);
    ASSERT_TRUE(narrow);
    EXPECT_EQ(outputs_of(*narrow), expected);
  }
}

TEST(Weights, AnotherHeadThanTheFileHasIsMissing) {
  LoadOptions options;
  options.head = Head::question_answering;
  EXPECT_EQ(outcome(squeezebert(), options), "TENSOR_MISSING 'qa_outputs.weight'");
  options.head = Head::none;
  EXPECT_EQ(outcome(squeezebert(), options), "good");
}

// A file of which there is a beginning, and whose reader has said from where on it will read.
struct ArrivingFile final : ByteSource {
  struct State {
    std::string bytes;
    uint64_t needed = 0, available = 0;
  };
  explicit ArrivingFile(State& state) : state_(state) {}
  uint64_t size() const override { return state_.bytes.size(); }
  Result<void> read(uint64_t offset, std::span<std::byte> target) override {
    EXPECT_GE(offset, state_.needed);
    EXPECT_LE(offset + target.size(), state_.available);
    if (offset + target.size() > state_.available) return Error{ErrorCode::FILE_TRUNCATED};
    std::memcpy(target.data(), state_.bytes.data() + offset, target.size());
    return {};
  }
  State& state_;
};

struct ArrivingFiles final : FileSet {
  bool has(std::string_view name) const override { return name == "config.json" || name == "model.safetensors"; }
  Result<std::unique_ptr<ByteSource>> open(std::string_view name) override {
    if (name == "config.json") return std::unique_ptr<ByteSource>(new BufferSource(std::string_view(config)));
    return std::unique_ptr<ByteSource>(new ArrivingFile(weights));
  }
  std::string config;
  ArrivingFile::State weights;
};

TEST_P(EveryArchitecture, LoadsWhileTheFileComes) {
  for (const WeightType type : {WeightType::fp32, WeightType::q8}) {
    LoadOptions options;
    options.weights = type;
    auto whole = load(good_, options);
    ASSERT_TRUE(whole);
    for (const uint64_t step : {1000, 4096, 1000000}) {
      ArrivingFiles files;
      files.config = good_.config;
      files.weights.bytes = safetensors_file(good_.tensors);
      uint64_t length = 0;
      std::memcpy(&length, files.weights.bytes.data(), 8);
      auto& [bytes, needed, available] = files.weights;
      available = std::min<uint64_t>(8 + length + step, bytes.size());
      auto model = Model::begin(files, options);
      ASSERT_TRUE(model.ok());
      for (;; available = std::min<uint64_t>(available + step, bytes.size())) {
        const auto next = (*model)->proceed(available);
        ASSERT_TRUE(next.ok()) << next.error().message();
        EXPECT_GE(*next, needed);
        EXPECT_LE(*next, available);
        needed = *next;
        if (available == bytes.size()) break;
      }
      EXPECT_EQ(needed, bytes.size());
      ASSERT_TRUE((*model)->proceed(WeightLoader::kWholeFile).ok());
      EXPECT_EQ(outputs_of(**model), outputs_of(*whole));
    }
  }
}

TEST(Weights, CodesAreReadWhenTheFileIsWhole) {
  LoadOptions options;
  options.weights = WeightType::q8;
  auto coded = load(squeezebert(), options);
  ASSERT_TRUE(coded);
  ArrivingFiles files;
  files.config = squeezebert().config;
  SavedModel saved(*coded);
  for (auto part = saved.next(); !part.empty(); part = saved.next())
    files.weights.bytes.append(reinterpret_cast<const char*>(part.data()), part.size());
  files.weights.available = files.weights.bytes.size() - 1;
  auto again = Model::begin(files);
  ASSERT_TRUE(again.ok());
  const auto needed = (*again)->proceed(files.weights.available);
  ASSERT_TRUE(needed.ok());
  EXPECT_EQ(*needed, 0u);
  ++files.weights.available;
  ASSERT_TRUE((*again)->proceed(WeightLoader::kWholeFile).ok());
  EXPECT_EQ(outputs_of(**again), outputs_of(*coded));
}

TEST(Weights, FilesThatAreNotThere) {
  MemoryFiles empty, config_only;
  config_only.add("config.json", squeezebert().config);
  const auto nothing = Model::load(empty), half = Model::load(config_only);
  ASSERT_FALSE(nothing.ok());
  EXPECT_EQ(nothing.error().code(), FILE_NOT_FOUND);
  EXPECT_EQ(nothing.error().detail(), "config.json");
  ASSERT_FALSE(half.ok());
  EXPECT_EQ(half.error().code(), FILE_NOT_FOUND);
  EXPECT_EQ(half.error().detail(), "model.safetensors");
}

// Wherever a download stopped: an error, and under the sanitizers nothing read past the end.
TEST(Weights, EveryCutOfAFileIsAnError) {
  const std::string whole = safetensors_file(squeezebert().tensors);
  for (size_t size = 0; size < whole.size(); size += size < 64 ? 1 : 997) {
    MemoryFiles files;
    files.add("config.json", squeezebert().config);
    files.add("model.safetensors", whole.substr(0, size));
    EXPECT_FALSE(Model::load(files).ok()) << size;
  }
}

// The configuration promises tensors of terabytes; the file says otherwise before anything of that size is allocated.
TEST(Weights, SizesThatNoMemoryHoldsAreComparedFirst) {
  Checkpoint huge = squeezebert();
  huge.config = R"({"model_type":"squeezebert","vocab_size":10000000,"hidden_size":65536,"num_attention_heads":1,
    "num_hidden_layers":1000,"intermediate_size":65536,"embedding_size":65536})";
  EXPECT_TRUE(fails(huge, TENSOR_SHAPE, "transformer.embeddings.word_embeddings.weight"));
}

}  // namespace
}  // namespace squeezebert
