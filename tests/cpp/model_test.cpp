// Inputs that do not fit, what comes out and in which shape, and that a sequence does not notice its neighbours.
#include "model/model.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "checkpoint.h"

namespace squeezebert {
namespace {

std::unique_ptr<Model> load(const Checkpoint& checkpoint, std::optional<WeightType> type = {}) {
  MemoryFiles files = checkpoint.files();
  LoadOptions options;
  options.weights = type;
  auto model = Model::load(files, options);
  EXPECT_TRUE(model.ok()) << (model.ok() ? "" : model.error().message());
  return model ? std::move(*model) : nullptr;
}

std::unique_ptr<Model> squeezebert() {
  return load(tiny_checkpoint(Family::squeezebert, "SqueezeBertForSequenceClassification"));
}

using Ids = std::vector<int32_t>;

// "good" or the error's name.
std::string outcome(Model& model, const Ids& ids, const Ids& types, const Ids& mask, const Ids& lengths,
                    const OutputOptions& options = {}) {
  const auto outputs = model.run({ids, types, mask, lengths}, options);
  return outputs ? "good" : std::string(error_name(outputs.error().code()));
}

TEST(ModelInput, SizesMustFit) {
  const auto model = squeezebert();
  ASSERT_TRUE(model);
  EXPECT_EQ(outcome(*model, {1, 2, 3}, {}, {}, {3}), "good");
  EXPECT_EQ(outcome(*model, {1, 2, 3}, {0, 1, 1}, {1, 1, 0}, {2, 1}), "good");
  EXPECT_EQ(outcome(*model, {}, {}, {}, {}), "INVALID_ARGUMENT");
  EXPECT_EQ(outcome(*model, {1, 2, 3}, {}, {}, {}), "INVALID_ARGUMENT");
  EXPECT_EQ(outcome(*model, {}, {}, {}, {0}), "INVALID_ARGUMENT");
  EXPECT_EQ(outcome(*model, {1, 2, 3}, {}, {}, {2}), "INVALID_ARGUMENT");
  EXPECT_EQ(outcome(*model, {1, 2, 3}, {}, {}, {4}), "INVALID_ARGUMENT");
  EXPECT_EQ(outcome(*model, {1, 2, 3}, {}, {}, {3, 0}), "INVALID_ARGUMENT");
  // The lengths add up, one of them with the wrong sign.
  EXPECT_EQ(outcome(*model, {1, 2, 3}, {}, {}, {4, -1}), "INVALID_ARGUMENT");
  EXPECT_EQ(outcome(*model, {1, 2, 3}, {0}, {}, {3}), "INVALID_ARGUMENT");
  EXPECT_EQ(outcome(*model, {1, 2, 3}, {0, 0, 0, 0}, {}, {3}), "INVALID_ARGUMENT");
  EXPECT_EQ(outcome(*model, {1, 2, 3}, {}, {1}, {3}), "INVALID_ARGUMENT");
  OutputOptions attentions;
  attentions.attentions = true;
  EXPECT_EQ(outcome(*model, {1, 2, 3, 4}, {}, {}, {2, 2}, attentions), "good");
  EXPECT_EQ(outcome(*model, {1, 2, 3, 4}, {}, {}, {3, 1}, attentions), "INVALID_ARGUMENT");
}

TEST(ModelInput, IdsMustLieInTheTables) {
  const auto model = squeezebert();  // 23 words, 2 token types
  ASSERT_TRUE(model);
  EXPECT_EQ(outcome(*model, {0, 22}, {}, {}, {2}), "good");
  for (const int32_t id : {23, -1, INT32_MAX, INT32_MIN}) {
    EXPECT_EQ(outcome(*model, {1, id}, {}, {}, {2}), "TOKEN_ID_RANGE") << id;
  }
  for (const int32_t type : {2, -1, INT32_MAX, INT32_MIN}) {
    EXPECT_EQ(outcome(*model, {1, 2}, {0, type}, {}, {2}), "TOKEN_ID_RANGE") << type;
  }
}

TEST(ModelInput, FamiliesWithoutTokenTypesPassThemOver) {
  const auto model = load(tiny_checkpoint(Family::distilbert, "DistilBertForSequenceClassification"));
  ASSERT_TRUE(model);
  EXPECT_EQ(outcome(*model, {1, 2}, {0, 1}, {}, {2}), "good");
  EXPECT_EQ(outcome(*model, {1, 2}, {0, -7}, {}, {2}), "good");
}

TEST(ModelInput, LengthEndsWithThePositions) {
  for (const auto& [family, name] : architectures()) {
    const auto model = load(tiny_checkpoint(family, name, 12));
    ASSERT_TRUE(model);
    EXPECT_EQ(outcome(*model, Ids(12, 5), {}, {}, {12}), "good") << name;
    EXPECT_EQ(outcome(*model, Ids(13, 5), {}, {}, {13}), "INPUT_TOO_LONG") << name;
    EXPECT_EQ(outcome(*model, Ids(14, 5), {}, {}, {1, 13}), "INPUT_TOO_LONG") << name;
    EXPECT_EQ(outcome(*model, Ids(3, 5), {}, {}, {INT32_MAX}), "INPUT_TOO_LONG") << name;
  }
}

TEST(ModelInput, AnErrorLeavesTheModelAsItWas) {
  const auto model = squeezebert();
  ASSERT_TRUE(model);
  const Ids ids = {3, 4, 5}, lengths = {3};
  const auto run = [&] {
    const auto outputs = model->run({ids, {}, {}, lengths});
    EXPECT_TRUE(outputs.ok());
    return std::vector<float>((*outputs)[0].data.begin(), (*outputs)[0].data.end());
  };
  const auto before = run();
  EXPECT_EQ(outcome(*model, {3, 4, 99}, {}, {}, {3}), "TOKEN_ID_RANGE");
  EXPECT_EQ(outcome(*model, Ids(13, 5), {}, {}, {13}), "INPUT_TOO_LONG");
  EXPECT_EQ(run(), before);
}

// Everything a model can give, by name.
struct Named {
  std::map<std::string, std::vector<float>> data;
  std::map<std::string, std::vector<int32_t>> dims;
};

Named run(Model& model, const Ids& ids, const Ids& mask, const Ids& lengths, const OutputOptions& options) {
  const auto outputs = model.run({ids, {}, mask, lengths}, options);
  EXPECT_TRUE(outputs.ok()) << (outputs.ok() ? "" : outputs.error().message());
  Named named;
  if (!outputs) return named;
  for (const Output& output : *outputs) {
    const std::string name(output.name);
    EXPECT_EQ(named.data.count(name), 0u) << name << " twice";
    named.data[name].assign(output.data.begin(), output.data.end());
    named.dims[name].assign(output.dims().begin(), output.dims().end());
    size_t product = 1;
    for (const int32_t n : output.dims()) product *= static_cast<size_t>(n);
    EXPECT_EQ(product, output.data.size()) << name;
    for (const float v : output.data) EXPECT_TRUE(std::isfinite(v)) << name;
  }
  return named;
}

Named run(Model& model, const Ids& ids, const Ids& mask, const Ids& lengths, bool attentions) {
  OutputOptions options;
  options.hidden_states = options.last_hidden_state = options.pooler_output = true;
  options.attentions = options.attention_scores = attentions;
  return run(model, ids, mask, lengths, options);
}

class EveryModel : public testing::TestWithParam<Architecture> {
 protected:
  const Checkpoint checkpoint_ = tiny_checkpoint(GetParam().family, GetParam().name);
  const std::unique_ptr<Model> model_ = load(checkpoint_);
  std::mt19937 random_{5};
};

TEST_P(EveryModel, GivesTheOutputsOfItsHead) {
  ASSERT_TRUE(model_);
  using Dims = std::vector<int32_t>;
  const bool pooler = GetParam().family == Family::squeezebert || GetParam().family == Family::bert;
  std::map<std::string, Dims> even = {{"last_hidden_state", {2, 4, 16}},
                                      {"hidden_states", {3, 2, 4, 16}},
                                      {"attentions", {2, 2, 2, 4, 4}},
                                      {"attention_scores", {2, 2, 2, 4, 4}}};
  std::map<std::string, Dims> ragged = {{"last_hidden_state", {8, 16}}, {"hidden_states", {3, 8, 16}}};
  switch (head_of_architecture(GetParam().name)) {
    case Head::none:
      if (GetParam().family != Family::distilbert) even["pooler_output"] = ragged["pooler_output"] = {2, 16};
      break;
    case Head::sequence_classification:
      even["logits"] = ragged["logits"] = {2, 3};
      if (pooler) even["pooler_output"] = ragged["pooler_output"] = {2, 16};
      break;
    case Head::token_classification:
      even["logits"] = {2, 4, 3}, ragged["logits"] = {8, 3};
      break;
    case Head::question_answering:
      even["start_logits"] = even["end_logits"] = {2, 4}, ragged["start_logits"] = ragged["end_logits"] = {8};
      break;
    case Head::masked_lm:
      even["logits"] = {2, 4, 23}, ragged["logits"] = {8, 23};
      break;
    case Head::multiple_choice:
      even["logits"] = ragged["logits"] = {2, 1};
      if (pooler) even["pooler_output"] = ragged["pooler_output"] = {2, 16};
      break;
  }
  const Ids ids = random_ids(checkpoint_, 8, random_);
  EXPECT_EQ(run(*model_, ids, {}, {4, 4}, true).dims, even);
  EXPECT_EQ(run(*model_, ids, {}, {3, 5}, false).dims, ragged);
}

TEST_P(EveryModel, HasAttentionsThatSumToOneAndKeepToTheMask) {
  ASSERT_TRUE(model_);
  const auto named = run(*model_, random_ids(checkpoint_, 10, random_), {1, 1, 1, 0, 1, 0, 0, 0, 0, 0}, {5, 5}, true);
  const auto& attentions = named.data.at("attentions");
  ASSERT_EQ(attentions.size(), 2u * 2 * 2 * 5 * 5);
  for (size_t row = 0; row < attentions.size(); row += 5) {
    float sum = 0;
    for (size_t key = 0; key < 5; ++key) sum += attentions[row + key];
    EXPECT_NEAR(sum, 1, 1e-6);
    // [layer][sequence][head][query][key]; the second sequence is masked all over and attends evenly.
    const bool second = row / 50 % 2 == 1;
    EXPECT_TRUE(second ? std::abs(attentions[row] - 0.2f) < 1e-6 : attentions[row + 3] == 0) << row;
  }
}

// Where the rows of one sequence stand in an output: its part of the batch, whatever leads and trails.
std::vector<float> part(const std::vector<float>& data, size_t leading, size_t rows, size_t first, size_t count) {
  const size_t tail = data.size() / leading / rows;
  std::vector<float> all;
  for (size_t l = 0; l < leading; ++l) {
    const auto begin = data.begin() + static_cast<ptrdiff_t>((l * rows + first) * tail);
    all.insert(all.end(), begin, begin + static_cast<ptrdiff_t>(count * tail));
  }
  return all;
}

// One sequence's share of every output of a batch must have the bits that it has alone.
void expect_same_bits(Model& model, const Ids& ids, const Ids& lengths, bool attentions) {
  const Named batch = run(model, ids, {}, lengths, attentions);
  const size_t rows = ids.size();
  size_t first = 0;
  for (size_t s = 0; s < lengths.size(); ++s) {
    const auto count = static_cast<size_t>(lengths[s]);
    const Ids own(ids.begin() + static_cast<ptrdiff_t>(first), ids.begin() + static_cast<ptrdiff_t>(first + count));
    const Named alone = run(model, own, {}, {lengths[s]}, attentions);
    ASSERT_EQ(alone.data.size(), batch.data.size());
    for (const auto& [name, values] : alone.data) {
      const std::vector<float>& all = batch.data.at(name);
      const bool per_layer = name == "hidden_states", per_head = name == "attentions" || name == "attention_scores";
      const bool per_sequence = per_head || batch.dims.at(name)[0] == static_cast<int32_t>(lengths.size());
      const size_t leading = per_layer ? 3 : per_head ? 2 : 1;
      const auto own_part = per_sequence && !per_layer ? part(all, leading, lengths.size(), s, 1)
                                                       : part(all, leading, rows, first, count);
      ASSERT_EQ(own_part, values) << name << " of sequence " << s;
    }
    first += count;
  }
}

TEST_P(EveryModel, ASequenceHasTheSameBitsAloneAndInARaggedBatch) {
  ASSERT_TRUE(model_);
  const Ids lengths = {1, 7, 12, 2, 11, 8, 3, 12, 1};
  expect_same_bits(*model_, random_ids(checkpoint_, 57, random_), lengths, false);
}

TEST_P(EveryModel, ASequenceHasTheSameBitsAloneAndAmongEqualOnes) {
  ASSERT_TRUE(model_);
  expect_same_bits(*model_, random_ids(checkpoint_, 7 * 9, random_), Ids(7, 9), true);
}

TEST_P(EveryModel, PaddingThatIsMaskedChangesNothing) {
  ASSERT_TRUE(model_);
  const int32_t pad = GetParam().family == Family::roberta ? 1 : 0;
  for (size_t length = 1; length < 12; ++length) {
    const Ids ids = random_ids(checkpoint_, length, random_);
    Ids padded = ids, mask(length, 1);
    padded.resize(12, pad);
    mask.resize(12, 0);
    const Named plain = run(*model_, ids, {}, {static_cast<int32_t>(length)}, false);
    const Named wide = run(*model_, padded, mask, {12}, false);
    for (const auto& [name, values] : plain.data) {
      const std::vector<float>& all = wide.data.at(name);
      const auto got = name == "hidden_states"       ? part(all, 3, 12, 0, length)
                       : all.size() == values.size() ? all  // one for the sequence
                                                     : part(all, 1, 12, 0, length);
      ASSERT_EQ(got.size(), values.size()) << name;
      for (size_t i = 0; i < got.size(); ++i) ASSERT_NEAR(got[i], values[i], 1e-6) << name << " " << length;
    }
  }
}

// Where nothing but the head's own outputs is asked for, classifying takes a shorter way through the last layer.
TEST_P(EveryModel, HasTheSameBitsWhateverElseIsAskedFor) {
  for (const WeightType type : {WeightType::fp32, WeightType::q8}) {
    const auto model = load(checkpoint_, type);
    ASSERT_TRUE(model);
    for (const Ids& lengths : {Ids{1, 7, 12, 2, 11, 8, 3, 12, 1}, Ids{2}, Ids{1, 1}, Ids(180, 12)}) {
      size_t rows = 0;
      for (const int32_t length : lengths) rows += static_cast<size_t>(length);
      const Ids ids = random_ids(checkpoint_, rows, random_);
      Ids some(rows);
      for (int32_t& m : some) m = random_() % 3 != 0;
      for (const Ids& mask : {Ids{}, some}) {
        const Named least = run(*model, ids, mask, lengths, OutputOptions());
        const Named all = run(*model, ids, mask, lengths, false);
        ASSERT_FALSE(least.data.empty());
        for (const auto& [name, values] : least.data) {
          EXPECT_EQ(values, all.data.at(name)) << name;
          EXPECT_EQ(least.dims.at(name), all.dims.at(name)) << name;
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Models, EveryModel, testing::ValuesIn(architectures()),
                         [](const auto& info) { return info.param.name; });

// More rows than pass through the encoder together (2048): the batch is cut between sequences.
TEST(Batches, LargeOnesAreCutWithoutATrace) {
  for (const char* name :
       {"SqueezeBertForTokenClassification", "SqueezeBertForSequenceClassification", "SqueezeBertModel"}) {
    const Checkpoint checkpoint = tiny_checkpoint(Family::squeezebert, name);
    const auto model = load(checkpoint);
    ASSERT_TRUE(model);
    std::mt19937 random(9);
    Ids lengths;
    int32_t rows = 0;
    for (int i = 0; rows < 4500; ++i) rows += lengths.emplace_back(1 + i * 5 % 12);
    expect_same_bits(*model, random_ids(checkpoint, static_cast<size_t>(rows), random), lengths, false);
    expect_same_bits(*model, random_ids(checkpoint, 12 * 180, random), Ids(180, 12), true);
  }
}

}  // namespace
}  // namespace squeezebert
