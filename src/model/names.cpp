#include "names.h"

namespace squeezebert {
namespace {

constexpr Names kSqueezeBert = {
    .prefix = "transformer.",
    .word_embeddings = "embeddings.word_embeddings",
    .position_embeddings = "embeddings.position_embeddings",
    .token_type_embeddings = "embeddings.token_type_embeddings",
    .embedding_norm = "embeddings.LayerNorm",
    .query = "encoder.layers.#.attention.query",
    .key = "encoder.layers.#.attention.key",
    .value = "encoder.layers.#.attention.value",
    .post_attention = "encoder.layers.#.post_attention.conv1d",
    .attention_norm = "encoder.layers.#.post_attention.layernorm",
    .intermediate = "encoder.layers.#.intermediate.conv1d",
    .output = "encoder.layers.#.output.conv1d",
    .output_norm = "encoder.layers.#.output.layernorm",
    .pooler = "pooler.dense",
    .head_dense = "",
    .classifier = "classifier",
    .mlm_dense = "cls.predictions.transform.dense",
    .mlm_norm = "cls.predictions.transform.LayerNorm",
    .mlm_bias = "cls.predictions.bias",
};

constexpr Names kBert = {
    .prefix = "bert.",
    .word_embeddings = "embeddings.word_embeddings",
    .position_embeddings = "embeddings.position_embeddings",
    .token_type_embeddings = "embeddings.token_type_embeddings",
    .embedding_norm = "embeddings.LayerNorm",
    .query = "encoder.layer.#.attention.self.query",
    .key = "encoder.layer.#.attention.self.key",
    .value = "encoder.layer.#.attention.self.value",
    .post_attention = "encoder.layer.#.attention.output.dense",
    .attention_norm = "encoder.layer.#.attention.output.LayerNorm",
    .intermediate = "encoder.layer.#.intermediate.dense",
    .output = "encoder.layer.#.output.dense",
    .output_norm = "encoder.layer.#.output.LayerNorm",
    .pooler = "pooler.dense",
    .head_dense = "",
    .classifier = "classifier",
    .mlm_dense = "cls.predictions.transform.dense",
    .mlm_norm = "cls.predictions.transform.LayerNorm",
    .mlm_bias = "cls.predictions.bias",
};

constexpr Names kDistilBert = {
    .prefix = "distilbert.",
    .word_embeddings = "embeddings.word_embeddings",
    .position_embeddings = "embeddings.position_embeddings",
    .token_type_embeddings = "",
    .embedding_norm = "embeddings.LayerNorm",
    .query = "transformer.layer.#.attention.q_lin",
    .key = "transformer.layer.#.attention.k_lin",
    .value = "transformer.layer.#.attention.v_lin",
    .post_attention = "transformer.layer.#.attention.out_lin",
    .attention_norm = "transformer.layer.#.sa_layer_norm",
    .intermediate = "transformer.layer.#.ffn.lin1",
    .output = "transformer.layer.#.ffn.lin2",
    .output_norm = "transformer.layer.#.output_layer_norm",
    .pooler = "",
    .head_dense = "pre_classifier",
    .classifier = "classifier",
    .mlm_dense = "vocab_transform",
    .mlm_norm = "vocab_layer_norm",
    .mlm_bias = "vocab_projector.bias",
};

constexpr Names roberta() {
  Names names = kBert;
  names.prefix = "roberta.";
  names.head_dense = "classifier.dense";
  names.classifier = "classifier.out_proj";
  names.mlm_dense = "lm_head.dense";
  names.mlm_norm = "lm_head.layer_norm";
  names.mlm_bias = "lm_head.bias";
  return names;
}
constexpr Names kRoberta = roberta();

}  // namespace

const Names& names_of(Family family) {
  switch (family) {
    case Family::squeezebert: return kSqueezeBert;
    case Family::bert: return kBert;
    case Family::distilbert: return kDistilBert;
    case Family::roberta: return kRoberta;
  }
  return kBert;
}

std::string layer_name(std::string_view pattern, int32_t layer) {
  const size_t at = pattern.find('#');
  return join({pattern.substr(0, at), layer, pattern.substr(at + 1)});
}

bool belongs_to_a_head(std::string_view name) {
  for (const std::string_view head : {"classifier.", "qa_outputs.", "cls.", "pre_classifier.", "vocab_", "lm_head.", "mlm_loss"}) {
    if (name.starts_with(head)) return true;
  }
  return name.ends_with("position_ids") || name.ends_with("token_type_ids") || name.find("pooler.dense.") != name.npos;
}

}  // namespace squeezebert
