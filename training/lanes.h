// Sixteen float32 at a time: one register of AVX512, or two of AVX2 with FMA and F16C. encoder.cpp is written on these; only what
// differs between the two instruction sets stands here.
#pragma once

#include <immintrin.h>

#include <cstdint>

using half = uint16_t;  // float16, for what is kept

#if defined(__AVX512F__)

struct Lanes {
  __m512 v;
};
using Chosen = __mmask16;  // some of the sixteen

// Tiles of `product`, in sixteens of columns: 6 rows by 64 columns are 24 sums of 32 registers.
constexpr int widest_tile = 4;

inline Lanes all(float x) { return {_mm512_set1_ps(x)}; }
inline Lanes load(const float* p) { return {_mm512_loadu_ps(p)}; }
inline Lanes load(const half* p) { return {_mm512_cvtph_ps(_mm256_loadu_si256((const __m256i*)p))}; }
inline void store(float* p, Lanes x) { _mm512_storeu_ps(p, x.v); }
inline void store(half* p, Lanes x) { _mm256_storeu_si256((__m256i*)p, _mm512_cvtps_ph(x.v, 0)); }
inline Lanes operator+(Lanes a, Lanes b) { return {_mm512_add_ps(a.v, b.v)}; }
inline Lanes operator-(Lanes a, Lanes b) { return {_mm512_sub_ps(a.v, b.v)}; }
inline Lanes operator*(Lanes a, Lanes b) { return {_mm512_mul_ps(a.v, b.v)}; }
inline Lanes operator/(Lanes a, Lanes b) { return {_mm512_div_ps(a.v, b.v)}; }
inline Lanes fma(Lanes a, Lanes b, Lanes c) { return {_mm512_fmadd_ps(a.v, b.v, c.v)}; }    // a b + c
inline Lanes fnma(Lanes a, Lanes b, Lanes c) { return {_mm512_fnmadd_ps(a.v, b.v, c.v)}; }  // c - a b
inline Lanes max(Lanes a, Lanes b) { return {_mm512_max_ps(a.v, b.v)}; }
inline Lanes absolute(Lanes a) { return {_mm512_abs_ps(a.v)}; }
inline Lanes whole(Lanes a) { return {_mm512_roundscale_ps(a.v, 0)}; }
inline Lanes times_power_of_2(Lanes a, Lanes n) { return {_mm512_scalef_ps(a.v, n.v)}; }
inline float total(Lanes a) { return _mm512_reduce_add_ps(a.v); }
inline float largest(Lanes a) { return _mm512_reduce_max_ps(a.v); }
inline Chosen first_lanes(int n) { return static_cast<Chosen>(n >= 16 ? 0xFFFF : (1u << n) - 1); }
inline Chosen not_negative(Lanes a) { return _mm512_cmp_ps_mask(a.v, _mm512_setzero_ps(), _CMP_GE_OQ); }
inline Lanes where(Chosen m, Lanes yes, Lanes no) { return {_mm512_mask_blend_ps(m, no.v, yes.v)}; }

/// Which of sixteen neighbours dropout keeps: a hash of row and column, so that the backward pass finds the same ones.
inline Chosen kept(uint32_t row, int column, uint32_t threshold) {
  auto fixed = [](uint32_t x) { return _mm512_set1_epi32(static_cast<int>(x)); };
  const __m512i lane = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  __m512i h = _mm512_add_epi32(fixed(row + static_cast<uint32_t>(column) * 0x9E3779B1u), _mm512_mullo_epi32(lane, fixed(0x9E3779B1u)));
  h = _mm512_mullo_epi32(_mm512_xor_si512(h, _mm512_srli_epi32(h, 16)), fixed(0x85EBCA6Bu));
  h = _mm512_mullo_epi32(_mm512_xor_si512(h, _mm512_srli_epi32(h, 13)), fixed(0xC2B2AE35u));
  return _mm512_cmpge_epu32_mask(_mm512_xor_si512(h, _mm512_srli_epi32(h, 16)), fixed(threshold));
}

#elif defined(__AVX2__) && defined(__FMA__) && defined(__F16C__)

struct Lanes {
  __m256 low, high;
};
struct Chosen {
  __m256 low, high;
};

// 6 rows by 16 columns are 12 sums of 16 registers.
constexpr int widest_tile = 1;

