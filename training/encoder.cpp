// The encoder's forward and backward passes for training on a processor with AVX512: what model.py's layers compute, without
// padding, fused, on all cores. PyTorch's own operations leave most of the time to copies and to small products.
//
// Built and called by fused.py. Every thread takes a handful of texts at a time through all layers, so that what it works on
// stays in its own cache. Everything is computed in float32 (vdpbf16ps was measured at half the speed of float32's multiply-add
// on the processor this was written on); what the backward pass needs again is kept in float16.
#include <immintrin.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <cstring>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace {

using half = uint16_t;

constexpr int chunk_tokens = 128;  // texts are taken together until they have this many tokens
constexpr int gap = 16;            // values between rows: rows 4096 bytes apart would share the cache's places

// ---------------------------------------------------------------- products

template <int M, int V>
inline void tile(const float* a, long a_row, long a_k, const float* b, long b_k, float* c, long c_row, int k, bool add) {
  __m512 sum[M][V];
  for (int m = 0; m < M; ++m)
    for (int v = 0; v < V; ++v) sum[m][v] = add ? _mm512_loadu_ps(c + m * c_row + 16 * v) : _mm512_setzero_ps();
  for (int i = 0; i < k; ++i, a += a_k, b += b_k) {
    __m512 right[V];
    for (int v = 0; v < V; ++v) right[v] = _mm512_loadu_ps(b + 16 * v);
    for (int m = 0; m < M; ++m) {
      const __m512 left = _mm512_set1_ps(a[m * a_row]);
      for (int v = 0; v < V; ++v) sum[m][v] = _mm512_fmadd_ps(left, right[v], sum[m][v]);
    }
  }
  for (int m = 0; m < M; ++m)
    for (int v = 0; v < V; ++v) _mm512_storeu_ps(c + m * c_row + 16 * v, sum[m][v]);
}

template <int V>
inline void strip(const float* a, long a_row, long a_k, const float* b, long b_k, float* c, long c_row, int m, int k,
                  bool add) {
  for (; m >= 6; m -= 6, a += 6 * a_row, c += 6 * c_row) tile<6, V>(a, a_row, a_k, b, b_k, c, c_row, k, add);
  switch (m) {
    case 5: tile<5, V>(a, a_row, a_k, b, b_k, c, c_row, k, add); break;
    case 4: tile<4, V>(a, a_row, a_k, b, b_k, c, c_row, k, add); break;
    case 3: tile<3, V>(a, a_row, a_k, b, b_k, c, c_row, k, add); break;
    case 2: tile<2, V>(a, a_row, a_k, b, b_k, c, c_row, k, add); break;
    case 1: tile<1, V>(a, a_row, a_k, b, b_k, c, c_row, k, add); break;
  }
}

/// c[m][n] (+)= sum over k of a[m * a_row + k * a_k] * b[k * b_k + n]; n is a multiple of 16.
void product(const float* a, long a_row, long a_k, const float* b, long b_k, float* c, long c_row, int m, int n, int k,
             bool add) {
  for (; n >= 64; n -= 64, b += 64, c += 64) strip<4>(a, a_row, a_k, b, b_k, c, c_row, m, k, add);
  switch (n / 16) {
    case 3: strip<3>(a, a_row, a_k, b, b_k, c, c_row, m, k, add); break;
    case 2: strip<2>(a, a_row, a_k, b, b_k, c, c_row, m, k, add); break;
    case 1: strip<1>(a, a_row, a_k, b, b_k, c, c_row, m, k, add); break;
  }
}

// ---------------------------------------------------------------- small vector functions

inline __m512 widen(const half* p) { return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i*)p)); }
inline void store(half* p, __m512 x) { _mm256_storeu_si256((__m256i*)p, _mm512_cvtps_ph(x, 0)); }

inline __m512 exponential(__m512 x) {
  x = _mm512_max_ps(x, _mm512_set1_ps(-87.0f));
  const __m512 n = _mm512_roundscale_ps(_mm512_mul_ps(x, _mm512_set1_ps(1.44269504f)), 0);
  const __m512 r = _mm512_fnmadd_ps(n, _mm512_set1_ps(0.693147182f), x);
  __m512 y = _mm512_set1_ps(1.0f / 720);
  for (float c : {1.0f / 120, 1.0f / 24, 1.0f / 6, 0.5f, 1.0f, 1.0f}) y = _mm512_fmadd_ps(y, r, _mm512_set1_ps(c));
  return _mm512_scalef_ps(y, n);
}

/// The normal distribution's density and cumulative probability (Abramowitz and Stegun 7.1.26).
inline void normal(__m512 x, __m512& density, __m512& below) {
  const __m512 z = _mm512_abs_ps(x);
  const __m512 bell = exponential(_mm512_mul_ps(_mm512_mul_ps(x, x), _mm512_set1_ps(-0.5f)));
  const __m512 t = _mm512_div_ps(_mm512_set1_ps(1.0f), _mm512_fmadd_ps(z, _mm512_set1_ps(0.3275911f * 0.70710678f),
                                                                      _mm512_set1_ps(1.0f)));
  __m512 y = _mm512_set1_ps(1.061405429f);
  for (float c : {-1.453152027f, 1.421413741f, -0.284496736f, 0.254829592f})
    y = _mm512_fmadd_ps(y, t, _mm512_set1_ps(c));
  const __m512 tail = _mm512_mul_ps(_mm512_mul_ps(_mm512_mul_ps(y, t), bell), _mm512_set1_ps(0.5f));
  below = _mm512_mask_sub_ps(tail, _mm512_cmp_ps_mask(x, _mm512_setzero_ps(), _CMP_GE_OQ), _mm512_set1_ps(1.0f), tail);
  density = _mm512_mul_ps(bell, _mm512_set1_ps(0.398942280f));
}

