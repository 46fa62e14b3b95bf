// Scaled dot-product attention of one sequence (Vaswani et al. 2017), all heads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "../tensor/matrix.h"

namespace squeezebert {

// Where to copy what happens inside, for outputs that users ask for. Null: not wanted. Each [heads, queries, tokens].
struct AttentionCapture {
  float* scores = nullptr;         // scaled and masked, before softmax
  float* probabilities = nullptr;  // after softmax
};

// How the scores are computed: in float32, or from queries and keys rounded as a q8 layer's inputs and weights are. The
// probabilities and the context are float32 in both: rounded to 127 steps, the many small probabilities of a long text would
// be lost.
enum class Scoring : uint8_t { floats, codes };

// Floats of working memory that attention() needs for a sequence, with the threads that there are now.
uint64_t attention_workspace(size_t tokens, size_t head_size);

// k, v: [tokens, heads * head_size]; q, context: [queries, the same], of all tokens or of some; head h owns columns
// [h * head_size, (h + 1) * head_size).
// context = softmax(q k^T / sqrt(head_size) + (1 - mask) * lowest float) v, per head.
// mask [tokens]: 1, or 0 for positions that nobody may attend to; empty: all 1. A row that is all masked attends evenly.
void attention(const Matrix<const float>& q, const Matrix<const float>& k, const Matrix<const float>& v,
               std::span<const int32_t> mask, size_t heads, Scoring scoring, float* workspace, Matrix<float>& context,
               const AttentionCapture& capture = {});

}  // namespace squeezebert
