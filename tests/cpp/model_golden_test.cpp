// Every golden model, whatever the container of its weights: all cases, all outputs, within 5e-5 of the reference implementation.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <new>

#include "formats/folder.h"
#include "model/model.h"
#include "shared.h"

namespace squeezebert {
namespace {

struct Flat {
  std::vector<int32_t> values;
  int32_t rows = 1, length = 0;
};

// [batch][tokens] or [batch][choices][tokens] to one row of numbers.
Flat flatten(const nlohmann::json& nested) {
  Flat flat;
  if (nested.is_null()) return flat;
  std::vector<const nlohmann::json*> level = {&nested};
  while ((*level[0])[0].is_array()) {
    std::vector<const nlohmann::json*> next;
    for (const auto* outer : level) {
      for (const auto& inner : *outer) next.push_back(&inner);
    }
    level = next;
  }
  flat.rows = static_cast<int32_t>(level.size());
  flat.length = static_cast<int32_t>(level[0]->size());
  for (const auto* line : level) {
    for (const auto& v : *line) flat.values.push_back(v.get<int32_t>());
  }
  return flat;
}

double largest_difference(std::span<const float> got, const nlohmann::json& expected) {
  const auto& data = expected["data"];
  EXPECT_EQ(got.size(), data.size());
  double largest = got.size() == data.size() ? 0 : INFINITY;
  for (size_t i = 0; i < std::min(got.size(), data.size()); ++i) {
    const double want = data[i].get<double>();
    // Masked scores are the lowest float32; there only equality counts.
    const double difference = std::abs(want) > 1e30 ? (static_cast<float>(want) == got[i] ? 0 : INFINITY)
                                                    : std::abs(want - got[i]);
    largest = std::isnan(got[i]) ? INFINITY : std::max(largest, difference);
  }
  return largest;
}

// Every case of the folder's cases.json.
void expect_the_reference(const std::filesystem::path& folder) {
  const auto golden = read_json(folder / "cases.json");
  Folder files(folder);
  LoadOptions options;
  options.head = head_of_architecture(golden["architecture"].get<std::string>());
  if (folder.string().ends_with("-headless")) {
    // No pooler and no classifier: only the encoder can be had.
    const auto classifier = Model::load(files, options);
    ASSERT_FALSE(classifier.ok());
    EXPECT_EQ(error_name(classifier.error().code()), "TENSOR_MISSING");
    options.head = Head::none;
  }
  auto model = Model::load(files, options);
  ASSERT_TRUE(model.ok()) << model.error().message();
  size_t compared = 0;
  for (const auto& item : golden["cases"]) {
    const auto input = [&](const char* name) { return item.contains(name) ? flatten(item[name]) : Flat(); };
    const Flat ids = input("input_ids"), mask = input("attention_mask"), types = input("token_type_ids");
    const std::vector<int32_t> lengths(static_cast<size_t>(ids.rows), ids.length);
    const auto& expected = item["expected"];
    OutputOptions wanted;
    wanted.hidden_states = expected.contains("hidden_states");
    wanted.attention_scores = expected.contains("attention_scores");
    wanted.last_hidden_state = wanted.pooler_output = true;
    auto outputs = (*model)->run({ids.values, types.values, mask.values, lengths}, wanted);
    ASSERT_TRUE(outputs.ok()) << outputs.error().message();
    for (const auto& [name, tensor] : expected.items()) {
      bool found = false;
      for (const Output& output : *outputs) {
        if (output.name != name) continue;
        found = true;
        ++compared;
        EXPECT_LE(largest_difference(output.data, tensor), 5e-5) << item["name"] << " " << name;
      }
      EXPECT_TRUE(found) << item["name"] << " has no " << name;
    }
  }
  EXPECT_GT(compared, 0u);
}

class Golden : public testing::TestWithParam<std::string> {};

TEST_P(Golden, EqualsTheReference) {
  SQUEEZEBERT_NEEDS_SHARED("golden");
  expect_the_reference(shared_folder() / "golden" / GetParam());
}

// The optional fields of config.json, which no published checkpoint has: the reference is training/model.py in float64.
TEST(Golden, NeighboursEqualTheReference) { expect_the_reference(fixtures_folder() / "golden/neighbours-cls3"); }
TEST(Golden, ExcitationEqualsTheReference) { expect_the_reference(fixtures_folder() / "golden/excitation-cls3"); }
TEST(Golden, BothEqualTheReference) { expect_the_reference(fixtures_folder() / "golden/neighbours-excitation-cls3"); }

INSTANTIATE_TEST_SUITE_P(
    Models, Golden,
    testing::Values("squeezebert-g1-gelu-cls3", "squeezebert-g1-gelu-cls3-f16", "squeezebert-g1-gelu-cls3-bf16",
                    "squeezebert-g1-gelu-cls3-bin-zip", "squeezebert-g1-gelu-cls3-bin-legacy", "squeezebert-g4-bin-views",
                    "squeezebert-g4-gelu-mlm-bin", "squeezebert-g4-gelu-mlm-f16-bin-legacy", "squeezebert-g4-headless",
                    "bert-cls2-gamma-beta-bin",
                    "squeezebert-g4-gelu-base", "squeezebert-g4-gelu-mlm", "squeezebert-g4-gelu-qa",
                    "squeezebert-g4-gelu-token5", "squeezebert-g4-gelu-choice", "squeezebert-depthwise-relu-cls2",
                    "squeezebert-h96-heads3-gelunew-cls2", "squeezebert-mixedgroups-silu-eps-mlm", "squeezebert-g4-numlabels-only",
                    "bert-cls2", "distilbert-cls2",
                    "roberta-cls3"),
    [](const auto& info) {
      std::string name = info.param;
      std::replace(name.begin(), name.end(), '-', '_');
      return name;
    });

}  // namespace
}  // namespace squeezebert