inline Lanes all(float x) { return {_mm256_set1_ps(x), _mm256_set1_ps(x)}; }
inline Lanes load(const float* p) { return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
inline Lanes load(const half* p) {
  return {_mm256_cvtph_ps(_mm_loadu_si128((const __m128i*)p)), _mm256_cvtph_ps(_mm_loadu_si128((const __m128i*)(p + 8)))};
}
inline void store(float* p, Lanes x) {
  _mm256_storeu_ps(p, x.low);
  _mm256_storeu_ps(p + 8, x.high);
}
inline void store(half* p, Lanes x) {
  _mm_storeu_si128((__m128i*)p, _mm256_cvtps_ph(x.low, 0));
  _mm_storeu_si128((__m128i*)(p + 8), _mm256_cvtps_ph(x.high, 0));
}
inline Lanes operator+(Lanes a, Lanes b) { return {_mm256_add_ps(a.low, b.low), _mm256_add_ps(a.high, b.high)}; }
inline Lanes operator-(Lanes a, Lanes b) { return {_mm256_sub_ps(a.low, b.low), _mm256_sub_ps(a.high, b.high)}; }
inline Lanes operator*(Lanes a, Lanes b) { return {_mm256_mul_ps(a.low, b.low), _mm256_mul_ps(a.high, b.high)}; }
inline Lanes operator/(Lanes a, Lanes b) { return {_mm256_div_ps(a.low, b.low), _mm256_div_ps(a.high, b.high)}; }
inline Lanes fma(Lanes a, Lanes b, Lanes c) {  // a b + c
  return {_mm256_fmadd_ps(a.low, b.low, c.low), _mm256_fmadd_ps(a.high, b.high, c.high)};
}
inline Lanes fnma(Lanes a, Lanes b, Lanes c) {  // c - a b
  return {_mm256_fnmadd_ps(a.low, b.low, c.low), _mm256_fnmadd_ps(a.high, b.high, c.high)};
}
inline Lanes max(Lanes a, Lanes b) { return {_mm256_max_ps(a.low, b.low), _mm256_max_ps(a.high, b.high)}; }
inline Lanes absolute(Lanes a) {
  const __m256 sign = _mm256_set1_ps(-0.0f);
  return {_mm256_andnot_ps(sign, a.low), _mm256_andnot_ps(sign, a.high)};
}
inline Lanes whole(Lanes a) {
  return {_mm256_round_ps(a.low, _MM_FROUND_TO_NEAREST_INT), _mm256_round_ps(a.high, _MM_FROUND_TO_NEAREST_INT)};
}
/// n: whole numbers from -126 to 127.
inline Lanes times_power_of_2(Lanes a, Lanes n) {
  auto power = [](__m256 x) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(x), _mm256_set1_epi32(127)), 23));
  };
  return {_mm256_mul_ps(a.low, power(n.low)), _mm256_mul_ps(a.high, power(n.high))};
}
inline float total(Lanes a) {
  const __m256 eight = _mm256_add_ps(a.low, a.high);
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
}
inline float largest(Lanes a) {
  const __m256 eight = _mm256_max_ps(a.low, a.high);
  const __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(two, _mm_shuffle_ps(two, two, 1)));
}
inline Chosen first_lanes(int n) {
  const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  return {_mm256_castsi256_ps(_mm256_cmpgt_epi32(_mm256_set1_epi32(n), lane)),
          _mm256_castsi256_ps(_mm256_cmpgt_epi32(_mm256_set1_epi32(n - 8), lane))};
}
inline Chosen not_negative(Lanes a) {
  return {_mm256_cmp_ps(a.low, _mm256_setzero_ps(), _CMP_GE_OQ), _mm256_cmp_ps(a.high, _mm256_setzero_ps(), _CMP_GE_OQ)};
}
inline Lanes where(Chosen m, Lanes yes, Lanes no) {
  return {_mm256_blendv_ps(no.low, yes.low, m.low), _mm256_blendv_ps(no.high, yes.high, m.high)};
}

/// Which of sixteen neighbours dropout keeps: a hash of row and column, so that the backward pass finds the same ones.
inline Chosen kept(uint32_t row, int column, uint32_t threshold) {
  auto fixed = [](uint32_t x) { return _mm256_set1_epi32(static_cast<int>(x)); };
  auto eight = [&](__m256i lane) {
    __m256i h = _mm256_add_epi32(fixed(row + static_cast<uint32_t>(column) * 0x9E3779B1u), _mm256_mullo_epi32(lane, fixed(0x9E3779B1u)));
    h = _mm256_mullo_epi32(_mm256_xor_si256(h, _mm256_srli_epi32(h, 16)), fixed(0x85EBCA6Bu));
    h = _mm256_mullo_epi32(_mm256_xor_si256(h, _mm256_srli_epi32(h, 13)), fixed(0xC2B2AE35u));
    h = _mm256_xor_si256(h, _mm256_srli_epi32(h, 16));
    return _mm256_castsi256_ps(_mm256_cmpeq_epi32(_mm256_max_epu32(h, fixed(threshold)), h));
  };
  return {eight(_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7)), eight(_mm256_setr_epi32(8, 9, 10, 11, 12, 13, 14, 15))};
}

#else
#error "encoder.cpp needs AVX512F, or AVX2 with FMA and F16C"
#endif

inline Lanes zeros() { return all(0.0f); }
inline Lanes where(Chosen m, Lanes yes) { return where(m, yes, zeros()); }
