// How each family of checkpoints names its tensors. The engine asks for parts; only this table knows families.
#pragma once

#include <string>
#include <string_view>

#include "config.h"

namespace squeezebert {

// Names without the family's prefix and without ".weight" / ".bias"; "#" in a layer's name stands for its number.
struct Names {
  std::string_view prefix;  // of every encoder tensor; absent in files saved from a bare encoder
  std::string_view word_embeddings, position_embeddings, token_type_embeddings, embedding_norm;
  std::string_view query, key, value, post_attention, attention_norm, intermediate, output, output_norm;
  std::string_view pooler;             // within the encoder; empty: none
  std::string_view head_dense;         // dense layer before the classifier, outside the encoder; empty: the pooler is it
  std::string_view classifier;         // of sequence classification (and, save for RoBERTa, of multiple choice)
  std::string_view mlm_dense, mlm_norm;
  std::string_view mlm_bias;           // full name
};

const Names& names_of(Family family);

// `pattern` with its "#" replaced by `layer`.
std::string layer_name(std::string_view pattern, int32_t layer);

// Tensors that belong to some head or are buffers: they may be in a file without being asked for.
bool belongs_to_a_head(std::string_view name);

}  // namespace squeezebert