/// Which of 16 neighbouring values dropout keeps: a hash, so that the backward pass finds the same ones.
inline __mmask16 kept(uint32_t row, int column, uint32_t threshold) {
  const __m512i lane = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  __m512i h = _mm512_add_epi32(_mm512_set1_epi32(static_cast<int>(row + column * 0x9E3779B1u)),
                               _mm512_mullo_epi32(lane, _mm512_set1_epi32(static_cast<int>(0x9E3779B1u))));
  h = _mm512_mullo_epi32(_mm512_xor_si512(h, _mm512_srli_epi32(h, 16)), _mm512_set1_epi32(static_cast<int>(0x85EBCA6Bu)));
  h = _mm512_mullo_epi32(_mm512_xor_si512(h, _mm512_srli_epi32(h, 13)), _mm512_set1_epi32(static_cast<int>(0xC2B2AE35u)));
  h = _mm512_xor_si512(h, _mm512_srli_epi32(h, 16));
  return _mm512_cmpge_epu32_mask(h, _mm512_set1_epi32(static_cast<int>(threshold)));
}

inline uint32_t mixed(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ull;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBull;
  return static_cast<uint32_t>(x ^ (x >> 31));
}

/// in[rows][k] -> out[k][stride]; columns from `rows` to `stride` are zeros.
void turn_rows(const float* in, long in_row, float* out, long stride, int rows, int k) {
  for (int i = 0; i < k; ++i)
    for (int j = rows; j < stride; ++j) out[i * stride + j] = 0;
  for (int j = 0; j < rows; ++j)
    for (int i = 0; i < k; ++i) out[i * stride + j] = in[j * in_row + i];
}

/// Rows of float16 without gaps -> rows of float32.
void widen_rows(const half* in, float* out, long out_row, int rows, int width) {
  for (int r = 0; r < rows; ++r)
    for (int j = 0; j < width; j += 16)
      _mm512_storeu_ps(out + r * out_row + j, widen(in + static_cast<size_t>(r) * width + j));
}

// ---------------------------------------------------------------- threads

class Crew {
 public:
  explicit Crew(int size) : size_(size) {
    for (int i = 1; i < size; ++i) threads_.emplace_back([this, i] { serve(i); });
  }
  ~Crew() {
    {
      std::lock_guard lock(mutex_);
      over_ = true;
    }
    start_.notify_all();
    for (auto& t : threads_) t.join();
  }
  int size() const { return size_; }

  /// Runs work(thread, item) for every item; whoever is free takes the next.
  void run(int items, const std::function<void(int, int)>& work) {
    {
      std::lock_guard lock(mutex_);
      work_ = &work;
      items_ = items;
      next_ = 0;
      busy_ = size_ - 1;
      ++round_;
    }
    start_.notify_all();
    take(0);
    std::unique_lock lock(mutex_);
    done_.wait(lock, [this] { return busy_ == 0; });
  }

 private:
  void take(int thread) {
    for (int i; (i = next_.fetch_add(1)) < items_;) (*work_)(thread, i);
  }
  void serve(int thread) {
    for (long seen = 0;;) {
      {
        std::unique_lock lock(mutex_);
        start_.wait(lock, [&] { return over_ || round_ != seen; });
        if (over_) return;
        seen = round_;
      }
      take(thread);
      std::lock_guard lock(mutex_);
      if (--busy_ == 0) done_.notify_one();
    }
  }

  int size_;
  std::vector<std::thread> threads_;
  std::mutex mutex_;
  std::condition_variable start_, done_;
  const std::function<void(int, int)>* work_ = nullptr;
  std::atomic<int> next_{0};
  int items_ = 0, busy_ = 0;
  long round_ = 0;
  bool over_ = false;
};

// ---------------------------------------------------------------- the encoder

/// A grouped product with weights [out][in / groups].
struct Grouped {
  int in, out, groups;
  const float* weight = nullptr;
  const float* bias = nullptr;
  std::vector<float> turned;  // per group [in / groups][out / groups]

