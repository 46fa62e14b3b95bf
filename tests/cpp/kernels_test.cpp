// Each kernel equals its plain reference over odd sizes.
#include <gtest/gtest.h>

#include <random>

#include "kernels/activation.h"
#include "kernels/attention.h"
#include "kernels/layer_norm.h"
#include "kernels/linear.h"
#include "kernels/reference.h"

namespace squeezebert {
namespace {

std::vector<float> normal(size_t size, std::mt19937& random) {
  std::normal_distribution<float> distribution;
  std::vector<float> values(size);
  for (float& v : values) v = distribution(random);
  return values;
}

// Largest difference over the largest expected value: "relative" for sums whose terms cancel.
double relative(std::span<const float> got, std::span<const float> want) {
  double difference = 0, scale = 1e-30;
  for (size_t i = 0; i < want.size(); ++i) {
    if (std::isnan(got[i])) return INFINITY;
    difference = std::max(difference, std::abs(double{got[i]} - want[i]));
    scale = std::max(scale, std::abs(double{want[i]}));
  }
  return difference / scale;
}

struct LinearCase {
  size_t in, out, groups;
};

class LinearSizes : public testing::TestWithParam<LinearCase> {};

TEST_P(LinearSizes, EqualsTheReferenceForOneTo67Rows) {
  const auto [in, out, groups] = GetParam();
  std::mt19937 random(7);
  const auto weight = normal(out * in / groups, random), bias = normal(out, random);
  Linear linear;
  ASSERT_TRUE(linear.allocate(in, out, groups));
  for (size_t o = 0; o < out; ++o) linear.set_row(o, std::span(weight).subspan(o * (in / groups), in / groups));
  std::copy(bias.begin(), bias.end(), linear.bias().begin());
  for (size_t count = 1; count <= 67; ++count) {
    // A row stride larger than the row, and memory that ends with the last row: reading past it is seen by ASan.
    const auto x = normal((count - 1) * (in + 3) + in, random);
    std::vector<float> y(count * out, NAN), expected(count * out);
    const auto from = matrix<const float>(x.data(), count, in, in + 3);
    Matrix<float> to = matrix(y.data(), count, out), reference = matrix(expected.data(), count, out);
    linear.apply(from, to);
    reference::linear(from, matrix<const float>(weight.data(), out, in / groups), bias, groups, reference);
    ASSERT_LE(relative(y, expected), 1e-5) << count << " rows";
  }
  for (size_t o = 0; o < out; ++o) EXPECT_EQ(linear.weight(o, in / groups - 1), weight[(o + 1) * (in / groups) - 1]);
}

INSTANTIATE_TEST_SUITE_P(Sizes, LinearSizes,
                         testing::Values(LinearCase{1, 1, 1}, LinearCase{7, 5, 1}, LinearCase{13, 30, 1},
                                         LinearCase{64, 64, 1}, LinearCase{48, 96, 2}, LinearCase{48, 96, 3},
                                         LinearCase{96, 48, 4}, LinearCase{60, 36, 6}, LinearCase{64, 64, 8},
                                         LinearCase{66, 66, 11}, LinearCase{64, 128, 16}, LinearCase{64, 64, 32},
                                         LinearCase{37, 37, 37}, LinearCase{64, 128, 64}, LinearCase{768, 30, 1}),
                         [](const auto& info) {
                           return std::to_string(info.param.in) + "to" + std::to_string(info.param.out) + "in" +
                                  std::to_string(info.param.groups);
                         });

TEST(Linear, ARowDoesNotDependOnTheRowsAroundIt) {
  std::mt19937 random(3);
  const size_t in = 50, out = 27;
  Linear linear;
  ASSERT_TRUE(linear.allocate(in, out, 1));
  for (size_t o = 0; o < out; ++o) linear.set_row(o, normal(in, random));
  const auto x = normal(200 * in, random);
  std::vector<float> all(200 * out), one(out);
  Matrix<float> y = matrix(all.data(), 200, out), single = matrix(one.data(), 1, out);
  linear.apply(matrix<const float>(x.data(), 200, in), y);
  for (size_t r = 0; r < 200; ++r) {
    linear.apply(matrix<const float>(x.data() + r * in, 1, in), single);
    for (size_t o = 0; o < out; ++o) ASSERT_EQ(one[o], all[r * out + o]);  // the same bits
  }
}

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
          attention(view(q), view(k), view(v), mask, heads, work.data(), context);
          reference::attention(view(q), view(k), view(v), mask, heads, reference);
          ASSERT_LE(relative(got, want), 1e-5) << heads << " heads of " << size << ", " << tokens << " tokens, mask " << masking;
        }
      }
    }
  }
}

}  // namespace
}  // namespace squeezebert
