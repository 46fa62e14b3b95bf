#include "int8_product.h"

#include <algorithm>
#include <bit>

#include "tiles.h"

namespace squeezebert {
namespace {

// sums[j] of one row to y[j] = (bias[j] + minimum * sum[j]) + sums[j] * (scale * scales[j]). multiply_add, so the builds
// may differ in the last bit here, and only here.
struct Ending {
  explicit Ending(const CodedPanel& panel, size_t j)
      : scales(wasm_v128_load(panel.scales + j)), sums(wasm_v128_load(panel.sums + j)), bias(wasm_v128_load(panel.bias + j)) {}
  v128_t apply(v128_t total, float scale, float minimum) const {
    const v128_t start = multiply_add(wasm_f32x4_splat(minimum), sums, bias);
    return multiply_add(wasm_f32x4_convert_i32x4(total), wasm_f32x4_mul(wasm_f32x4_splat(scale), scales), start);
  }
  v128_t scales, sums, bias;
};

#ifdef __wasm_relaxed_simd__

// sum + weights * inputs, bytes four at a time: [4] sums += [4][4] * [4][4]. The relaxed instruction is one of the machine's
// where it has one for it.
struct Dot {
  v128_t operator()(v128_t weights, v128_t inputs, v128_t sum) const {
    return wasm_i32x4_relaxed_dot_i8x16_i7x16_add(weights, inputs, sum);
  }
};

// The same in three steps, for x86-64 without VNNI. There V8 makes five instructions of the one above, two of them to put
// ones into a register; here the ones stay in theirs. G multiply-adds a second on Zen 3, depth 512: 32 rows 33.9 with Dot,
// 44.9 with this; one row 27.6 and 32.4; with extadd_pairwise in place of the second product no more than with Dot.
class DotInPairs {
 public:
  v128_t operator()(v128_t weights, v128_t inputs, v128_t sum) const {
    return wasm_i32x4_add(sum, wasm_i32x4_dot_i16x8(wasm_i16x8_relaxed_dot_i8x16_i7x16(weights, inputs), ones_[0]));
  }