  void take(const float* w) {
    const int k = in / groups, n = out / groups;
    weight = w;
    turned.resize(static_cast<size_t>(out) * k);
    for (int g = 0; g < groups; ++g) {
      const size_t at = static_cast<size_t>(g) * n * k;
      for (int o = 0; o < n; ++o)
        for (int i = 0; i < k; ++i) turned[at + static_cast<size_t>(i) * n + o] = w[at + static_cast<size_t>(o) * k + i];
    }
  }
  // Rows of x, dx lie in + gap values apart, rows of y, dy out + gap.
  /// y[tokens][out] = x W^T
  void apply(const float* x, float* y, int tokens) const {
    const int k = in / groups, n = out / groups;
    for (int g = 0; g < groups; ++g)
      product(x + g * k, in + gap, 1, turned.data() + static_cast<size_t>(g) * k * n, n, y + g * n, out + gap, tokens, n, k,
              false);
  }
  /// dx[tokens][in] (+)= dy W
  void back(const float* dy, float* dx, int tokens, bool add) const {
    const int k = in / groups, n = out / groups;
    for (int g = 0; g < groups; ++g)
      product(dy + g * n, out + gap, 1, weight + static_cast<size_t>(g) * k * n, k, dx + g * k, in + gap, tokens, k, n, add);
  }
  /// dw[out][in / groups] += dy^T x
  void gradient(const float* dy, const float* x, float* dw, int tokens) const {
    const int k = in / groups, n = out / groups;
    for (int g = 0; g < groups; ++g)
      product(dy + g * n, 1, out + gap, x + g * k, in + gap, dw + static_cast<size_t>(g) * n * k, k, n, k, tokens, true);
  }
};

enum { Q, K, V, POST, INTER, OUT, PRODUCTS };

struct Layer {
  Grouped g[PRODUCTS];
  const float* scale[2];  // of the two norms
  const float* shift[2];
  const float* taps = nullptr;  // [3][intermediate]: what the token before, the token itself and the one after contribute
};

/// Where a chunk's saved values of one layer lie: rows without gaps.
struct Saved {
  half *qkv[3], *context, *p, *norm[2], *before;
  float* deviation[2];  // 1 / standard deviation
};

struct Chunk {
  int first, last;   // texts
  int start, count;  // tokens
  int longest;       // tokens of its longest text
  size_t at;         // bytes into the saved values
  size_t weights;    // elements of the attention's probabilities, all heads
};

class Encoder {
 public:
  Encoder(int layers, int hidden, int heads, int inter, const int* groups, bool neighbours, int threads)
      : hidden_(hidden), inter_(inter), heads_(heads), size_(hidden / heads), row_(hidden + gap), neighbours_(neighbours),
        crew_(threads), layers_(layers) {
    for (auto& l : layers_)
      for (int i = 0; i < PRODUCTS; ++i) {
        l.g[i].in = i == OUT ? inter : hidden;
        l.g[i].out = i == INTER ? inter : hidden;
        l.g[i].groups = groups[i];
      }
    grads_.resize(threads);
    scratch_.resize(threads);
  }

  /// 16 tensors a layer: weight and bias of q, k, v, post; scale and shift of its norm; intermediate (and its taps, where
  /// neighbours are mixed); output and its norm.
  void weights(const float* const* w) {
    for (auto& l : layers_) {
      for (int i = 0; i < PRODUCTS; ++i) {
        l.g[i].take(*w++);
        l.g[i].bias = *w++;
        if (i == POST || i == OUT) {
          l.scale[i == OUT] = *w++;
          l.shift[i == OUT] = *w++;
        }
        if (i == INTER && neighbours_) l.taps = *w++;
      }
    }
  }

  size_t forward(const float* x, const int* offsets, int texts, float* y, char* saved, float dropout, uint64_t seed) {
    plan(offsets, texts);
    if (!saved) return total_;
    crew_.run(static_cast<int>(chunks_.size()), [&](int thread, int i) {
      forward(chunks_[i], scratch_[thread], offsets, x, y, saved + chunks_[i].at, dropout, seed);
    });
    return total_;
  }

  void backward(const float* dy, const int* offsets, int texts, float* dx, char* saved, float dropout, uint64_t seed,
                float* const* grads) {
    plan(offsets, texts);
    const size_t size = layer_gradient() * layers_.size();
    for (auto& g : grads_) g.assign(size, 0.0f);
    crew_.run(static_cast<int>(chunks_.size()), [&](int thread, int i) {
      backward(chunks_[i], scratch_[thread], offsets, dy, dx, saved + chunks_[i].at, dropout, seed,
               grads_[thread].data());
    });
    size_t at = 0;
    for (auto& l : layers_)
      for (int i = 0; i < PRODUCTS; ++i) {
        const size_t sizes[4] = {static_cast<size_t>(l.g[i].out) * l.g[i].in / l.g[i].groups,
                                 static_cast<size_t>(l.g[i].out),
                                 static_cast<size_t>(i == INTER ? 3 * inter_ : hidden_), static_cast<size_t>(hidden_)};
        const int parts = i == POST || i == OUT ? 4 : i == INTER && neighbours_ ? 3 : 2;
        for (int part = 0; part < parts; ++part, ++grads) {
          memcpy(*grads, grads_[0].data() + at, 4 * sizes[part]);
          for (size_t t = 1; t < grads_.size(); ++t) {
            const float* from = grads_[t].data() + at;
            for (size_t j = 0; j < sizes[part]; ++j) (*grads)[j] += from[j];
          }
          at += sizes[part];
        }
      }
  }

