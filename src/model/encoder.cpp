#include "encoder.h"

#include <algorithm>

#include "../kernels/attention.h"
#include "../kernels/layer_norm.h"
#include "../kernels/neighbours.h"
#include "../parallel/parallel.h"
#include "excitation.h"

namespace squeezebert {
namespace {

Matrix<const float> constant(const Matrix<float>& m) {
  return matrix<const float>(m.data(), rows(m), columns(m), columns(m));
}

const Matrix<const float> kNoResidual = matrix<const float>(nullptr, 0, 0);

void normalize(Matrix<float>& x, const Matrix<const float>& residual, const Norm& norm) {
  layer_norm(x, residual, norm.gain.data(), norm.bias.data(), norm.eps);
}

// states[r] = word[id] + position + type, then the embedding norm.
void embed(const ModelConfig& config, const Weights& weights, const Sequences& in, Matrix<float>& states) {
  const size_t hidden = columns(states);
  size_t r = 0;
  for (const int32_t length : in.lengths) {
    int32_t real = 0;  // RoBERTa counts positions over the tokens that are not padding, from pad + 1 on
    for (int32_t t = 0; t < length; ++t, ++r) {
      const int32_t id = in.ids[r];
      int32_t position = t;
      if (config.family == Family::roberta) {
        position = id == config.pad_token_id ? config.pad_token_id : config.pad_token_id + ++real;
      }
      float* out = row(states, r);
      if (weights.decoder) {
        for (size_t c = 0; c < hidden; ++c) out[c] = weights.decoder->weight(static_cast<size_t>(id), c);
      } else {
        std::fill_n(out, hidden, 0.0f);
        weights.words.add_row(static_cast<size_t>(id), out);
      }
      weights.positions.add_row(static_cast<size_t>(position), out);
      if (weights.types.rows() > 0) weights.types.add_row(in.types.empty() ? 0 : static_cast<size_t>(in.types[r]), out);
    }
  }
  normalize(states, kNoResidual, weights.embedding_norm);
}

// Moves the states x of each sequence's first `most` tokens together; returns what is left of the sequences.
Sequences keep_first(const Sequences& in, int32_t most, Matrix<float>& x, Workspace& work) {
  size_t first = 0, to = 0;
  for (size_t s = 0; s < in.lengths.size(); ++s) {
    const int32_t length = in.lengths[s], left = std::min(length, most);
    for (size_t r = first; r < first + static_cast<size_t>(left); ++r, ++to) {
      if (r != to) std::copy_n(row(x, r), columns(x), row(x, to));
      if (!in.mask.empty()) work.left_mask[to] = in.mask[r];
    }
    work.left_lengths[s] = left;
    first += static_cast<size_t>(length);
  }
  return {in.ids.first(to), {}, work.left_mask.span().first(in.mask.empty() ? 0 : to), work.left_lengths.span().first(in.lengths.size())};
}

}  // namespace

bool Workspace::reserve(const ModelConfig& config, const Weights& weights, size_t rows, size_t longest) {
  const uint64_t hidden = static_cast<uint64_t>(config.hidden_size);
  for (Buffer<float>* buffer : {&states, &query, &key, &value, &context}) {
    if (!buffer->reserve(rows * hidden)) return false;
  }
  for (const LayerWeights& l : weights.layers) {
    for (const Linear* part : {&l.query, &l.key, &l.value, &l.post_attention, &l.intermediate, &l.output})
      if (!part->reserve(input, rows)) return false;
    for (const auto* part : {&l.squeeze, &l.excite})
      if (*part && !(*part)->reserve(input, rows)) return false;
  }
  return left_lengths.reserve(rows) && left_mask.reserve(rows) &&
         intermediate.reserve(rows * static_cast<uint64_t>(config.intermediate_size)) &&
         attention.reserve(attention_workspace(longest, static_cast<size_t>(config.head_size())));
}

uint64_t Workspace::bytes() const {
  return states.bytes() + query.bytes() + key.bytes() + value.bytes() + context.bytes() + intermediate.bytes() +
         attention.bytes() + input.bytes() + left_lengths.bytes() + left_mask.bytes();
}

std::span<const int32_t> encode(const ModelConfig& config, const Weights& weights, const Sequences& in, Workspace& work,
                                const EncoderCapture& capture, bool first_only) {
  size_t count = in.ids.size();
  const size_t hidden = static_cast<size_t>(config.hidden_size);
  const size_t heads = static_cast<size_t>(config.heads);
  const auto view = [&](Buffer<float>& buffer) { return matrix(buffer.data(), count, hidden); };
  Matrix<float> x = view(work.states), q = view(work.query), k = view(work.key), v = view(work.value),
                context = view(work.context);
  Matrix<float> wide = matrix(work.intermediate.data(), count, static_cast<size_t>(config.intermediate_size));
  const auto keep_states = [&](size_t layer) {
    if (capture.hidden_states) {
      std::copy_n(x.data(), count * hidden, capture.hidden_states + layer * capture.hidden_stride);
    }
  };

  // All layers are of one kind and size.
  const LayerWeights& some = weights.layers[0];
  const size_t products = 3 * some.query.products() + some.post_attention.products() + some.intermediate.products() +
                          some.output.products();
  const uint64_t work_ahead = uint64_t{count} * weights.layers.size() * products * (some.query.coded() ? 1 : 4);
  [[maybe_unused]] const OneThread alone(work_ahead < least_shared_work);

  Sequences left = in;  // what the rest of a layer computes, once all tokens have their keys and values
  embed(config, weights, in, x);
  keep_states(0);
  for (size_t l = 0; l < weights.layers.size(); ++l) {
    const LayerWeights& layer = weights.layers[l];
    work.input.set(constant(x));
    layer.key.apply(work.input, k);
    layer.value.apply(work.input, v);
    if (first_only && l + 1 == weights.layers.size() && !layer.squeeze) {
      left = keep_first(in, layer.neighbours.size() == 0 ? 1 : 2, x, work);
      count = left.ids.size();
      for (Matrix<float>* m : {&x, &q, &context}) *m = matrix(m->data(), count, hidden);
      wide = matrix(wide.data(), count, columns(wide));
      work.input.set(constant(x));
    }
    layer.query.apply(work.input, q);
    size_t first = 0, query = 0, captured = l * capture.attention_stride;
    for (size_t s = 0; s < in.lengths.size(); ++s) {
      const auto tokens = static_cast<size_t>(in.lengths[s]), queries = static_cast<size_t>(left.lengths[s]);
      const auto part = [&](const Matrix<float>& m) {
        return matrix<const float>(m.data() + first * hidden, tokens, hidden);
      };
      Matrix<float> out = matrix(context.data() + query * hidden, queries, hidden);
      attention(matrix<const float>(q.data() + query * hidden, queries, hidden), part(k), part(v),
                in.mask.empty() ? in.mask : in.mask.subspan(first, tokens), heads,
                layer.query.coded() ? Scoring::codes : Scoring::floats, work.attention.data(), out,
                {capture.scores ? capture.scores + captured : nullptr,
                 capture.probabilities ? capture.probabilities + captured : nullptr});
      first += tokens;
      query += queries;
      captured += heads * tokens * tokens;
    }
    work.input.set(constant(context));
    layer.post_attention.apply(work.input, q);
    normalize(q, constant(x), layer.attention_norm);  // a, in q
    work.input.set(constant(q));
    if (layer.neighbours.size() == 0) {
      layer.intermediate.apply(work.input, wide, config.activation);
    } else {
      layer.intermediate.apply(work.input, wide);
      // To its neighbour a token that is masked is none.
      for (size_t r = 0; r < left.mask.size(); ++r)
        if (left.mask[r] == 0) std::fill_n(row(wide, r), columns(wide), 0.0f);
      convolve_neighbours(wide, left.lengths, layer.neighbours.data(), config.activation);
    }
    work.input.set(constant(wide));
    layer.output.apply(work.input, x);
    if (layer.squeeze) excite(layer, in, work, x);
    normalize(x, constant(q), layer.output_norm);
    keep_states(l + 1);
  }
  return left.lengths;
}

}  // namespace squeezebert
