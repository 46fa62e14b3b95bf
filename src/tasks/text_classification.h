// Text in, labels with scores out.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "../model/model.h"
#include "../tokenizer/tokenizer.h"

namespace squeezebert {

struct LabelScore {
  int32_t label = 0;  // index into config().id2label
  float score = 0;    // 0..1 (softmax, or sigmoid for multi-label models); the raw value for regression
};

struct Classification {
  std::vector<LabelScore> scores;  // highest first; top_k of them
  int32_t tokens = 0;              // tokens that were read
  bool truncated = false;          // the text had more than the model can read
};

struct ClassifyOptions {
  int32_t top_k = 1;  // 0: all labels
};

class TextClassifier {
 public:
  // Neither is owned; both must outlive the classifier. Errors: TASK_MISMATCH.
  static Result<TextClassifier> create(const Tokenizer& tokenizer, Model& model);

  // One result a text, in order. Each text is computed without padding, so a result does not depend on its batch.
  Result<std::vector<Classification>> classify(std::span<const TextInput> inputs, const ClassifyOptions& options = {});

 private:
  TextClassifier(const Tokenizer& tokenizer, Model& model) : tokenizer_(&tokenizer), model_(&model) {}
  const Tokenizer* tokenizer_;
  Model* model_;
};

}  // namespace squeezebert
