// The weights of one checkpoint, checked against its configuration and laid out for the kernels.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "../formats/tensor_source.h"
#include "../kernels/linear.h"
#include "../kernels/table.h"
#include "../tensor/buffer.h"
#include "config.h"

namespace squeezebert {

struct Norm {
  Buffer<float> gain, bias;  // [channels]
  float eps = 0;
};

struct LayerWeights {
  Linear query, key, value, post_attention, intermediate, output;
  std::optional<Linear> squeeze, excite;  // the gate of the output, where there is one
  Buffer<float> neighbours;  // [intermediate, 3]; empty where a token is seen alone
  Norm attention_norm, output_norm;
};

struct Weights {
  Table words;                        // [vocabulary, hidden]; empty where `decoder` holds them
  Table positions;                    // [positions, hidden]
  Table types;                        // [types, hidden]; empty for families without
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

// Numbers in a file from which on float weights become q8 where nobody says how to keep them.
inline constexpr uint64_t kLargeModel = 8'000'000;

// Reads weights while their file comes.
class WeightLoader {
 public:
  static constexpr uint64_t kWholeFile = UINT64_MAX;

  virtual ~WeightLoader() = default;
  // Reads what lies in the first `available` bytes of the file and has not been read; with kWholeFile all the rest. Gives
  // the offset from which on it will read, 0 where it needs the whole file at once, for tensors of codes. Only of a single
  // safetensors file may anything but the whole be available.
  // Errors: TENSOR_MISSING, TENSOR_UNEXPECTED, TENSOR_SHAPE, TENSOR_DTYPE, TENSOR_VALUE with the tensor's name;
  // OUT_OF_MEMORY; those of the source. After one it is not to be called again.
  virtual Result<uint64_t> proceed(uint64_t available) = 0;
};

// `type`: how to keep the weights, whatever the file holds. Empty: those that the file holds as q8 or q4 as they are, float
// ones as fp32, or as q8 in large models. `words`: how to keep the word embeddings; empty: as the others. `config` and `weights` must outlive the loader.
std::unique_ptr<WeightLoader> load_weights(std::unique_ptr<TensorSource> source, const ModelConfig& config, Head head,
                                           std::optional<WeightType> type, std::optional<WeightType> words,
                                           Weights& weights);

}  // namespace squeezebert
