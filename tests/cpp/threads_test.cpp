// The same bits for any number of threads: every weight type and family, and layers of the published size.
#include <gtest/gtest.h>

#include <random>

#include "checkpoint.h"
#include "kernels/linear.h"
#include "model/encoder.h"
#include "model/model.h"
#include "parallel/parallel.h"

namespace squeezebert {
namespace {

constexpr WeightType kTypes[] = {WeightType::fp32, WeightType::fp16, WeightType::q8, WeightType::q4};

class Threads : public testing::Test {
 protected:
  const uint64_t usual_ = least_shared_work;
  void SetUp() override { least_shared_work = 0; }
  void TearDown() override {
    set_thread_count(1);
    least_shared_work = usual_;
  }
};

std::vector<float> outputs_of(Model& model, std::span<const int32_t> ids, std::span<const int32_t> mask,
                              std::span<const int32_t> lengths, bool equal) {
  OutputOptions options;
  options.hidden_states = options.last_hidden_state = options.pooler_output = true;
  options.attentions = options.attention_scores = equal;
  const auto outputs = model.run({ids, {}, mask, lengths}, options);
  EXPECT_TRUE(outputs.ok());
  std::vector<float> all;
  if (outputs)
    for (const Output& output : *outputs) all.insert(all.end(), output.data.begin(), output.data.end());
  return all;
}

TEST_F(Threads, AModelGivesTheSameBits) {
  for (const auto& [family, name] : {std::pair(Family::squeezebert, "SqueezeBertForMaskedLM"),
                                     std::pair(Family::squeezebert, "ExtendedSqueezeBertForSequenceClassification"),
                                     std::pair(Family::bert, "BertForQuestionAnswering"),
                                     std::pair(Family::roberta, "RobertaForSequenceClassification")}) {
    const Checkpoint checkpoint = tiny_checkpoint(family, name, 150);
    for (const WeightType type : kTypes) {
      SCOPED_TRACE(std::string(name) + " " + std::string(name_of(type)));
      LoadOptions load;
      load.weights = type;
      MemoryFiles files = checkpoint.files();
      auto model = Model::load(files, load);
      ASSERT_TRUE(model.ok());
      for (const std::vector<int32_t>& lengths : {std::vector<int32_t>{150, 1, 33, 8}, std::vector<int32_t>{40, 40}}) {
        std::vector<int32_t> ids, mask;
        for (const int32_t length : lengths) {
          for (int32_t t = 0; t < length; ++t) {
            ids.push_back(2 + (7 * t + static_cast<int32_t>(ids.size())) % 20);
            mask.push_back(t % 11 != 10);
          }
        }
        set_thread_count(1);
        const auto alone = outputs_of(**model, ids, mask, lengths, lengths.size() == 2);
        for (size_t threads = 2; threads <= 4; ++threads) {
          set_thread_count(threads);
          for (int time = 0; time < 3; ++time)
            EXPECT_EQ(outputs_of(**model, ids, mask, lengths, lengths.size() == 2), alone) << threads << " threads";
        }
      }
    }
  }
}

TEST_F(Threads, ALayerOfThePublishedSizeGivesTheSameBits) {
  constexpr size_t kIn = 768, kOut = 1000 * 4, kRows = 100;
  std::mt19937 random(5);
  std::normal_distribution<float> normal;
  std::vector<float> x(kRows * kIn), weights(kIn / 4);
  for (float& value : x) value = normal(random);
  for (const WeightType type : kTypes) {
    SCOPED_TRACE(name_of(type));
    Linear layer;
    ASSERT_TRUE(layer.allocate(type, kIn, kOut, 4));
    for (size_t o = 0; o < kOut; ++o) {
      for (float& value : weights) value = normal(random);
      if (layer.coded()) {
        RowCodes codes;
        encode_row(type, weights, codes);
        layer.set_row(o, codes);
      } else {
        layer.set_row(o, weights);
      }
    }
    std::vector<float> alone;
    for (size_t threads = 1; threads <= 4; ++threads) {
      set_thread_count(threads);
      LinearInput input;
      ASSERT_TRUE(layer.reserve(input, kRows));
      std::vector<float> got(kRows * kOut, NAN);
      Matrix<float> y = matrix(got.data(), kRows, kOut);
      input.set(matrix<const float>(x.data(), kRows, kIn));
      layer.apply(input, y, Activation::gelu);
      if (threads == 1) alone = got;
      EXPECT_EQ(got, alone) << threads << " threads";
    }
  }
}

}  // namespace
}  // namespace squeezebert
