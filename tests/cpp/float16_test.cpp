#include "formats/float16.h"

#include <gtest/gtest.h>

#include <cmath>

namespace squeezebert {
namespace {

// The definition of the format: sign, five bits of exponent, ten of fraction.
double value_of(uint16_t bits) {
  const int exponent = bits >> 10 & 0x1f, fraction = bits & 0x3ff;
  const double magnitude = exponent == 0    ? std::ldexp(fraction, -24)
                           : exponent == 31 ? (fraction ? NAN : INFINITY)
                                            : std::ldexp(1024 + fraction, exponent - 25);
  return bits & 0x8000 ? -magnitude : magnitude;
}

TEST(Float16, WidensEveryValueExactly) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<uint16_t>(bits);
    const float got = float_from_float16(half);
    const double want = value_of(half);
    if (std::isnan(want)) {
      ASSERT_TRUE(std::isnan(got)) << bits;
      continue;
    }
    ASSERT_EQ(double{got}, want) << bits;
    ASSERT_EQ(std::signbit(got), (bits & 0x8000) != 0) << bits;
  }
}

TEST(Float16, ComesBackFromEveryValue) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const uint16_t back = float16_from_float(float_from_float16(static_cast<uint16_t>(bits)));
    if (std::isnan(value_of(static_cast<uint16_t>(bits))))
      ASSERT_TRUE(std::isnan(value_of(back))) << bits;
    else
      ASSERT_EQ(back, bits);
  }
}

// Between each value and the next: the middle goes to the even one, anything beside it to the nearer one.
TEST(Float16, RoundsToTheNearestAndTiesToEven) {
  for (uint32_t bits = 0; bits < 0x7c00; ++bits) {
    const auto low = static_cast<uint16_t>(bits), high = static_cast<uint16_t>(bits + 1);
    // Above the largest finite value the next would be 65536.
    const double above = high == 0x7c00 ? 65536.0 : value_of(high);
    const auto middle = static_cast<float>((value_of(low) + above) / 2);
    for (const float sign : {1.0f, -1.0f}) {
      const uint32_t flag = sign < 0 ? 0x8000 : 0;
      ASSERT_EQ(float16_from_float(sign * middle), flag | (bits & 1 ? high : low)) << bits;
      ASSERT_EQ(float16_from_float(sign * std::nextafter(middle, 0.0f)), flag | low) << bits;
      ASSERT_EQ(float16_from_float(sign * std::nextafter(middle, 1e9f)), flag | high) << bits;
    }
  }
}

TEST(Float16, KeepsWhatIsOutOfRange) {
  EXPECT_EQ(float16_from_float(1e30f), 0x7c00);
  EXPECT_EQ(float16_from_float(-INFINITY), 0xfc00);
  EXPECT_EQ(float16_from_float(1e-30f), 0x0000);
  EXPECT_EQ(float16_from_float(-1e-45f), 0x8000);
  EXPECT_EQ(float16_from_float(NAN) & 0x7fff, 0x7e00);
}

TEST(Bfloat16, IsTheUpperHalfOfAFloat32) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    EXPECT_EQ(std::bit_cast<uint32_t>(float_from_bfloat16(static_cast<uint16_t>(bits))), bits << 16);
  }
  EXPECT_EQ(float_from_bfloat16(0x4049), 3.140625f);
}

}  // namespace
}  // namespace squeezebert
