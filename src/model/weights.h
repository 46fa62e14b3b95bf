// The weights of one checkpoint, checked against its configuration and laid out for the kernels.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "../formats/tensor_source.h"
#include "../kernels/linear.h"
#include "../tensor/buffer.h"
#include "config.h"

namespace squeezebert {

struct Norm {
  Buffer<float> gain, bias;  // [channels]
  float eps = 0;
};

struct LayerWeights {
  Linear query, key, value, post_attention, intermediate, output;
  Norm attention_norm, output_norm;
};

struct Weights {
  Buffer<float> words;                // [vocabulary, hidden]; empty where `decoder` holds them
  Buffer<float> positions;            // [positions, hidden]
  Buffer<float> types;                // [types, hidden]; empty for families without
  Norm embedding_norm;
  std::vector<LayerWeights> layers;
  std::optional<Linear> pooler;       // on the first token; also the dense layer of DistilBERT's and RoBERTa's heads
  Activation pooler_activation = Activation::tanh;
  std::optional<Linear> classifier;   // of whichever head
  std::optional<Linear> mlm_dense;
  Norm mlm_norm;
  Activation mlm_activation = Activation::gelu;
  std::optional<Linear> decoder;      // masked language model: the word table as the output layer, and for look-ups

  uint64_t bytes() const;
};

// Errors: TENSOR_MISSING, TENSOR_UNEXPECTED, TENSOR_SHAPE, TENSOR_DTYPE with the tensor's name; OUT_OF_MEMORY; those of
// the source. `progress` may be empty.
Result<Weights> load_weights(TensorSource& source, const ModelConfig& config, Head head,
                             const std::function<void(uint64_t done, uint64_t total)>& progress);

}  // namespace squeezebert
