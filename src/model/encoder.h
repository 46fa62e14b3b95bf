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
  Buffer<int32_t> left_lengths, left_mask;    // [rows]: of what is left of the sequences in the last layer

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

// Passes of less work are one thread's: multiply-adds of products, those of floats counted four times, as long as they take.
// Helpers that have slept since the last call take a millisecond or more to be of use: after 30 ms of idling two threads in
// Chromium took 8.8 ms instead of 6.6 for 8 tokens of the full size in q8, 4.8 instead of 3.1 for 64 of the shipped model, but
// 14.9 instead of 19.5 for 8 tokens of the full size in float32. A little above the first (212 million) they are about even then,
// and 1.4 to 1.9 times as fast in calls without a pause. Not a constant, so that tests can have threads in small models.
inline uint64_t least_shared_work = 220'000'000;

// Leaves the last hidden states [rows, hidden] in workspace.states, which reserve() must have made large enough, and returns
// how many rows of each sequence there are. ids, types and lengths must lie inside the model's tables.
// first_only: only the first state of each sequence is wanted, and nothing captured. There may be more of them, and of these only
// the first is right: the last layer then computes no more than it needs for them (all tokens' keys and values, and what
// follows of one token or two), a fifth of a pass of four layers less, with the same bits.
std::span<const int32_t> encode(const ModelConfig& config, const Weights& weights, const Sequences& sequences,
                                Workspace& workspace, const EncoderCapture& capture, bool first_only);

}  // namespace squeezebert
