// The encoder: token ids of one or more sequences to their states, layer after layer.
#pragma once

#include <cstdint>
#include <span>

#include "../tensor/buffer.h"
#include "config.h"
#include "weights.h"

namespace squeezebert {

// Working memory of a forward pass, kept between calls; it grows to the largest pass and then stays.
class Workspace {
 public:
  // Room for `rows` tokens in sequences of at most `longest`. False: out of memory.
  [[nodiscard]] bool reserve(const ModelConfig& config, const Weights& weights, size_t rows, size_t longest);

  Buffer<float> states;                       // x [rows, hidden]: the running state
  Buffer<float> query, key, value, context;   // [rows, hidden]; query also takes each layer's output before its norm
  Buffer<float> intermediate;                 // [rows, intermediate]
  Buffer<float> attention;                    // attention_workspace(longest, head_size)
  LinearInput input;                          // of the layer at work

  uint64_t bytes() const;
};

// Sequences that are computed together.
struct Sequences {
  std::span<const int32_t> ids;      // [rows]
  std::span<const int32_t> types;    // [rows] or empty
  std::span<const int32_t> mask;     // [rows] or empty
  std::span<const int32_t> lengths;  // rows in all
};

// Where to copy what happens on the way. Null: not wanted.
struct EncoderCapture {
  float* hidden_states = nullptr;    // first layer's; layer l at l * layer_stride
  size_t hidden_stride = 0;
  float* scores = nullptr;           // [heads, tokens, tokens] a sequence; layer l at l * attention_stride
  float* probabilities = nullptr;
  size_t attention_stride = 0;
};

// Leaves the last hidden states [rows, hidden] in workspace.states, which reserve() must have made large enough.
// ids, types and lengths must lie inside the model's tables.
void encode(const ModelConfig& config, const Weights& weights, const Sequences& sequences, Workspace& workspace,
            const EncoderCapture& capture);

}  // namespace squeezebert
