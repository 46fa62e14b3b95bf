// Each kernel equals its plain reference over odd sizes.
#include <gtest/gtest.h>


#include "kernels/activation.h"
#include "kernels/attention.h"
#include "kernels/layer_norm.h"
#include "kernels/reference.h"
#include "numbers.h"

namespace squeezebert {
namespace {

class Activations : public testing::TestWithParam<Activation> {};

TEST_P(Activations, EqualTheReference) {
  for (const size_t size : {1, 2, 3, 4, 5, 63, 4001}) {
    std::vector<float> values(size), expected(size);
    for (size_t i = 0; i < size; ++i) {
      values[i] = size == 1 ? 0.7f : -12.0f + 24.0f * static_cast<float>(i) / static_cast<float>(size - 1);
      expected[i] = reference::activate(GetParam(), values[i]);
    }
    const std::vector<float> inputs = values;
    activate(GetParam(), values.data(), size);
    for (size_t i = 0; i < size; ++i) ASSERT_NEAR(values[i], expected[i], 1e-6 * (1 + std::abs(inputs[i]))) << inputs[i];
  }
}

TEST_P(Activations, TakeColumnsOfAMatrixAndLeaveTheOthers) {
  std::mt19937 random(11);
  const auto values = normal(5 * 20, random);
  for (const size_t columns : {1, 3, 4, 8}) {
    auto got = values;
    activate_columns(GetParam(), got.data() + 2, 20, 5, columns);
    for (size_t i = 0; i < got.size(); ++i) {
      const bool inside = i % 20 >= 2 && i % 20 < 2 + columns;
      if (inside) EXPECT_NEAR(got[i], reference::activate(GetParam(), values[i]), 1e-5);
      else EXPECT_EQ(got[i], values[i]);
    }
  }
}

TEST_P(Activations, StayFiniteAtTheEnds) {
  std::vector<float> values = {-3e38f, 3e38f, -100, 100, -0.0f};
  activate(GetParam(), values.data(), values.size());
  if (GetParam() == Activation::gelu_tanh) values.resize(4), values.erase(values.begin(), values.begin() + 2);  // x^3 overflows
  for (const float v : values) EXPECT_FALSE(std::isnan(v));
}

INSTANTIATE_TEST_SUITE_P(All, Activations,
                         testing::Values(Activation::none, Activation::gelu, Activation::gelu_tanh, Activation::relu,
                                         Activation::silu, Activation::tanh));

TEST(LayerNorm, EqualsTheReference) {
  std::mt19937 random(5);
  for (const size_t channels : {1, 2, 3, 5, 8, 31, 64, 67, 768}) {
    for (const bool with_residual : {false, true}) {
      const size_t count = 9;
      auto x = normal(count * channels, random);
      auto expected = x;
      const auto residual = normal(count * channels, random), gain = normal(channels, random), bias = normal(channels, random);
      const auto added = matrix<const float>(residual.data(), with_residual ? count : 0, channels);
      Matrix<float> got = matrix(x.data(), count, channels), want = matrix(expected.data(), count, channels);
      layer_norm(got, added, gain.data(), bias.data(), 1e-5f);
      reference::layer_norm(want, added, gain, bias, 1e-5f);
      ASSERT_LE(relative(x, expected), 1e-5) << channels;
    }
  }
}

TEST(LayerNorm, KeepsItsDigitsFarFromZero) {
  std::mt19937 random(5);
  auto x = normal(768, random);
  for (float& v : x) v += 1000;
  auto expected = x;
  const std::vector<float> gain(768, 1), bias(768, 0);
  Matrix<float> got = matrix(x.data(), 1, 768), want = matrix(expected.data(), 1, 768);
  layer_norm(got, matrix<const float>(nullptr, 0, 0), gain.data(), bias.data(), 1e-12f);
  reference::layer_norm(want, matrix<const float>(nullptr, 0, 0), gain, bias, 1e-12f);
  EXPECT_LE(relative(x, expected), 1e-4);  // the inputs themselves have only 2^-14 there
}

TEST(Attention, EqualsTheReference) {
  std::mt19937 random(11);
  for (const size_t heads : {1, 3}) {
    for (const size_t size : {1, 5, 8, 16, 21}) {
      for (size_t tokens = 1; tokens <= 67; tokens += tokens < 12 ? 1 : 11) {
        const size_t hidden = heads * size;
        const auto q = normal(tokens * hidden, random), k = normal(tokens * hidden, random), v = normal(tokens * hidden, random);
        for (const int masking : {0, 1, 2}) {  // none, some, all
          std::vector<int32_t> mask(masking == 0 ? 0 : tokens);
          for (auto& m : mask) m = masking == 1 && random() % 3 != 0;
          std::vector<float> got(tokens * hidden, NAN), want(tokens * hidden), work(attention_workspace(tokens, size), NAN);
          const auto view = [&](const std::vector<float>& m) { return matrix<const float>(m.data(), tokens, hidden); };
          Matrix<float> context = matrix(got.data(), tokens, hidden), reference = matrix(want.data(), tokens, hidden);
          attention(view(q), view(k), view(v), mask, heads, Scoring::floats, work.data(), context);
          reference::attention(view(q), view(k), view(v), mask, heads, reference);
          ASSERT_LE(relative(got, want), 1e-5) << heads << " heads of " << size << ", " << tokens << " tokens, mask " << masking;
          // Some queries alone attend as they do among all.
          const size_t some = (tokens + 1) / 2;
          std::vector<float> part(some * hidden, NAN);
          Matrix<float> part_context = matrix(part.data(), some, hidden);
          attention(matrix<const float>(q.data(), some, hidden), view(k), view(v), mask, heads, Scoring::floats, work.data(), part_context);
          ASSERT_TRUE(std::equal(part.begin(), part.end(), got.begin()));
        }
      }
    }
  }
}

// Scores from rounded queries and keys, by the definition: each query in 255 steps between its ends, each key in 127 steps
// either side of 0. The reference then gets the rounded numbers.
TEST(Attention, OfCodesEqualsTheReferenceOnRoundedNumbers) {
  std::mt19937 random(12);
  for (const size_t heads : {1, 3}) {
    for (const size_t size : {1, 5, 8, 16, 21, 64}) {
      for (const size_t tokens : {1, 2, 7, 8, 9, 33, 67}) {
        const size_t hidden = heads * size;
        const auto q = normal(tokens * hidden, random), k = normal(tokens * hidden, random), v = normal(tokens * hidden, random);
        auto q_rounded = q, k_rounded = k;
        for (size_t first = 0; first < q.size(); first += size) {
          const auto query = std::span(q_rounded).subspan(first, size), key = std::span(k_rounded).subspan(first, size);
          const auto [least, most] = std::minmax_element(query.begin(), query.end());
          const float low = *least, range = *most - *least;
          float largest = 0;
          for (const float x : key) largest = std::max(largest, std::abs(x));
          for (float& x : query) x = range > 0 ? low + std::nearbyint((x - low) * (255 / range)) * (range / 255) : x;
          for (float& x : key) x = std::nearbyint(x * (127 / largest)) * (largest / 127);
        }
        std::vector<int32_t> mask(tokens);
        for (auto& m : mask) m = random() % 3 != 0;
        std::vector<float> got(tokens * hidden, NAN), want(tokens * hidden), work(attention_workspace(tokens, size), NAN);
        const auto view = [&](const std::vector<float>& m) { return matrix<const float>(m.data(), tokens, hidden); };
        Matrix<float> context = matrix(got.data(), tokens, hidden), reference = matrix(want.data(), tokens, hidden);
        attention(view(q), view(k), view(v), mask, heads, Scoring::codes, work.data(), context);
        reference::attention(view(q_rounded), view(k_rounded), view(v), mask, heads, reference);
        ASSERT_LE(relative(got, want), 1e-5) << heads << " heads of " << size << ", " << tokens << " tokens";
      }
    }
  }
}

}  // namespace
}  // namespace squeezebert
