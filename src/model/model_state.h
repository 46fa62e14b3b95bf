// What a Model holds; for src/model only.
#pragma once

#include <vector>

#include "encoder.h"
#include "model.h"
#include "weights.h"

namespace squeezebert {

struct Model::State {
  ModelConfig config;
  Head head = Head::none;
  Weights weights;
  std::unique_ptr<WeightLoader> loader;  // until the weights are complete
  Workspace workspace;
  // What run() returns, in buffers that stay.
  Buffer<float> last_hidden, pooled, logits, starts, ends, hidden_states, attentions, scores;
  Buffer<float> first_tokens;  // [sequences, hidden]: input of the pooler
  LinearInput head_input;      // of the layers after the encoder
  Buffer<float> two;           // [rows, 2]: answer logits before they part
  std::vector<Output> outputs;

  Result<void> check(const ModelInput& in, const OutputOptions& options, bool equal) const;
  void apply(const Linear& layer, const Matrix<const float>& x, Matrix<float>& y, Activation activation = Activation::none);
  void run_head(bool pools, size_t rows, size_t row, size_t sequence, std::span<const int32_t> lengths);
};

}  // namespace squeezebert