 private:
  static constexpr float kOnes[] = {std::bit_cast<float>(0x00010001)};  // two of 16 bits
  const Splats<1> ones_{kOnes};
};

template <class Product, size_t R>
void multiply_tile(const CodedRows& x, const CodedPanel& panel, float* y, size_t y_stride) {
  v128_t sum[R][2];
  const InputCode* row[R];
  for (size_t r = 0; r < R; ++r) {
    sum[r][0] = sum[r][1] = wasm_i32x4_splat(0);
    row[r] = x.codes + r * x.stride;
  }
  const int8_t* weights = panel.codes;
  const Product dot;
  const auto step = [&](size_t quad) __attribute__((always_inline)) {
    const v128_t b0 = wasm_v128_load(weights + quad * 32);
    const v128_t b1 = wasm_v128_load(weights + quad * 32 + 16);
    for (size_t r = 0; r < R; ++r) {
      const v128_t a = wasm_v128_load32_splat(row[r] + quad * kQuad);
      sum[r][0] = dot(b0, a, sum[r][0]);
      sum[r][1] = dot(b1, a, sum[r][1]);
    }
  };
  // Four quads a turn: the offsets become constants of the loads, and the pointers move once.
  for (size_t q = 0; q < panel.quads; q += kQuadsAtOnce) {
    step(0);
    step(1);
    step(2);
    step(3);
    for (size_t r = 0; r < R; ++r) row[r] += kQuadsAtOnce * kQuad;
    weights += kQuadsAtOnce * 32;
  }

  const Ending low(panel, 0), high(panel, 4);
  for (size_t r = 0; r < R; ++r) {
    const float scale = x.scales[r * x.range_stride], minimum = x.minima[r * x.range_stride];
    wasm_v128_store(y + r * y_stride, low.apply(sum[r][0], scale, minimum));
    wasm_v128_store(y + r * y_stride + 4, high.apply(sum[r][1], scale, minimum));
  }
}

#else

struct Dot;  // there is one way only

// Four columns at a time: a vector of products holds two columns of four input channels each, already added in pairs.
template <size_t R>
void multiply_half(const CodedRows& x, const int8_t* weights, size_t quad_count, v128_t* totals) {
  v128_t sum[R][2];
  const InputCode* row[R];
  for (size_t r = 0; r < R; ++r) {
    sum[r][0] = sum[r][1] = wasm_i32x4_splat(0);
    row[r] = x.codes + r * x.stride;
  }
  const auto step = [&](size_t quad) __attribute__((always_inline)) {
    const v128_t b0 = wasm_i16x8_load8x8(weights + quad * 32);
    const v128_t b1 = wasm_i16x8_load8x8(weights + quad * 32 + 8);
    for (size_t r = 0; r < R; ++r) {
      const v128_t a = wasm_v128_load64_splat(row[r] + quad * kQuad);
      sum[r][0] = wasm_i32x4_add(sum[r][0], wasm_i32x4_dot_i16x8(a, b0));
      sum[r][1] = wasm_i32x4_add(sum[r][1], wasm_i32x4_dot_i16x8(a, b1));
    }
  };
  for (size_t q = 0; q < quad_count; q += kQuadsAtOnce) {
    step(0);
    step(1);
    step(2);
    step(3);
    for (size_t r = 0; r < R; ++r) row[r] += kQuadsAtOnce * kQuad;
    weights += kQuadsAtOnce * 32;
  }
  for (size_t r = 0; r < R; ++r) {
    totals[2 * r] = wasm_i32x4_add(wasm_i32x4_shuffle(sum[r][0], sum[r][1], 0, 2, 4, 6),
                                   wasm_i32x4_shuffle(sum[r][0], sum[r][1], 1, 3, 5, 7));
  }
}

template <class, size_t R>
void multiply_tile(const CodedRows& x, const CodedPanel& panel, float* y, size_t y_stride) {
  v128_t totals[R][2];
  multiply_half<R>(x, panel.codes, panel.quads, &totals[0][0]);
  multiply_half<R>(x, panel.codes + 16, panel.quads, &totals[0][1]);
  const Ending low(panel, 0), high(panel, 4);
  for (size_t r = 0; r < R; ++r) {
    const float scale = x.scales[r * x.range_stride], minimum = x.minima[r * x.range_stride];
    wasm_v128_store(y + r * y_stride, low.apply(totals[r][0], scale, minimum));
    wasm_v128_store(y + r * y_stride + 4, high.apply(totals[r][1], scale, minimum));
  }
}

#endif

// What a code stands for: steps * scale + minimum, stored less `offset`.
struct InputRange {
  int32_t steps, offset;
};

#ifdef __wasm_relaxed_simd__

constexpr int32_t kStepsInPairs = 127;

InputRange find_range() {
  uint32_t numbers[] = {0xffffffffu, 0x7f7f7f7fu};
  const uint32_t* seen = numbers;
  asm volatile("" : "+r"(seen) : : "memory");  // the machine shall do it, not the compiler
  const int32_t sum = wasm_i32x4_extract_lane(
      wasm_i32x4_relaxed_dot_i8x16_i7x16_add(wasm_v128_load32_splat(seen + 1), wasm_v128_load32_splat(seen), wasm_i32x4_splat(0)), 0);
  if (sum == 4 * 127 * 255) return {255, 0};
  // Not -128: two products with a weight of -128 are one more than 16 bits hold.
  if (sum == 4 * 127 * -1) return {254, 127};
  return {kStepsInPairs, 0};
}

#else

InputRange find_range() { return {255, 0}; }

#endif

const InputRange kRange = find_range();

// Values to codes of 32 bits: value - minimum in steps, to the nearest; adding 2^23 leaves the integer in the low bits.
class Steps {
 public:
  Steps(float minimum, float range)
      : minimum_(wasm_f32x4_splat(minimum)),
        most_(wasm_f32x4_splat(static_cast<float>(kRange.steps))),
        inverse_(wasm_f32x4_splat(range > 0 ? static_cast<float>(kRange.steps) / range : 0)),
        zero_(wasm_i32x4_splat(0x4b000000 + kRange.offset)) {}
  v128_t operator()(v128_t value) const {
    const v128_t scaled = wasm_f32x4_mul(wasm_f32x4_sub(value, minimum_), inverse_);
    // pmin(b, a) is a where a < b, else b: NaN becomes the limit.
    return wasm_i32x4_sub(wasm_f32x4_add(wasm_f32x4_pmin(most_, scaled), magic_[0]), zero_);
  }

