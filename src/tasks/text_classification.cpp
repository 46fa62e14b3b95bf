#include "text_classification.h"

#include <algorithm>
#include <cmath>

#include "../sort.h"

namespace squeezebert {
namespace {

// Scores of one text's logits: softmax, sigmoid for multi-label models, the logits themselves for regression.
void scores_of(std::span<const float> logits, std::string_view problem_type, std::vector<LabelScore>& out) {
  out.resize(logits.size());
  const float largest = *std::max_element(logits.begin(), logits.end());
  const bool multi_label = problem_type == "multi_label_classification";
  // A model with one label has nothing to choose between: transformers takes the sigmoid, and so do we.
  const bool sigmoid = multi_label || (logits.size() == 1 && problem_type != "regression");
  float sum = 0;
  for (size_t k = 0; k < logits.size(); ++k) {
    float score = logits[k];
    if (problem_type == "regression") {
    } else if (sigmoid) {
      score = 1 / (1 + std::exp(-logits[k]));
    } else {
      score = std::exp(logits[k] - largest);
      sum += score;
    }
    out[k] = {static_cast<int32_t>(k), score};
  }
  if (sum > 0)
    for (LabelScore& entry : out) entry.score /= sum;
}

}  // namespace

Result<TextClassifier> TextClassifier::create(const Tokenizer& tokenizer, Model& model) {
  if (model.config().head != Head::sequence_classification)
    return Error{ErrorCode::TASK_MISMATCH, {"text classification needs a sequence classification head"}};
  return TextClassifier(tokenizer, model);
}

Result<std::vector<Classification>> TextClassifier::classify(std::span<const TextInput> inputs,
                                                             const ClassifyOptions& options) {
  if (options.top_k < 0) return Error{ErrorCode::INVALID_ARGUMENT, {"top_k ", options.top_k}};
  const ModelConfig& config = model_->config();
  EncodeOptions encode;
  encode.truncation = Truncation{std::min(tokenizer_->model_max_length(), config.usable_length())};
  encode.keep_overflowing = false;

  std::vector<Classification> results;
  results.reserve(inputs.size());
  for (const TextInput& input : inputs) {
    SQUEEZEBERT_TRY_ASSIGN(encoding, tokenizer_->encode(input, encode));
    // A tokenizer that adds no special tokens has nothing to say about an empty text.
    if (encoding.tokens.empty()) return Error{ErrorCode::INVALID_ARGUMENT, {"a text without tokens"}};
    const int32_t length = static_cast<int32_t>(encoding.size());
    ModelInput model_input;
    const std::vector<int32_t> ids = encoding.field(&Token::id), type_ids = encoding.field(&Token::type_id);
    model_input.ids = ids;
    if (config.type_vocab_size > 1) model_input.type_ids = type_ids;
    model_input.lengths = {&length, 1};
    SQUEEZEBERT_TRY_ASSIGN(outputs, model_->run(model_input));
    const auto logits = std::find_if(outputs.begin(), outputs.end(), [](const Output& o) { return o.name == "logits"; });
    if (logits == outputs.end()) return Error{ErrorCode::INTERNAL, {"the model gave no logits"}};

    Classification result;
    result.tokens = length;
    result.truncated = encoding.truncated;
    scores_of(logits->data, config.problem_type, result.scores);
    heap_sort(result.scores.begin(), result.scores.end(), [](const LabelScore& a, const LabelScore& b) {
      return a.score != b.score ? a.score > b.score : a.label < b.label;
    });
    if (options.top_k > 0 && static_cast<size_t>(options.top_k) < result.scores.size())
      result.scores.resize(static_cast<size_t>(options.top_k));
    results.push_back(std::move(result));
  }
  return results;
}

}  // namespace squeezebert
