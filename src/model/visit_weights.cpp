#include "visit_weights.h"

namespace squeezebert {

Result<void> visit_weights(const ModelConfig& config, Head head, std::string_view prefix, Weights& weights,
                           WeightVisitor& visitor) {
  const Names& names = names_of(config.family);
  const size_t h = static_cast<size_t>(config.hidden_size), wide = static_cast<size_t>(config.intermediate_size);
  const auto size = [](int32_t n) { return static_cast<size_t>(n); };
  // One name at a time, in one place: a string for each would be much code to destroy.
  std::string text;
  const auto whole = [&](std::string_view name) -> const std::string& { return text = name; };
  const auto inner = [&](std::string_view name) -> const std::string& { return text = join({prefix, name}); };
  const auto made = [](std::optional<Linear>& optional) -> Linear& { return optional ? *optional : optional.emplace(); };

  if (head == Head::masked_lm) {
    SQUEEZEBERT_TRY(visitor.decoder(inner(names.word_embeddings), std::string(names.mlm_bias), made(weights.decoder),
                                    LinearShape{h, size(config.vocab_size)}));
  } else {
    SQUEEZEBERT_TRY(visitor.table(inner(names.word_embeddings), weights.words, size(config.vocab_size), true));
  }
  SQUEEZEBERT_TRY(visitor.table(inner(names.position_embeddings), weights.positions, size(config.max_positions), true));
  if (config.type_vocab_size > 0)
    SQUEEZEBERT_TRY(visitor.table(inner(names.token_type_embeddings), weights.types, size(config.type_vocab_size), false));
  SQUEEZEBERT_TRY(visitor.norm(inner(names.embedding_norm), weights.embedding_norm, config.embedding_norm_eps));

  const Groups& g = config.groups;
  for (int32_t n = 0; n < config.layers; ++n) {
    auto& layer = weights.layers[size(n)];
    const auto name = [&](std::string_view pattern) -> const std::string& { return inner(layer_name(pattern, n)); };
    SQUEEZEBERT_TRY(visitor.linear(name(names.query), layer.query, LinearShape{h, h, size(g.query)}));
    SQUEEZEBERT_TRY(visitor.linear(name(names.key), layer.key, LinearShape{h, h, size(g.key)}));
    SQUEEZEBERT_TRY(visitor.linear(name(names.value), layer.value, LinearShape{h, h, size(g.value)}));
    SQUEEZEBERT_TRY(visitor.linear(name(names.post_attention), layer.post_attention, LinearShape{h, h, size(g.post_attention)}));
    SQUEEZEBERT_TRY(visitor.norm(name(names.attention_norm), layer.attention_norm, config.layer_norm_eps));
    SQUEEZEBERT_TRY(visitor.linear(name(names.intermediate), layer.intermediate, LinearShape{h, wide, size(g.intermediate)}));
    if (config.intermediate_kernel == 3)
      SQUEEZEBERT_TRY(visitor.neighbours(name("encoder.layers.#.intermediate.neighbours"), layer.neighbours, wide));
    SQUEEZEBERT_TRY(visitor.linear(name(names.output), layer.output, LinearShape{wide, h, size(g.output)}));
    if (config.excitation_reduction > 0) {
      const size_t narrow = h / size(config.excitation_reduction);
      SQUEEZEBERT_TRY(visitor.linear(name("encoder.layers.#.output.excitation.squeeze"), made(layer.squeeze),
                                     LinearShape{h, narrow, 1, false}));
      SQUEEZEBERT_TRY(visitor.linear(name("encoder.layers.#.output.excitation.excite"), made(layer.excite),
                                     LinearShape{narrow, h, 1, false}));
    }
    SQUEEZEBERT_TRY(visitor.norm(name(names.output_norm), layer.output_norm, config.layer_norm_eps));
  }

  const bool classifies = head == Head::sequence_classification || head == Head::multiple_choice;
  // RoBERTa answers multiple choice from its pooler, like BERT; its classification head has a dense layer of its own.
  const bool own_dense = !names.head_dense.empty() && classifies &&
                         !(config.family == Family::roberta && head == Head::multiple_choice);
  const std::string& dense = own_dense ? whole(names.head_dense) : inner(names.pooler);
  if (own_dense || (!names.pooler.empty() && (classifies || visitor.pooler(dense))))
    SQUEEZEBERT_TRY(visitor.linear(dense, made(weights.pooler), LinearShape{h, h}));

  // The last layer of a head is small and its rounding errors are nobody's to mend: it stays in float32.
  const auto classifier = [&](std::string_view name, size_t labels) {
    return visitor.linear(whole(name), made(weights.classifier), LinearShape{h, labels, 1, false});
  };
  switch (head) {
    case Head::none: return {};
    case Head::sequence_classification: return classifier(names.classifier, size(config.labels));
    case Head::token_classification: return classifier("classifier", size(config.labels));
    case Head::multiple_choice: return classifier("classifier", 1);
    case Head::question_answering: return classifier("qa_outputs", 2);
    case Head::masked_lm: break;
  }
  SQUEEZEBERT_TRY(visitor.linear(whole(names.mlm_dense), made(weights.mlm_dense), LinearShape{h, h}));
  return visitor.norm(whole(names.mlm_norm), weights.mlm_norm, config.embedding_norm_eps);
}

}  // namespace squeezebert