 private:
  static constexpr float kMagic[] = {8388608.0f};  // 0x4b000000
  const Splats<1> magic_{kMagic};
  v128_t minimum_, most_, inverse_, zero_;
};

// Tiles of 6 and 3 as well, as in float32, would be 0.7 kB more to download, and gained nothing that could
// be measured with 18 to 24 tokens of the shipped model.
template <class Product>
void multiply_tiles(const CodedRows& x, size_t rows, const CodedPanel& panel, float* y, size_t y_stride) {
  for_each_tile<8, 4, 2, 1>(rows, [&]<size_t R>(size_t first) {
    CodedRows part = x;
    part.codes += first * x.stride;
    part.scales += first * x.range_stride;
    part.minima += first * x.range_stride;
    multiply_tile<Product, R>(part, panel, y + first * y_stride, y_stride);
  });
}

}  // namespace

void multiply_int8_panel(const CodedRows& x, size_t rows, const CodedPanel& panel, float* y, size_t y_stride) {
#ifdef __wasm_relaxed_simd__
  if (kRange.steps == kStepsInPairs) return multiply_tiles<DotInPairs>(x, rows, panel, y, y_stride);
#endif
  multiply_tiles<Dot>(x, rows, panel, y, y_stride);
}

int32_t input_steps() { return kRange.steps; }

void round_inputs(const float* x, size_t depth, InputCode* codes, float& scale, float& minimum) {
  const size_t whole = depth / 8 * 8;
  float least = x[0], most = x[0];
  if (whole > 0) {
    // Two of each, because each waits for its own last one.
    v128_t low[2] = {wasm_v128_load(x), wasm_v128_load(x + 4)}, high[2] = {low[0], low[1]};
    for (size_t i = 8; i < whole; i += 8) {
      for (size_t j = 0; j < 2; ++j) {
        const v128_t v = wasm_v128_load(x + i + 4 * j);
        low[j] = wasm_f32x4_pmin(low[j], v);
        high[j] = wasm_f32x4_pmax(high[j], v);
      }
    }
    least = -max_lanes(wasm_f32x4_neg(wasm_f32x4_pmin(low[0], low[1])));
    most = max_lanes(wasm_f32x4_pmax(high[0], high[1]));
  }
  for (size_t i = whole; i < depth; ++i) {
    least = std::min(least, x[i]);
    most = std::max(most, x[i]);
  }
  const float range = most - least;
  scale = range / static_cast<float>(kRange.steps);
  minimum = least + scale * static_cast<float>(kRange.offset);
  const Steps steps(least, range);
  const auto store = [&](const float* from, InputCode* to) {
    const v128_t wide = wasm_i16x8_narrow_i32x4(steps(wasm_v128_load(from)), steps(wasm_v128_load(from + 4)));
#ifdef __wasm_relaxed_simd__
    const v128_t low = wasm_v128_and(wide, wasm_i16x8_splat(255));  // the byte, whether it is meant as signed or not
    wasm_v128_store64_lane(to, wasm_u8x16_narrow_i16x8(low, low), 0);
#else
    wasm_v128_store(to, wide);
#endif
  };
  for (size_t i = 0; i < whole; i += 8) store(x + i, codes + i);
  if (whole < depth) {
    float rest[8] = {};
    InputCode rest_codes[8];
    std::copy(x + whole, x + depth, rest);
    store(rest, rest_codes);
    std::copy(rest_codes, rest_codes + (depth - whole), codes + whole);
  }
  std::fill(codes + depth, codes + quads(depth) * kQuad, InputCode{0});
}

}  // namespace squeezebert
