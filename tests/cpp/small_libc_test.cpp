// The number reader of the WebAssembly builds against the C library's.
#include "../../wasm/small_libc.cpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <random>
#include <string>

namespace squeezebert {
namespace {

// Units in the last place between two doubles of one sign.
double units(double a, double b) {
  if (a == b) return 0;
  return std::abs(a - b) / (std::nextafter(std::abs(b), INFINITY) - std::abs(b));
}

TEST(SmallLibc, ReadsWhatModelsFilesHold) {
  for (const char* text : {"0", "-0", "1", "-1", "0.1", "1e-12", "1e-5", "1E-05", "0.02", "512.0", "3.4028234663852886e+38",
                           "-3.4028234663852886e+38", "1e-45", "1000000000000000019884624838656", "0.30000000000000004",
                           "123456789012345678901234567890", "0.000000000000000000000000000000123456789012345678901"}) {
    char* end = nullptr;
    const double got = __wrap_strtod(text, &end), want = std::strtod(text, nullptr);
    EXPECT_EQ(*end, '\0') << text;
    EXPECT_LE(units(got, want), 2) << text;
    EXPECT_EQ(static_cast<float>(got), static_cast<float>(want)) << text;
    EXPECT_EQ(std::signbit(got), std::signbit(want)) << text;
  }
}

TEST(SmallLibc, ReadsRandomNumbers) {
  std::mt19937_64 random(1);
  for (int n = 0; n < 20000; ++n) {
    std::string text = std::to_string(random() >> random() % 60) + "." + std::to_string(random() >> random() % 60);
    const int exponent = static_cast<int>(random() % 60) - 30;
    if (exponent != 0) text += "e" + std::to_string(exponent);
    EXPECT_LE(units(__wrap_strtod(text.c_str(), nullptr), std::strtod(text.c_str(), nullptr)), 4) << text;
  }
}

TEST(SmallLibc, EndsAtZeroAndInfinity) {
  EXPECT_EQ(__wrap_strtod("1e400", nullptr), INFINITY);
  EXPECT_EQ(__wrap_strtod("-1e99999999999", nullptr), -INFINITY);
  EXPECT_EQ(__wrap_strtod("1e-400", nullptr), 0);
  EXPECT_EQ(__wrap_strtod("0e400", nullptr), 0);
  char* end = nullptr;
  const std::string many = "0." + std::string(1000, '0') + "1";
  EXPECT_EQ(__wrap_strtod(many.c_str(), &end), 0);
  EXPECT_EQ(end, many.c_str() + many.size());
}

}  // namespace
}  // namespace squeezebert