 private:
  /// A thread's memory for one chunk, taken piece by piece.
  struct Scratch {
    std::vector<char> memory;
    char* at = nullptr;
    void begin(size_t floats) {
      if (memory.size() < 4 * floats + 4096) memory.resize(4 * floats + 4096);
      at = memory.data() + (64 - reinterpret_cast<uintptr_t>(memory.data()) % 64);
    }
    float* take(size_t count) {
      float* p = reinterpret_cast<float*>(at);
      at += (count * sizeof(float) + 63) / 64 * 64;
      return p;
    }
  };

  static size_t wide(int tokens) { return static_cast<size_t>((tokens + 15) / 16 * 16); }

  size_t layer_gradient() const {
    size_t n = 0;
    for (auto& g : layers_[0].g) n += static_cast<size_t>(g.out) * g.in / g.groups + g.out;
    return n + 4 * static_cast<size_t>(hidden_) + (neighbours_ ? 3 * static_cast<size_t>(inter_) : 0);
  }

  void plan(const int* offsets, int texts) {
    chunks_.clear();
    total_ = 0;
    for (int i = 0; i < texts;) {
      Chunk c{i, i, offsets[i], 0, 0, total_, 0};
      do {
        const int n = offsets[c.last + 1] - offsets[c.last];
        c.weights += static_cast<size_t>(n) * wide(n) * heads_;
        c.count += n;
        c.longest = std::max(c.longest, n);
        ++c.last;
      } while (c.last < texts && c.count + offsets[c.last + 1] - offsets[c.last] <= chunk_tokens);
      i = c.last;
      char* p = nullptr;
      lay_first(p, c);
      for (size_t l = 0; l < layers_.size(); ++l) lay(p, c);
      total_ += reinterpret_cast<size_t>(p);
      chunks_.push_back(c);
    }
  }

  template <class T>
  static T* part(char*& p, size_t count) {
    T* here = reinterpret_cast<T*>(p);
    p += (count * sizeof(T) + 63) / 64 * 64;
    return here;
  }
  half* lay_first(char*& p, const Chunk& c) const { return part<half>(p, static_cast<size_t>(c.count) * hidden_); }
  Saved lay(char*& p, const Chunk& c) const {
    Saved s;
    const size_t size = static_cast<size_t>(c.count) * hidden_;
    for (half** x : {&s.qkv[0], &s.qkv[1], &s.qkv[2], &s.context, &s.norm[0], &s.norm[1]}) *x = part<half>(p, size);
    s.before = part<half>(p, static_cast<size_t>(c.count) * inter_);
    s.p = part<half>(p, c.weights);
    for (float*& d : s.deviation) d = part<float>(p, static_cast<size_t>(c.count));
    return s;
  }

  void forward(const Chunk& c, Scratch& s, const int* offsets, const float* x, float* y, char* saved, float dropout,
               uint64_t seed) {
    const int n = c.count, h = hidden_;
    const size_t size = static_cast<size_t>(n) * row_, inner = static_cast<size_t>(n) * (inter_ + gap);
    const size_t square = static_cast<size_t>(c.longest) * wide(c.longest), tall = size_ * wide(c.longest);
    s.begin(5 * size + inner + square + tall);
    float* stream = s.take(size);
    float* qkv = s.take(3 * size);
    float* context = s.take(size);
    float* inside = s.take(inner);
    float* scores = s.take(square);
    float* turned = s.take(tall);

    char* p = saved;
    half* first = lay_first(p, c);
    for (int r = 0; r < n; ++r)
      for (int j = 0; j < h; j += 16) {
        const __m512 v = _mm512_loadu_ps(x + static_cast<size_t>(c.start + r) * h + j);
        _mm512_storeu_ps(stream + r * row_ + j, v);
        store(first + static_cast<size_t>(r) * h + j, v);
      }
    for (size_t l = 0; l < layers_.size(); ++l) {
      const Layer& layer = layers_[l];
      const Saved v = lay(p, c);
      for (int i = Q; i <= V; ++i) {
        float* to = qkv + static_cast<size_t>(i) * size;
        layer.g[i].apply(stream, to, n);
        for (int r = 0; r < n; ++r)
          for (int j = 0; j < h; j += 16) {
            const __m512 z = _mm512_add_ps(_mm512_loadu_ps(to + r * row_ + j), _mm512_loadu_ps(layer.g[i].bias + j));
            _mm512_storeu_ps(to + r * row_ + j, z);
            store(v.qkv[i] + static_cast<size_t>(r) * h + j, z);
          }
      }
      attend(c, offsets, v, qkv, context, scores, turned);
      layer.g[POST].apply(context, qkv, n);
      norm(layer, 0, l, c, qkv, stream, v, dropout, seed);
      layer.g[INTER].apply(stream, inside, n);
      for (int r = 0; r < n; ++r)
        for (int j = 0; j < inter_; j += 16) {
          float* at = inside + static_cast<size_t>(r) * (inter_ + gap) + j;
          const __m512 z = _mm512_add_ps(_mm512_loadu_ps(at), _mm512_loadu_ps(layer.g[INTER].bias + j));
          store(v.before + static_cast<size_t>(r) * inter_ + j, z);
          if (neighbours_) continue;
          __m512 density, below;
          normal(z, density, below);
          _mm512_storeu_ps(at, _mm512_mul_ps(z, below));
        }
      for (int text = c.first; neighbours_ && text < c.last; ++text)
        for (int r = offsets[text] - c.start; r < offsets[text + 1] - c.start; ++r)
          for (int j = 0; j < inter_; j += 16) {
            const __m512 z = mixed_before(layer, v, r, j, r == offsets[text] - c.start, r + 1 == offsets[text + 1] - c.start);
            __m512 density, below;
            normal(z, density, below);
            _mm512_storeu_ps(inside + static_cast<size_t>(r) * (inter_ + gap) + j, _mm512_mul_ps(z, below));
          }
      layer.g[OUT].apply(inside, qkv, n);
      norm(layer, 1, l, c, qkv, stream, v, dropout, seed);
    }
    for (int r = 0; r < n; ++r) memcpy(y + static_cast<size_t>(c.start + r) * h, stream + r * row_, 4ul * h);
  }

