// What the processor can do at most with an instruction of the products, through this browser's compiler: nothing but that
// instruction on registers, in enough independent sums to hide its latency.
#include <wasm_simd128.h>

#include <cstdint>

namespace {

enum Kind : int32_t { float32, int16_dot, int8_dot, int8_pairs };

// Of 16 registers V8 keeps one for itself and two hold the operands. Each sum depends on its last value only through the
// instruction itself; where the product does not take the sum as an operand, the sum is a factor, or the compiler would
// move the product out of the loop.
template <int N, class Step>
float chain(int32_t turns, Step step) {
  v128_t sum[N];
  for (int i = 0; i < N; ++i) sum[i] = wasm_f32x4_splat(1.0f / static_cast<float>(i + 2 + (turns & 1)));
  const v128_t a = wasm_f32x4_splat(1.0f + static_cast<float>(turns & 1));
  const v128_t b = wasm_f32x4_splat(0.5f - 0.25f * static_cast<float>(turns & 1));
  // Eight steps of each sum a turn: what counts the turns must not count.
  for (int32_t turn = 0; turn < turns; ++turn)
    for (int j = 0; j < 8; ++j)
      for (int i = 0; i < N; ++i) sum[i] = step(a, b, sum[i]);
  v128_t all = sum[0];
  for (int i = 1; i < N; ++i) all = wasm_v128_xor(all, sum[i]);
  return wasm_f32x4_extract_lane(all, 0);
}

// A constant that the compiler does not know as one: it would be put together anew at each use.
v128_t hidden_splat(int32_t number) {
  const int32_t* hidden = &number;
  asm volatile("" : "+r"(hidden) : : "memory");
  return wasm_v128_load32_splat(hidden);
}

// Where multiplying and adding are two instructions, a chain waits for both. Here products are of two factors that change
// every step (or the compiler would multiply once) and four that stay, and only the addition waits.
template <class Multiply, class Add>
float crossed(int32_t turns, Multiply multiply, Add add) {
  const v128_t one = hidden_splat(1);
  v128_t sum[2][4], stays[4], changes[2];
  for (int i = 0; i < 4; ++i) {
    stays[i] = wasm_f32x4_splat(1.0f + static_cast<float>(turns & i));
    sum[0][i] = sum[1][i] = stays[i];
  }
  changes[0] = stays[1];
  changes[1] = stays[2];
  for (int32_t turn = 0; turn < turns; ++turn)
    for (int j = 0; j < 8; ++j)
      for (int f = 0; f < 2; ++f) {
        changes[f] = wasm_i32x4_add(changes[f], one);
        for (int i = 0; i < 4; ++i) sum[f][i] = add(sum[f][i], multiply(changes[f], stays[i]));
      }
  v128_t all = one;
  for (int i = 0; i < 8; ++i) all = wasm_v128_xor(all, sum[i / 4][i % 4]);
  return wasm_f32x4_extract_lane(all, 0);
}

#ifdef __wasm_relaxed_simd__
// The relaxed int8 dot product by hand, for machines that have no instruction for it (src/kernels/int8_product.cpp).
struct Pairs {
  v128_t ones = hidden_splat(0x00010001);
  v128_t operator()(v128_t a, v128_t b) const { return wasm_i32x4_dot_i16x8(wasm_i16x8_relaxed_dot_i8x16_i7x16(a, b), ones); }
};
#endif

template <int N>
float run(int32_t kind, int32_t turns) {
  switch (kind) {
    case float32:
      return chain<N>(turns, [](v128_t a, v128_t b, v128_t sum) {
#ifdef __wasm_relaxed_simd__
        return wasm_f32x4_relaxed_madd(sum, b, a);
#else
        return wasm_f32x4_add(wasm_f32x4_mul(sum, b), a);
#endif
      });
    case int16_dot:
      return chain<N>(turns, [](v128_t, v128_t b, v128_t sum) {
        return wasm_i32x4_add(sum, wasm_i32x4_dot_i16x8(sum, b));
      });
    case int8_pairs:
#ifdef __wasm_relaxed_simd__
      return chain<N>(turns, [pairs = Pairs()](v128_t, v128_t b, v128_t sum) { return wasm_i32x4_add(sum, pairs(sum, b)); });
#else
      return 0;
#endif
    default:
#ifdef __wasm_relaxed_simd__
      return chain<N>(turns, [](v128_t a, v128_t b, v128_t sum) {
        return wasm_i32x4_relaxed_dot_i8x16_i7x16_add(a, b, sum);
      });
#else
      return 0;
#endif
  }
}

}  // namespace

// kind: 0 float32 (fused in the relaxed build, else multiplied and added), 1 the dot product of int16, 2 the relaxed one of
// int8, 3 the same in pairs. sums: 8, 10, 11, 12 or 13 independent ones, each of which takes 8 * turns steps.
extern "C" [[gnu::used]] float peak(int32_t kind, int32_t sums, int32_t turns) {
  switch (sums) {
    case 0:
      if (kind == float32) return crossed(turns, [](v128_t a, v128_t b) { return wasm_f32x4_mul(a, b); }, [](v128_t a, v128_t b) { return wasm_f32x4_add(a, b); });
#ifdef __wasm_relaxed_simd__
      if (kind == int8_pairs) return crossed(turns, Pairs(), [](v128_t a, v128_t b) { return wasm_i32x4_add(a, b); });
#endif
      return crossed(turns, [](v128_t a, v128_t b) { return wasm_i32x4_dot_i16x8(a, b); }, [](v128_t a, v128_t b) { return wasm_i32x4_add(a, b); });
    case 8: return run<8>(kind, turns);
    case 11: return run<11>(kind, turns);
    case 10: return run<10>(kind, turns);
    case 12: return run<12>(kind, turns);
    default: return run<13>(kind, turns);
  }
}
