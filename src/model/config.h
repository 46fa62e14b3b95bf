// config.json of a Hugging Face checkpoint, read once and checked: every later layer may trust these numbers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "../formats/file_set.h"
#include "../kernels/activation.h"

namespace squeezebert {

enum class Family : uint8_t { squeezebert, bert, distilbert, roberta };
enum class Head : uint8_t {
  none,                     // last_hidden_state and, where the checkpoint has a pooler, pooler_output
  sequence_classification,  // logits [batch, labels]
  token_classification,     // logits [batch, tokens, labels]
  question_answering,       // start_logits, end_logits [batch, tokens]
  masked_lm,                // logits [batch, tokens, vocabulary]
  multiple_choice,          // logits [batch * choices, 1]
};

// Output group counts of the six position-wise layers; 1 is a plain linear layer, `channels` a depthwise one.
struct Groups {
  int32_t query = 1, key = 1, value = 1, post_attention = 1, intermediate = 1, output = 1;
};

struct ModelConfig {
  Family family = Family::squeezebert;
  Head head = Head::none;            // from `architectures`; none where that is absent
  int32_t vocab_size = 0;
  int32_t hidden_size = 0;
  int32_t layers = 0;
  int32_t heads = 0;                 // divides hidden_size
  int32_t intermediate_size = 0;
  int32_t max_positions = 0;         // rows of the position table
  int32_t type_vocab_size = 0;       // 0: no token types (DistilBERT)
  int32_t pad_token_id = 0;
  Activation activation = Activation::gelu;
  Groups groups;                     // each divides its layer's input and output channels
  int32_t intermediate_kernel = 1;   // tokens that the intermediate layer sees: 1, or 3 (its neighbours too)
  int32_t excitation_reduction = 0;  // a layer's output is gated through hidden_size / this many channels; 0: it is not
  float embedding_norm_eps = 1e-12f; // also of the masked-language-model transform
  float layer_norm_eps = 1e-12f;     // of the two norms inside every layer
  int32_t labels = 2;
  std::vector<std::string> id2label; // size `labels`; "LABEL_0", ... where the file has none (UTF-8)
  std::string problem_type;          // "", "single_label_classification", "multi_label_classification", "regression"

  int32_t head_size() const { return hidden_size / heads; }
  int32_t usable_length() const { return family == Family::roberta ? max_positions - pad_token_id - 1 : max_positions; }
};

// Errors: JSON_SYNTAX, CONFIG_INVALID (naming the field), MODEL_TYPE_UNSUPPORTED (naming the type).
Result<ModelConfig> parse_config(std::string_view json);

// "SqueezeBertForSequenceClassification" and the like; Head::none for bare encoders and unknown names.
Head head_of_architecture(std::string_view architecture);

}  // namespace squeezebert
