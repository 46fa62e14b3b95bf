// A whole model from strangers: config.json and the weights together, loaded, run, written out and loaded again.
#include "model/model.h"

#include <algorithm>

#include "model/saved_model.h"
#include "model/weights.h"
#include "targets.h"

namespace squeezebert::fuzz {
namespace {

std::unique_ptr<Model> load(std::string_view config, std::string_view weights, std::optional<WeightType> type) {
  MemoryFiles files;
  files.add("config.json", config);
  files.add("model.safetensors", weights);
  LoadOptions options;
  options.weights = type;
  // In two steps, as while a file comes.
  auto model = Model::begin(files, options);
  const bool good = model && (*model)->proceed(weights.size() / 2).ok() && (*model)->proceed(WeightLoader::kWholeFile).ok();
  return good ? std::move(*model) : nullptr;
}

}  // namespace

void model(std::string_view input) {
  const size_t end = std::min(input.find('\x1e'), input.size());
  const std::string_view config = input.substr(0, end), weights = input.substr(std::min(end + 1, input.size()));
  constexpr std::optional<WeightType> kTypes[] = {std::nullopt, WeightType::fp16, WeightType::q8, WeightType::q4};
  const auto loaded = load(config, weights, kTypes[input.size() % 4]);
  if (!loaded) return;

  const ModelConfig& known = loaded->config();
  const std::vector<int32_t> ids = {0, known.vocab_size - 1, known.vocab_size / 2}, mask = {1, 1, 0};
  const std::vector<int32_t> lengths = {std::min(3, known.usable_length())};
  const size_t rows = static_cast<size_t>(lengths[0]);
  OutputOptions options;
  options.last_hidden_state = options.pooler_output = true;
  const auto outputs = loaded->run({std::span(ids).first(rows), {}, std::span(mask).first(rows), lengths}, options);
  if (outputs) {
    for (const Output& output : *outputs) {
      size_t size = 1;
      for (const int32_t dim : output.dims()) size *= static_cast<size_t>(dim);
      FUZZ_CHECK(output.data.size() == size);
    }
  }
  FUZZ_CHECK(loaded->run({std::vector<int32_t>{known.vocab_size}, {}, {}, std::vector<int32_t>{1}}).ok() == false);
  FUZZ_CHECK(loaded->run({std::vector<int32_t>{-1}, {}, {}, std::vector<int32_t>{1}}).ok() == false);

  SavedModel saved(*loaded);
  std::string bytes;
  for (auto part = saved.next(); !part.empty(); part = saved.next())
    bytes.append(reinterpret_cast<const char*>(part.data()), part.size());
  FUZZ_CHECK(bytes.size() == saved.size());
  FUZZ_CHECK(load(config, bytes, std::nullopt) != nullptr);
}

}  // namespace squeezebert::fuzz
