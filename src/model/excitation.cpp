#include "excitation.h"

#include <algorithm>

namespace squeezebert {

void excite(const LayerWeights& layer, const Sequences& in, Workspace& work, Matrix<float>& x) {
  const size_t texts = in.lengths.size(), hidden = columns(x);
  Matrix<float> means = matrix(work.key.data(), texts, hidden), gates = matrix(work.context.data(), texts, hidden);
  Matrix<float> narrow = matrix(work.value.data(), texts, layer.squeeze->out());
  std::fill_n(means.data(), texts * hidden, 0.0f);
  size_t r = 0;
  for (size_t text = 0; text < texts; ++text) {
    float* mean = row(means, text);
    float count = 0;
    for (int32_t t = 0; t < in.lengths[text]; ++t, ++r) {
      if (!in.mask.empty() && in.mask[r] == 0) continue;
      ++count;
      for (size_t c = 0; c < hidden; ++c) mean[c] += row(x, r)[c];
    }
    for (size_t c = 0; c < hidden; ++c) mean[c] /= std::max(count, 1.0f);
  }
  work.input.set(matrix<const float>(means.data(), texts, hidden));
  layer.squeeze->apply(work.input, narrow, Activation::relu);
  work.input.set(matrix<const float>(narrow.data(), texts, columns(narrow)));
  layer.excite->apply(work.input, gates);
  // sigmoid(u) = (1 + tanh(u / 2)) / 2
  float* u = gates.data();
  for (size_t i = 0; i < texts * hidden; ++i) u[i] *= 0.5f;
  activate(Activation::tanh, u, texts * hidden);
  for (size_t i = 0; i < texts * hidden; ++i) u[i] = 0.5f + 0.5f * u[i];
  r = 0;
  for (size_t text = 0; text < texts; ++text)
    for (int32_t t = 0; t < in.lengths[text]; ++t, ++r)
      for (size_t c = 0; c < hidden; ++c) row(x, r)[c] *= row(gates, text)[c];
}

}  // namespace squeezebert
