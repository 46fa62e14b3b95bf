#include "config.h"

#include <optional>

#include "../formats/json.h"

namespace squeezebert {
namespace {

// Larger numbers than any checkpoint has; with them no product of two sizes leaves 63 bits.
constexpr int64_t kMaxVocabulary = 10'000'000;
constexpr int64_t kMaxChannels = 65'536;
constexpr int64_t kMaxLayers = 1'000;
constexpr int64_t kMaxPositions = 1'000'000;
constexpr int64_t kMaxLabels = 1'000'000;

Error invalid(Detail detail) { return Error{ErrorCode::CONFIG_INVALID, detail}; }

// Reads the fields of one object and remembers the first that is wrong, so that a family's reading stays a plain list.
class Fields {
 public:
  explicit Fields(const json::Value& object) : object_(object) {}

  // A whole number in [least, most]. Without `otherwise` the field must be there.
  int32_t size(std::string_view name, int64_t least, int64_t most, std::optional<int32_t> otherwise = {}) {
    const json::Value* value = object_.find(name);
    if (!value || value->is_null()) {
      if (!otherwise) fail({name, " is missing"});
      return otherwise.value_or(static_cast<int32_t>(least));
    }
    const auto number = value->integer();
    if (!number || *number < least || *number > most) {
      fail({name, " must be a whole number from ", least, " to ", most});
      return static_cast<int32_t>(least);
    }
    return static_cast<int32_t>(*number);
  }

  float epsilon(std::string_view name, double otherwise) {
    const json::Value* value = object_.find(name);
    if (!value || value->is_null()) return static_cast<float>(otherwise);
    const auto number = value->number();
    // Zero would divide a row of equal numbers by zero; the least float is about 1e-38.
    if (!number || !(*number >= 1e-37 && *number <= 1)) {
      fail({name, " must be above 0, at most 1"});
      return 0;
    }
    return static_cast<float>(*number);
  }

  Activation activation(std::string_view name) {
    const json::Value* value = object_.find(name);
    if (!value || value->is_null()) return Activation::gelu;
    const std::string_view text = value->string().value_or("");
    if (text == "gelu") return Activation::gelu;
    if (text == "gelu_new" || text == "gelu_pytorch_tanh") return Activation::gelu_tanh;
    if (text == "relu") return Activation::relu;
    if (text == "silu" || text == "swish") return Activation::silu;
    fail({name, " '", text, "' is not one of gelu, gelu_new, relu, silu"});
    return Activation::gelu;
  }

  void fail(Detail detail) {
    if (!error_) error_ = invalid(detail);
  }
  std::optional<Error>& error() { return error_; }
  const json::Value* find(std::string_view name) const { return object_.find(name); }