  /// What the activation sees at row r: the value there, and the rows beside it of the same text.
  __m512 mixed_before(const Layer& layer, const Saved& v, int r, int j, bool first, bool last) const {
    const half* at = v.before + static_cast<size_t>(r) * inter_ + j;
    __m512 z = _mm512_mul_ps(widen(at), _mm512_loadu_ps(layer.taps + inter_ + j));
    if (!first) z = _mm512_fmadd_ps(widen(at - inter_), _mm512_loadu_ps(layer.taps + j), z);
    if (!last) z = _mm512_fmadd_ps(widen(at + inter_), _mm512_loadu_ps(layer.taps + 2 * inter_ + j), z);
    return z;
  }

  /// inside: gradient of the mixed values -> of the unmixed ones.
  void unmix(const Layer& layer, const Saved& v, const Chunk& c, const int* offsets, float* inside, float* carry,
             float* dtaps) const {
    const size_t row = static_cast<size_t>(inter_ + gap);
    auto add = [](float* to, __m512 x) { _mm512_storeu_ps(to, _mm512_add_ps(_mm512_loadu_ps(to), x)); };
    for (int text = c.first; text < c.last; ++text) {
      const int begin = offsets[text] - c.start, end = offsets[text + 1] - c.start;
      for (int r = begin; r < end; ++r)
        for (int j = 0; j < inter_; j += 16) {
          float* at = inside + static_cast<size_t>(r) * row + j;
          const half* z = v.before + static_cast<size_t>(r) * inter_ + j;
          const __m512 d = _mm512_loadu_ps(at);
          const __m512 previous = r > begin ? _mm512_loadu_ps(carry + j) : _mm512_setzero_ps();
          add(dtaps + inter_ + j, _mm512_mul_ps(d, widen(z)));
          __m512 sum = _mm512_mul_ps(d, _mm512_loadu_ps(layer.taps + inter_ + j));
          if (r > begin) {
            add(dtaps + j, _mm512_mul_ps(d, widen(z - inter_)));
            sum = _mm512_fmadd_ps(previous, _mm512_loadu_ps(layer.taps + 2 * inter_ + j), sum);
          }
          if (r + 1 < end) {
            add(dtaps + 2 * inter_ + j, _mm512_mul_ps(d, widen(z + inter_)));
            sum = _mm512_fmadd_ps(_mm512_loadu_ps(at + row), _mm512_loadu_ps(layer.taps + j), sum);
          }
          _mm512_storeu_ps(carry + j, d);
          _mm512_storeu_ps(at, sum);
        }
    }
  }

  void attend(const Chunk& c, const int* offsets, const Saved& s, const float* qkv, float* context, float* scores,
              float* turned) {
    const int h = hidden_, d = size_;
    const size_t size = static_cast<size_t>(c.count) * row_;
    const __m512 factor = _mm512_set1_ps(1.0f / __builtin_sqrtf(static_cast<float>(d)));
    half* p = s.p;
    for (int text = c.first; text < c.last; ++text) {
      const int t = offsets[text + 1] - offsets[text], w = static_cast<int>(wide(t));
      for (int head = 0; head < heads_; ++head, p += static_cast<size_t>(t) * w) {
        const size_t at = static_cast<size_t>(offsets[text] - c.start) * row_ + static_cast<size_t>(head) * d;
        turn_rows(qkv + size + at, row_, turned, w, t, d);
        product(qkv + at, row_, 1, turned, w, scores, w, t, w, d, false);
        for (int i = 0; i < t; ++i) {
          float* line = scores + static_cast<size_t>(i) * w;
          auto mask = [&](int j) { return static_cast<__mmask16>(t - j >= 16 ? 0xFFFF : (1u << (t - j)) - 1); };
          __m512 most = _mm512_set1_ps(-1e30f);
          for (int j = 0; j < w; j += 16) most = _mm512_mask_max_ps(most, mask(j), most, _mm512_loadu_ps(line + j));
          const __m512 top = _mm512_set1_ps(_mm512_reduce_max_ps(most));
          __m512 sum = _mm512_setzero_ps();
          for (int j = 0; j < w; j += 16) {
            const __m512 e = _mm512_maskz_mov_ps(
                mask(j), exponential(_mm512_mul_ps(_mm512_sub_ps(_mm512_loadu_ps(line + j), top), factor)));
            _mm512_storeu_ps(line + j, e);
            sum = _mm512_add_ps(sum, e);
          }
          const __m512 share = _mm512_set1_ps(1.0f / _mm512_reduce_add_ps(sum));
          for (int j = 0; j < w; j += 16) {
            const __m512 v = _mm512_mul_ps(_mm512_loadu_ps(line + j), share);
            _mm512_storeu_ps(line + j, v);
            store(p + static_cast<size_t>(i) * w + j, v);
          }
        }
        product(scores, w, 1, qkv + 2 * size + at, row_, context + at, row_, t, d, t, false);
      }
    }
    for (int r = 0; r < c.count; ++r)
      for (int j = 0; j < h; j += 16)
        store(s.context + static_cast<size_t>(r) * h + j, _mm512_loadu_ps(context + r * row_ + j));
  }

