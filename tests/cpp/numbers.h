// Numbers to compute with, and how far two lists of them are apart.
#pragma once

#include <cmath>
#include <random>
#include <span>
#include <vector>

namespace squeezebert {

inline std::vector<float> normal(size_t size, std::mt19937& random) {
  std::normal_distribution<float> distribution;
  std::vector<float> values(size);
  for (float& v : values) v = distribution(random);
  return values;
}

// Largest difference over the largest expected value: "relative" for sums whose terms cancel.
inline double relative(std::span<const float> got, std::span<const float> want) {
  double difference = 0, scale = 1e-30;
  for (size_t i = 0; i < want.size(); ++i) {
    if (std::isnan(got[i])) return INFINITY;
    difference = std::max(difference, std::abs(double{got[i]} - want[i]));
    scale = std::max(scale, std::abs(double{want[i]}));
  }
  return difference / scale;
}

}  // namespace squeezebert