 private:
  const json::Value& object_;
  std::optional<Error> error_;
};

void read_labels(Fields& fields, ModelConfig& config) {
  const json::Value* names = fields.find("id2label");
  if (names && names->is_object() && !names->members().empty()) {
    const size_t count = names->members().size();
    config.labels = static_cast<int32_t>(count);
    config.id2label.assign(count, "");
    std::vector<bool> seen(count);
    for (const auto& [key, value] : names->members()) {
      size_t id = 0;
      bool digits = !key.empty() && key.size() <= 7;
      for (const char c : key) {
        digits = digits && c >= '0' && c <= '9';
        if (digits) id = id * 10 + static_cast<size_t>(c - '0');
      }
      if (!digits || id >= count || seen[id] || !value.is_string()) {
        return fields.fail({"id2label must name each label from 0 to ", count - 1, " once, found '", key, "'"});
      }
      seen[id] = true;
      config.id2label[id] = *value.string();
    }
    return;
  }
  if (names && !names->is_null() && !names->is_object()) return fields.fail({"id2label must be an object"});
  config.labels = fields.size("num_labels", 1, kMaxLabels, 2);
  for (int32_t i = 0; i < config.labels; ++i) config.id2label.push_back(join({"LABEL_", i}));
}

void read_layers(Fields& fields, ModelConfig& config) {
  const auto groups = [&](std::string_view name, int32_t otherwise, int32_t in, int32_t out) {
    const int32_t count = fields.size(name, 1, kMaxChannels, otherwise);
    if (in % count != 0 || out % count != 0) {
      fields.fail({name, " (", count, ") must divide ", in, " and ", out});
    }
    return count;
  };
  const int32_t h = config.hidden_size, i = config.intermediate_size;
  config.groups = {groups("q_groups", 4, h, h),
                   groups("k_groups", 4, h, h),
                   groups("v_groups", 4, h, h),
                   groups("post_attention_groups", 1, h, h),
                   groups("intermediate_groups", 4, h, i),
                   groups("output_groups", 4, i, h)};
  config.intermediate_kernel = fields.size("intermediate_kernel", 1, 3, 1);
  if (config.intermediate_kernel == 2) fields.fail({"intermediate_kernel must be 1 or 3"});
  config.excitation_reduction = fields.size("excitation_reduction", 0, h, 0);
  if (config.excitation_reduction > 0 && h % config.excitation_reduction != 0)
    fields.fail({"excitation_reduction (", config.excitation_reduction, ") must divide ", h});
}

}  // namespace

Head head_of_architecture(std::string_view name) {
  if (name.ends_with("ForSequenceClassification")) return Head::sequence_classification;
  if (name.ends_with("ForTokenClassification")) return Head::token_classification;
  if (name.ends_with("ForQuestionAnswering")) return Head::question_answering;
  if (name.ends_with("ForMaskedLM") || name.ends_with("ForPreTraining")) return Head::masked_lm;
  if (name.ends_with("ForMultipleChoice")) return Head::multiple_choice;
  return Head::none;
}

Result<ModelConfig> parse_config(std::string_view text) {
  SQUEEZEBERT_TRY_ASSIGN(root, json::parse(text));
  if (!root.is_object()) return invalid({"not an object"});
  Fields fields(root);
  ModelConfig config;

  const json::Value* type = root.find("model_type");
  const std::string_view family = type ? type->string().value_or("") : "";
  if (family == "squeezebert") config.family = Family::squeezebert;
  else if (family == "bert") config.family = Family::bert;
  else if (family == "distilbert") config.family = Family::distilbert;
  else if (family == "roberta") config.family = Family::roberta;
  else return Error{ErrorCode::MODEL_TYPE_UNSUPPORTED, {family.empty() ? "model_type is missing" : "'", family, family.empty() ? "" : "'"}};

  const bool distil = config.family == Family::distilbert;
  config.vocab_size = fields.size("vocab_size", 1, kMaxVocabulary, 30522);
  config.hidden_size = fields.size(distil ? "dim" : "hidden_size", 1, kMaxChannels, 768);
  config.layers = fields.size(distil ? "n_layers" : "num_hidden_layers", 1, kMaxLayers, distil ? 6 : 12);
  config.heads = fields.size(distil ? "n_heads" : "num_attention_heads", 1, kMaxChannels, 12);
  config.intermediate_size = fields.size(distil ? "hidden_dim" : "intermediate_size", 1, kMaxChannels, 3072);
  config.max_positions = fields.size("max_position_embeddings", 1, kMaxPositions, 512);
  config.type_vocab_size = distil ? 0 : fields.size("type_vocab_size", 1, kMaxPositions, 2);
  config.pad_token_id = fields.size("pad_token_id", 0, kMaxVocabulary, config.family == Family::roberta ? 1 : 0);
  config.activation = fields.activation(distil ? "activation" : "hidden_act");
  if (config.hidden_size % config.heads != 0) {
    fields.fail({"the number of heads (", config.heads, ") must divide the hidden size (", config.hidden_size, ")"});
  }
  const float epsilon = fields.epsilon("layer_norm_eps", 1e-12);
  config.embedding_norm_eps = distil ? 1e-12f : epsilon;
  config.layer_norm_eps = distil || config.family == Family::squeezebert ? 1e-12f : epsilon;
  if (config.family == Family::squeezebert) read_layers(fields, config);
  if (config.family == Family::squeezebert &&
      fields.size("embedding_size", 1, kMaxChannels, config.hidden_size) != config.hidden_size) {
    fields.fail({"embedding_size must equal hidden_size"});
  }
  const json::Value* positions = root.find("position_embedding_type");
  if (positions && positions->is_string() && *positions->string() != "absolute") {
    fields.fail({"position_embedding_type must be absolute"});
  }
  if (config.usable_length() < 1) fields.fail({"max_position_embeddings leaves no usable position"});
  read_labels(fields, config);
  if (const json::Value* problem = root.find("problem_type")) config.problem_type = problem->string().value_or("");
  if (const json::Value* names = root.find("architectures"); names && !names->items().empty()) {
    config.head = head_of_architecture(names->items()[0].string().value_or(""));
  }
  if (fields.error()) return std::move(*fields.error());
  return config;
}

}  // namespace squeezebert