  static uint32_t row_seed(uint64_t seed, size_t layer, int which, int token) {
    return mixed(seed + (layer * 2 + static_cast<size_t>(which)) * 0x9E3779B97F4A7C15ull +
                 static_cast<uint64_t>(token) * 0xD1B54A32D192ED03ull);
  }

  /// stream = norm(dropout(result + bias) + stream)
  void norm(const Layer& layer, int which, size_t number, const Chunk& c, const float* result, float* stream,
            const Saved& s, float dropout, uint64_t seed) {
    const int h = hidden_;
    const float* bias = layer.g[which ? OUT : POST].bias;
    const uint32_t threshold = static_cast<uint32_t>(dropout * 4294967295.0);
    const __m512 grown = _mm512_set1_ps(1.0f / (1.0f - dropout));
    for (int r = 0; r < c.count; ++r) {
      float* x = stream + r * row_;
      const float* y = result + r * row_;
      const uint32_t row = row_seed(seed, number, which, c.start + r);
      __m512 sum = _mm512_setzero_ps(), squares = sum;
      for (int j = 0; j < h; j += 16) {
        __m512 v = _mm512_add_ps(_mm512_loadu_ps(y + j), _mm512_loadu_ps(bias + j));
        if (dropout > 0) v = _mm512_maskz_mul_ps(kept(row, j, threshold), v, grown);
        v = _mm512_add_ps(v, _mm512_loadu_ps(x + j));
        _mm512_storeu_ps(x + j, v);
        sum = _mm512_add_ps(sum, v);
        squares = _mm512_fmadd_ps(v, v, squares);
      }
      const float mean = _mm512_reduce_add_ps(sum) / h;
      const float variance = std::max(0.0f, _mm512_reduce_add_ps(squares) / h - mean * mean);
      const float deviation = 1.0f / __builtin_sqrtf(variance + 1e-12f);
      s.deviation[which][r] = deviation;
      for (int j = 0; j < h; j += 16) {
        const __m512 v =
            _mm512_mul_ps(_mm512_sub_ps(_mm512_loadu_ps(x + j), _mm512_set1_ps(mean)), _mm512_set1_ps(deviation));
        store(s.norm[which] + static_cast<size_t>(r) * h + j, v);
        _mm512_storeu_ps(x + j, _mm512_fmadd_ps(v, _mm512_loadu_ps(layer.scale[which] + j),
                                                _mm512_loadu_ps(layer.shift[which] + j)));
      }
    }
  }

  /// d: gradient of the norm's result -> of its input; kept_part: that, where dropout kept it.
  void norm_back(const Layer& layer, int which, size_t number, const Chunk& c, float* d, float* kept_part, const Saved& s,
                 float dropout, uint64_t seed, float* bias, float* scale, float* shift) {
    const int h = hidden_;
    const uint32_t threshold = static_cast<uint32_t>(dropout * 4294967295.0);
    const __m512 grown = _mm512_set1_ps(1.0f / (1.0f - dropout));
    for (int r = 0; r < c.count; ++r) {
      float* g = d + r * row_;
      const half* x = s.norm[which] + static_cast<size_t>(r) * h;
      const uint32_t row = row_seed(seed, number, which, c.start + r);
      __m512 sum = _mm512_setzero_ps(), dot = sum;
      for (int j = 0; j < h; j += 16) {
        const __m512 v = _mm512_loadu_ps(g + j), xhat = widen(x + j);
        _mm512_storeu_ps(scale + j, _mm512_fmadd_ps(v, xhat, _mm512_loadu_ps(scale + j)));
        _mm512_storeu_ps(shift + j, _mm512_add_ps(v, _mm512_loadu_ps(shift + j)));
        const __m512 w = _mm512_mul_ps(v, _mm512_loadu_ps(layer.scale[which] + j));
        sum = _mm512_add_ps(sum, w);
        dot = _mm512_fmadd_ps(w, xhat, dot);
      }
      const __m512 mean = _mm512_set1_ps(_mm512_reduce_add_ps(sum) / h);
      const __m512 lean = _mm512_set1_ps(_mm512_reduce_add_ps(dot) / h);
      const __m512 deviation = _mm512_set1_ps(s.deviation[which][r]);
      for (int j = 0; j < h; j += 16) {
        const __m512 w = _mm512_mul_ps(_mm512_loadu_ps(g + j), _mm512_loadu_ps(layer.scale[which] + j));
        __m512 v = _mm512_mul_ps(deviation, _mm512_fnmadd_ps(widen(x + j), lean, _mm512_sub_ps(w, mean)));
        _mm512_storeu_ps(g + j, v);
        if (dropout > 0) v = _mm512_maskz_mul_ps(kept(row, j, threshold), v, grown);
        _mm512_storeu_ps(bias + j, _mm512_add_ps(v, _mm512_loadu_ps(bias + j)));
        _mm512_storeu_ps(kept_part + r * row_ + j, v);
      }
    }
  }

  void backward(const Chunk& c, Scratch& s, const int* offsets, const float* dy, float* dx, char* saved, float dropout,
                uint64_t seed, float* grads) {
    const int n = c.count, h = hidden_;
    const size_t size = static_cast<size_t>(n) * row_, inner_row = static_cast<size_t>(inter_ + gap);
    const size_t square = static_cast<size_t>(c.longest) * wide(c.longest), tall = size_ * wide(c.longest);
    s.begin(9 * size + (2 * static_cast<size_t>(n) + 1) * inner_row + 2 * square + tall);
    float* stream = s.take(size);
    float* low = s.take(size);
    float* rows = s.take(size);
    float* qkv = s.take(3 * size);
    float* dqkv = s.take(3 * size);
    float* inside = s.take(n * inner_row);
    float* active = s.take(n * inner_row);
    float* carry = s.take(inner_row);
    float* shares = s.take(square);
    float* scores = s.take(square);
    float* turned = s.take(tall);

    std::vector<Saved> places(layers_.size());
    char* p = saved;
    const half* first = lay_first(p, c);
    for (auto& place : places) place = lay(p, c);

    for (int r = 0; r < n; ++r) memcpy(stream + r * row_, dy + static_cast<size_t>(c.start + r) * h, 4ul * h);
    for (size_t l = layers_.size(); l-- > 0;) {
      const Layer& layer = layers_[l];
      const Saved& v = places[l];
      float* g = grads + l * layer_gradient();
      float *dw[PRODUCTS], *db[PRODUCTS], *dscale[2], *dshift[2], *dtaps = nullptr;
      for (int i = 0; i < PRODUCTS; ++i) {
        dw[i] = g;
        g += static_cast<size_t>(layer.g[i].out) * layer.g[i].in / layer.g[i].groups;
        db[i] = g;
        g += layer.g[i].out;
        if (i == POST || i == OUT) {
          dscale[i == OUT] = g;
          dshift[i == OUT] = g + h;
          g += 2 * h;
        }
        if (i == INTER && neighbours_) {
          dtaps = g;
          g += 3 * inter_;
        }
      }
      // What a norm gave, from its saved values before scale and shift.
      auto restore = [&](const Layer& from, int which, const half* x) {
        for (int r = 0; r < n; ++r)
          for (int j = 0; j < h; j += 16)
            _mm512_storeu_ps(rows + r * row_ + j, _mm512_fmadd_ps(widen(x + static_cast<size_t>(r) * h + j),
                                                                  _mm512_loadu_ps(from.scale[which] + j),
                                                                  _mm512_loadu_ps(from.shift[which] + j)));
      };

      norm_back(layer, 1, l, c, stream, low, v, dropout, seed, db[OUT], dscale[1], dshift[1]);
      layer.g[OUT].back(low, inside, n, false);
      for (int text = c.first; text < c.last; ++text)
        for (int r = offsets[text] - c.start; r < offsets[text + 1] - c.start; ++r)
          for (int j = 0; j < inter_; j += 16) {
            const size_t at = static_cast<size_t>(r) * inner_row + j;
            const __m512 x = neighbours_ ? mixed_before(layer, v, r, j, r == offsets[text] - c.start,
                                                        r + 1 == offsets[text + 1] - c.start)
                                         : widen(v.before + static_cast<size_t>(r) * inter_ + j);
            __m512 density, below;
            normal(x, density, below);
            _mm512_storeu_ps(active + at, _mm512_mul_ps(x, below));
            _mm512_storeu_ps(inside + at,
                             _mm512_mul_ps(_mm512_loadu_ps(inside + at), _mm512_fmadd_ps(x, density, below)));
          }
      if (neighbours_) unmix(layer, v, c, offsets, inside, carry, dtaps);
      for (int r = 0; r < n; ++r)
        for (int j = 0; j < inter_; j += 16)
          _mm512_storeu_ps(db[INTER] + j, _mm512_add_ps(_mm512_loadu_ps(db[INTER] + j),
                                                        _mm512_loadu_ps(inside + static_cast<size_t>(r) * inner_row + j)));
      layer.g[OUT].gradient(low, active, dw[OUT], n);
      restore(layer, 0, v.norm[0]);
      layer.g[INTER].gradient(inside, rows, dw[INTER], n);
      layer.g[INTER].back(inside, stream, n, true);

      norm_back(layer, 0, l, c, stream, low, v, dropout, seed, db[POST], dscale[0], dshift[0]);
      widen_rows(v.context, rows, row_, n, h);
      layer.g[POST].gradient(low, rows, dw[POST], n);
      layer.g[POST].back(low, rows, n, false);
      for (int i = Q; i <= V; ++i) widen_rows(v.qkv[i], qkv + static_cast<size_t>(i) * size, row_, n, h);
      attend_back(c, offsets, v, qkv, rows, dqkv, shares, scores, turned);
      if (l == 0)
        widen_rows(first, rows, row_, n, h);
      else
        restore(layers_[l - 1], 1, places[l - 1].norm[1]);
      for (int i = Q; i <= V; ++i) {
        const float* d = dqkv + static_cast<size_t>(i) * size;
        for (int r = 0; r < n; ++r)
          for (int j = 0; j < h; j += 16)
            _mm512_storeu_ps(db[i] + j, _mm512_add_ps(_mm512_loadu_ps(d + r * row_ + j), _mm512_loadu_ps(db[i] + j)));
        layer.g[i].gradient(d, rows, dw[i], n);
        layer.g[i].back(d, stream, n, true);
      }
    }
    for (int r = 0; r < n; ++r) memcpy(dx + static_cast<size_t>(c.start + r) * h, stream + r * row_, 4ul * h);
  }

  void attend_back(const Chunk& c, const int* offsets, const Saved& s, const float* qkv, const float* dcontext,
                   float* dqkv, float* shares, float* scores, float* turned) {
    const int d = size_;
    const size_t size = static_cast<size_t>(c.count) * row_;
    const __m512 factor = _mm512_set1_ps(1.0f / __builtin_sqrtf(static_cast<float>(d)));
    const half* p = s.p;
    for (int text = c.first; text < c.last; ++text) {
      const int t = offsets[text + 1] - offsets[text], w = static_cast<int>(wide(t));
      for (int head = 0; head < heads_; ++head, p += static_cast<size_t>(t) * w) {
        const size_t at = static_cast<size_t>(offsets[text] - c.start) * row_ + static_cast<size_t>(head) * d;
        turn_rows(qkv + 2 * size + at, row_, turned, w, t, d);
        product(dcontext + at, row_, 1, turned, w, scores, w, t, w, d, false);
        widen_rows(p, shares, w, t, w);
        product(shares, 1, w, dcontext + at, row_, dqkv + 2 * size + at, row_, t, d, t, false);
        for (int i = 0; i < t; ++i) {
          float* line = scores + static_cast<size_t>(i) * w;
          const float* share = shares + static_cast<size_t>(i) * w;
          __m512 sum = _mm512_setzero_ps();
          for (int j = 0; j < w; j += 16)
            sum = _mm512_fmadd_ps(_mm512_loadu_ps(share + j), _mm512_loadu_ps(line + j), sum);
          const __m512 mean = _mm512_set1_ps(_mm512_reduce_add_ps(sum));
          for (int j = 0; j < w; j += 16)
            _mm512_storeu_ps(line + j, _mm512_mul_ps(_mm512_mul_ps(_mm512_loadu_ps(share + j), factor),
                                                     _mm512_sub_ps(_mm512_loadu_ps(line + j), mean)));
        }
        product(scores, w, 1, qkv + size + at, row_, dqkv + at, row_, t, d, t, false);
        product(scores, 1, w, qkv + at, row_, dqkv + size + at, row_, t, d, t, false);
      }
    }
  }

  int hidden_, inter_, heads_, size_;
  long row_;  // values from row to row
  bool neighbours_;
  Crew crew_;
  std::vector<Layer> layers_;
  std::vector<std::vector<float>> grads_;
  std::vector<Scratch> scratch_;
  std::vector<Chunk> chunks_;
  size_t total_ = 0;
};

}  // namespace

extern "C" {

/// hidden, intermediate and the head's size are multiples of 16 and a group's share of each a multiple of 16.
/// neighbours: the intermediate values of three neighbouring tokens are mixed, channel by channel, before the activation.
void* encoder_new(int layers, int hidden, int heads, int inter, const int* groups, int neighbours, int threads) {
  return new Encoder(layers, hidden, heads, inter, groups, neighbours != 0, threads);
}
void encoder_free(void* encoder) { delete static_cast<Encoder*>(encoder); }
void encoder_weights(void* encoder, const float* const* weights) { static_cast<Encoder*>(encoder)->weights(weights); }

/// x, y [tokens][hidden]; text i is tokens offsets[i] to offsets[i + 1]. Returns the bytes of `saved`; computes nothing when
/// that is null.
size_t encoder_forward(void* encoder, const float* x, const int* offsets, int texts, float* y, char* saved, float dropout,
                       uint64_t seed) {
  return static_cast<Encoder*>(encoder)->forward(x, offsets, texts, y, saved, dropout, seed);
}
void encoder_backward(void* encoder, const float* dy, const int* offsets, int texts, float* dx, char* saved, float dropout,
                      uint64_t seed, float* const* grads) {
  static_cast<Encoder*>(encoder)->backward(dy, offsets, texts, dx, saved, dropout, seed, grads);
}
}
