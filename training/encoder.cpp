// The encoder's forward and backward passes for training on a processor with AVX512 or AVX2: what model.py's layers compute,
// without padding, fused, on all cores. PyTorch's own operations leave most of the time to copies and to small products.
//
// Built and called by fused.py. Every thread takes a handful of texts at a time through all layers, so that what it works on
// stays in its own cache. Everything is computed in float32 (vdpbf16ps was measured at half the speed of float32's multiply-add
// on the processor this was written on); what the backward pass needs again is kept in float16.
#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <cstring>
#include <functional>
#include <mutex>
#include <numeric>
#include <thread>
#include <vector>

#include "lanes.h"

namespace {

constexpr int chunk_tokens = 128;  // texts are taken together until they have this many tokens
constexpr int gap = 16;            // values between rows: rows 4096 bytes apart would share the cache's places

// ---------------------------------------------------------------- products

template <int M, int V>
inline void tile(const float* a, long a_row, long a_k, const float* b, long b_k, float* c, long c_row, int k, bool add) {
  Lanes sum[M][V];
  for (int m = 0; m < M; ++m)
    for (int v = 0; v < V; ++v) sum[m][v] = add ? load(c + m * c_row + 16 * v) : zeros();
  for (int i = 0; i < k; ++i, a += a_k, b += b_k) {
    Lanes right[V];
    for (int v = 0; v < V; ++v) right[v] = load(b + 16 * v);
    for (int m = 0; m < M; ++m) {
      const Lanes left = all(a[m * a_row]);
      for (int v = 0; v < V; ++v) sum[m][v] = fma(left, right[v], sum[m][v]);
    }
  }
  for (int m = 0; m < M; ++m)
    for (int v = 0; v < V; ++v) store(c + m * c_row + 16 * v, sum[m][v]);
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
  constexpr int columns = 16 * widest_tile;
  for (; n >= columns; n -= columns, b += columns, c += columns) strip<widest_tile>(a, a_row, a_k, b, b_k, c, c_row, m, k, add);
  if constexpr (widest_tile == 4) switch (n / 16) {
      case 3: strip<3>(a, a_row, a_k, b, b_k, c, c_row, m, k, add); break;
      case 2: strip<2>(a, a_row, a_k, b, b_k, c, c_row, m, k, add); break;
      case 1: strip<1>(a, a_row, a_k, b, b_k, c, c_row, m, k, add); break;
    }
}

// ---------------------------------------------------------------- small vector functions

inline Lanes exponential(Lanes x) {
  x = max(x, all(-87.0f));
  const Lanes n = whole(x * all(1.44269504f));
  const Lanes r = fnma(n, all(0.693147182f), x);
  Lanes y = all(1.0f / 720);
  for (float c : {1.0f / 120, 1.0f / 24, 1.0f / 6, 0.5f, 1.0f, 1.0f}) y = fma(y, r, all(c));
  return times_power_of_2(y, n);
}

/// The normal distribution's density and cumulative probability (Abramowitz and Stegun 7.1.26).
inline void normal(Lanes x, Lanes& density, Lanes& below) {
  const Lanes z = absolute(x);
  const Lanes bell = exponential(x * x * all(-0.5f));
  const Lanes t = all(1.0f) / fma(z, all(0.3275911f * 0.70710678f), all(1.0f));
  Lanes y = all(1.061405429f);
  for (float c : {-1.453152027f, 1.421413741f, -0.284496736f, 0.254829592f})
    y = fma(y, t, all(c));
  const Lanes tail = y * t * bell * all(0.5f);
  below = where(not_negative(x), all(1.0f) - tail, tail);
  density = bell * all(0.398942280f);
}

/// 1 / (1 + e^-x)
inline Lanes logistic(Lanes x) {
  const Lanes e = exponential(zeros() - absolute(x));  // at most 1
  return where(not_negative(x), all(1.0f), e) / (all(1.0f) + e);
}

inline void increase(float* to, Lanes by) { store(to, load(to) + by); }

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
      store(out + r * out_row + j, load(in + static_cast<size_t>(r) * width + j));
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

/// The gate of a layer's output, or its gradient: squeeze [narrow][hidden], excite [hidden][narrow] and their biases.
template <class T>
struct Excitation {
  T *squeeze, *squeeze_bias, *excite, *excite_bias;
};

struct Layer {
  Grouped g[PRODUCTS];
  const float* scale[2];  // of the two norms
  const float* shift[2];
  const float* taps = nullptr;  // [3][intermediate]: what the token before, the token itself and the one after contribute
  Excitation<const float> gate{};
};

/// Where a chunk's saved values of one layer lie: rows without gaps.
struct Saved {
  half *qkv[3], *context, *p, *norm[2], *before;
  float* deviation[2];               // 1 / standard deviation
  half* ungated;                     // what the gate multiplies, and for each text:
  float *mean, *squeezed, *opening;  // its mean, what squeeze and ReLU make of that, the factors
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
  Encoder(int layers, int hidden, int heads, int inter, const int* groups, bool neighbours, int narrow, int threads)
      : hidden_(hidden), inter_(inter), heads_(heads), size_(hidden / heads), narrow_(narrow), row_(hidden + gap),
        neighbours_(neighbours), crew_(threads), layers_(layers) {
    for (auto& l : layers_)
      for (int i = 0; i < PRODUCTS; ++i) {
        l.g[i].in = i == OUT ? inter : hidden;
        l.g[i].out = i == INTER ? inter : hidden;
        l.g[i].groups = groups[i];
      }
    const size_t h = hidden, n = narrow;
    for (int i = 0; i < PRODUCTS; ++i) {
      const size_t in = i == OUT ? inter : hidden, out = i == INTER ? inter : hidden;
      sizes_.insert(sizes_.end(), {out * in / groups[i], out});
      if (i == POST || i == OUT) sizes_.insert(sizes_.end(), {h, h});
      if (i == INTER && neighbours) sizes_.push_back(3 * out);
    }
    if (narrow) sizes_.insert(sizes_.end(), {n * h, n, h * n, h});
    grads_.resize(threads);
    scratch_.resize(threads);
  }

  /// 16 tensors a layer: weight and bias of q, k, v, post; scale and shift of its norm; intermediate (and its taps, where
  /// neighbours are mixed); output and its norm; where there is a gate, squeeze and excite.
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
      if (narrow_) {
        l.gate = {w[0], w[1], w[2], w[3]};
        w += 4;
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
    for (size_t l = 0; l < layers_.size(); ++l)
      for (size_t part : sizes_) {
        float* to = *grads++;
        memcpy(to, grads_[0].data() + at, 4 * part);
        for (size_t t = 1; t < grads_.size(); ++t) {
          const float* from = grads_[t].data() + at;
          for (size_t j = 0; j < part; ++j) to[j] += from[j];
        }
        at += part;
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

  size_t layer_gradient() const { return std::accumulate(sizes_.begin(), sizes_.end(), size_t{0}); }

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
    Saved s{};
    const size_t size = static_cast<size_t>(c.count) * hidden_;
    for (half** x : {&s.qkv[0], &s.qkv[1], &s.qkv[2], &s.context, &s.norm[0], &s.norm[1]}) *x = part<half>(p, size);
    s.before = part<half>(p, static_cast<size_t>(c.count) * inter_);
    s.p = part<half>(p, c.weights);
    for (float*& d : s.deviation) d = part<float>(p, static_cast<size_t>(c.count));
    if (narrow_) {
      const size_t texts = static_cast<size_t>(c.last - c.first);
      s.ungated = part<half>(p, size);
      s.mean = part<float>(p, texts * hidden_);
      s.squeezed = part<float>(p, texts * narrow_);
      s.opening = part<float>(p, texts * hidden_);
    }
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
        const Lanes v = load(x + static_cast<size_t>(c.start + r) * h + j);
        store(stream + r * row_ + j, v);
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
            const Lanes z = load(to + r * row_ + j) + load(layer.g[i].bias + j);
            store(to + r * row_ + j, z);
            store(v.qkv[i] + static_cast<size_t>(r) * h + j, z);
          }
      }
      attend(c, offsets, v, qkv, context, scores, turned);
      layer.g[POST].apply(context, qkv, n);
      norm(layer, 0, l, c, qkv, layer.g[POST].bias, stream, v, dropout, seed);
      layer.g[INTER].apply(stream, inside, n);
      for (int r = 0; r < n; ++r)
        for (int j = 0; j < inter_; j += 16) {
          float* at = inside + static_cast<size_t>(r) * (inter_ + gap) + j;
          const Lanes z = load(at) + load(layer.g[INTER].bias + j);
          store(v.before + static_cast<size_t>(r) * inter_ + j, z);
          if (neighbours_) continue;
          Lanes density, below;
          normal(z, density, below);
          store(at, z * below);
        }
      for (int text = c.first; neighbours_ && text < c.last; ++text)
        for (int r = offsets[text] - c.start; r < offsets[text + 1] - c.start; ++r)
          for (int j = 0; j < inter_; j += 16) {
            const Lanes z = mixed_before(layer, v, r, j, r == offsets[text] - c.start, r + 1 == offsets[text + 1] - c.start);
            Lanes density, below;
            normal(z, density, below);
            store(inside + static_cast<size_t>(r) * (inter_ + gap) + j, z * below);
          }
      layer.g[OUT].apply(inside, qkv, n);
      if (narrow_) excite(layer, c, offsets, v, qkv);
      norm(layer, 1, l, c, qkv, narrow_ ? nullptr : layer.g[OUT].bias, stream, v, dropout, seed);
    }
    for (int r = 0; r < n; ++r) memcpy(y + static_cast<size_t>(c.start + r) * h, stream + r * row_, 4ul * h);
  }

  /// What the activation sees at row r: the value there, and the rows beside it of the same text.
  Lanes mixed_before(const Layer& layer, const Saved& v, int r, int j, bool first, bool last) const {
    const half* at = v.before + static_cast<size_t>(r) * inter_ + j;
    Lanes z = load(at) * load(layer.taps + inter_ + j);
    if (!first) z = fma(load(at - inter_), load(layer.taps + j), z);
    if (!last) z = fma(load(at + inter_), load(layer.taps + 2 * inter_ + j), z);
    return z;
  }

  /// inside: gradient of the mixed values -> of the unmixed ones.
  void unmix(const Layer& layer, const Saved& v, const Chunk& c, const int* offsets, float* inside, float* carry,
             float* dtaps) const {
    const size_t row = static_cast<size_t>(inter_ + gap);
    for (int text = c.first; text < c.last; ++text) {
      const int begin = offsets[text] - c.start, end = offsets[text + 1] - c.start;
      for (int r = begin; r < end; ++r)
        for (int j = 0; j < inter_; j += 16) {
          float* at = inside + static_cast<size_t>(r) * row + j;
          const half* z = v.before + static_cast<size_t>(r) * inter_ + j;
          const Lanes d = load(at);
          const Lanes previous = r > begin ? load(carry + j) : zeros();
          increase(dtaps + inter_ + j, d * load(z));
          Lanes sum = d * load(layer.taps + inter_ + j);
          if (r > begin) {
            increase(dtaps + j, d * load(z - inter_));
            sum = fma(previous, load(layer.taps + 2 * inter_ + j), sum);
          }
          if (r + 1 < end) {
            increase(dtaps + 2 * inter_ + j, d * load(z + inter_));
            sum = fma(load(at + row), load(layer.taps + j), sum);
          }
          store(carry + j, d);
          store(at, sum);
        }
    }
  }

  /// result: the output's product -> that and its bias, times the gate.
  void excite(const Layer& layer, const Chunk& c, const int* offsets, const Saved& s, float* result) const {
    const int h = hidden_;
    const float* bias = layer.g[OUT].bias;
    float *mean = s.mean, *squeezed = s.squeezed, *opening = s.opening;
    for (int text = c.first; text < c.last; ++text, mean += h, squeezed += narrow_, opening += h) {
      const int begin = offsets[text] - c.start, end = offsets[text + 1] - c.start;
      const Lanes share = all(1.0f / (end - begin));
      for (int j = 0; j < h; j += 16) {
        Lanes sum = zeros();
        for (int r = begin; r < end; ++r) {
          const Lanes v = load(result + r * row_ + j) + load(bias + j);
          store(result + r * row_ + j, v);
          store(s.ungated + static_cast<size_t>(r) * h + j, v);
          sum = sum + v;
        }
        store(mean + j, sum * share);
      }
      for (int k = 0; k < narrow_; ++k) {
        Lanes sum = zeros();
        for (int j = 0; j < h; j += 16) sum = fma(load(layer.gate.squeeze + k * h + j), load(mean + j), sum);
        squeezed[k] = std::max(0.0f, total(sum) + layer.gate.squeeze_bias[k]);
      }
      for (int j = 0; j < h; ++j) {
        float sum = layer.gate.excite_bias[j];
        for (int k = 0; k < narrow_; ++k) sum += layer.gate.excite[j * narrow_ + k] * squeezed[k];
        opening[j] = sum;
      }
      for (int j = 0; j < h; j += 16) {
        const Lanes open = logistic(load(opening + j));
        store(opening + j, open);
        for (int r = begin; r < end; ++r) store(result + r * row_ + j, load(result + r * row_ + j) * open);
      }
    }
  }

  /// d: gradient of the gated values -> of the ungated ones; bias: its gradient, summed here. room: 2 hidden + narrow values.
  void excite_back(const Layer& layer, const Chunk& c, const int* offsets, const Saved& s, float* d, float* room, float* bias,
                   const Excitation<float>& dgate) const {
    const int h = hidden_;
    float *dlogit = room, *dmean = room + h, *dsqueezed = room + 2 * h;
    const float *mean = s.mean, *squeezed = s.squeezed, *opening = s.opening;
    for (int text = c.first; text < c.last; ++text, mean += h, squeezed += narrow_, opening += h) {
      const int begin = offsets[text] - c.start, end = offsets[text + 1] - c.start;
      const Lanes share = all(1.0f / (end - begin));
      for (int j = 0; j < h; j += 16) {
        Lanes sum = zeros();
        for (int r = begin; r < end; ++r)
          sum = fma(load(d + r * row_ + j), load(s.ungated + static_cast<size_t>(r) * h + j), sum);
        const Lanes open = load(opening + j);
        sum = sum * open * (all(1.0f) - open);
        store(dlogit + j, sum);
        increase(dgate.excite_bias + j, sum);
      }
      std::fill_n(dmean, h + narrow_, 0.0f);  // and dsqueezed
      for (int j = 0; j < h; ++j)
        for (int k = 0; k < narrow_; ++k) {
          dgate.excite[j * narrow_ + k] += dlogit[j] * squeezed[k];
          dsqueezed[k] += dlogit[j] * layer.gate.excite[j * narrow_ + k];
        }
      for (int k = 0; k < narrow_; ++k) {
        if (squeezed[k] == 0) continue;  // where ReLU let nothing through
        dgate.squeeze_bias[k] += dsqueezed[k];
        for (int j = 0; j < h; j += 16) {
          increase(dgate.squeeze + k * h + j, all(dsqueezed[k]) * load(mean + j));
          increase(dmean + j, all(dsqueezed[k]) * load(layer.gate.squeeze + k * h + j));
        }
      }
      for (int j = 0; j < h; j += 16) {
        const Lanes open = load(opening + j), even = load(dmean + j) * share;
        Lanes sum = zeros();
        for (int r = begin; r < end; ++r) {
          const Lanes v = fma(load(d + r * row_ + j), open, even);
          store(d + r * row_ + j, v);
          sum = sum + v;
        }
        increase(bias + j, sum);
      }
    }
  }

  void attend(const Chunk& c, const int* offsets, const Saved& s, const float* qkv, float* context, float* scores,
              float* turned) {
    const int h = hidden_, d = size_;
    const size_t size = static_cast<size_t>(c.count) * row_;
    const Lanes factor = all(1.0f / __builtin_sqrtf(static_cast<float>(d)));
    half* p = s.p;
    for (int text = c.first; text < c.last; ++text) {
      const int t = offsets[text + 1] - offsets[text], w = static_cast<int>(wide(t));
      for (int head = 0; head < heads_; ++head, p += static_cast<size_t>(t) * w) {
        const size_t at = static_cast<size_t>(offsets[text] - c.start) * row_ + static_cast<size_t>(head) * d;
        turn_rows(qkv + size + at, row_, turned, w, t, d);
        product(qkv + at, row_, 1, turned, w, scores, w, t, w, d, false);
        for (int i = 0; i < t; ++i) {
          float* line = scores + static_cast<size_t>(i) * w;
          Lanes most = all(-1e30f);
          for (int j = 0; j < w; j += 16) most = where(first_lanes(t - j), max(most, load(line + j)), most);
          const Lanes top = all(largest(most));
          Lanes sum = zeros();
          for (int j = 0; j < w; j += 16) {
            const Lanes e = where(first_lanes(t - j), exponential((load(line + j) - top) * factor));
            store(line + j, e);
            sum = sum + e;
          }
          const Lanes share = all(1.0f / total(sum));
          for (int j = 0; j < w; j += 16) {
            const Lanes v = load(line + j) * share;
            store(line + j, v);
            store(p + static_cast<size_t>(i) * w + j, v);
          }
        }
        product(scores, w, 1, qkv + 2 * size + at, row_, context + at, row_, t, d, t, false);
      }
    }
    for (int r = 0; r < c.count; ++r)
      for (int j = 0; j < h; j += 16)
        store(s.context + static_cast<size_t>(r) * h + j, load(context + r * row_ + j));
  }

  static uint32_t row_seed(uint64_t seed, size_t layer, int which, int token) {
    return mixed(seed + (layer * 2 + static_cast<size_t>(which)) * 0x9E3779B97F4A7C15ull +
                 static_cast<uint64_t>(token) * 0xD1B54A32D192ED03ull);
  }

  /// stream = norm(dropout(result + bias) + stream); bias is null where the gate has added it.
  void norm(const Layer& layer, int which, size_t number, const Chunk& c, const float* result, const float* bias,
            float* stream, const Saved& s, float dropout, uint64_t seed) {
    const int h = hidden_;
    const uint32_t threshold = static_cast<uint32_t>(dropout * 4294967295.0);
    const Lanes grown = all(1.0f / (1.0f - dropout));
    for (int r = 0; r < c.count; ++r) {
      float* x = stream + r * row_;
      const float* y = result + r * row_;
      const uint32_t row = row_seed(seed, number, which, c.start + r);
      Lanes sum = zeros(), squares = sum;
      for (int j = 0; j < h; j += 16) {
        Lanes v = load(y + j);
        if (bias) v = v + load(bias + j);
        if (dropout > 0) v = where(kept(row, j, threshold), v * grown);
        v = v + load(x + j);
        store(x + j, v);
        sum = sum + v;
        squares = fma(v, v, squares);
      }
      const float mean = total(sum) / h;
      const float variance = std::max(0.0f, total(squares) / h - mean * mean);
      const float deviation = 1.0f / __builtin_sqrtf(variance + 1e-12f);
      s.deviation[which][r] = deviation;
      for (int j = 0; j < h; j += 16) {
        const Lanes v = (load(x + j) - all(mean)) * all(deviation);
        store(s.norm[which] + static_cast<size_t>(r) * h + j, v);
        store(x + j, fma(v, load(layer.scale[which] + j), load(layer.shift[which] + j)));
      }
    }
  }

  /// d: gradient of the norm's result -> of its input; kept_part: that, where dropout kept it; bias is null as in norm().
  void norm_back(const Layer& layer, int which, size_t number, const Chunk& c, float* d, float* kept_part, const Saved& s,
                 float dropout, uint64_t seed, float* bias, float* scale, float* shift) {
    const int h = hidden_;
    const uint32_t threshold = static_cast<uint32_t>(dropout * 4294967295.0);
    const Lanes grown = all(1.0f / (1.0f - dropout));
    for (int r = 0; r < c.count; ++r) {
      float* g = d + r * row_;
      const half* x = s.norm[which] + static_cast<size_t>(r) * h;
      const uint32_t row = row_seed(seed, number, which, c.start + r);
      Lanes sum = zeros(), dot = sum;
      for (int j = 0; j < h; j += 16) {
        const Lanes v = load(g + j), xhat = load(x + j);
        store(scale + j, fma(v, xhat, load(scale + j)));
        increase(shift + j, v);
        const Lanes w = v * load(layer.scale[which] + j);
        sum = sum + w;
        dot = fma(w, xhat, dot);
      }
      const Lanes mean = all(total(sum) / h);
      const Lanes lean = all(total(dot) / h);
      const Lanes deviation = all(s.deviation[which][r]);
      for (int j = 0; j < h; j += 16) {
        const Lanes w = load(g + j) * load(layer.scale[which] + j);
        Lanes v = deviation * fnma(load(x + j), lean, w - mean);
        store(g + j, v);
        if (dropout > 0) v = where(kept(row, j, threshold), v * grown);
        if (bias) increase(bias + j, v);
        store(kept_part + r * row_ + j, v);
      }
    }
  }

  void backward(const Chunk& c, Scratch& s, const int* offsets, const float* dy, float* dx, char* saved, float dropout,
                uint64_t seed, float* grads) {
    const int n = c.count, h = hidden_;
    const size_t size = static_cast<size_t>(n) * row_, inner_row = static_cast<size_t>(inter_ + gap);
    const size_t square = static_cast<size_t>(c.longest) * wide(c.longest), tall = size_ * wide(c.longest);
    s.begin(9 * size + (2 * static_cast<size_t>(n) + 1) * inner_row + 2 * square + tall + 2 * h + narrow_);
    float* stream = s.take(size);
    float* low = s.take(size);
    float* rows = s.take(size);
    float* qkv = s.take(3 * size);
    float* dqkv = s.take(3 * size);
    float* inside = s.take(n * inner_row);
    float* active = s.take(n * inner_row);
    float* carry = s.take(inner_row);
    float* room = s.take(2 * h + narrow_);
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
      Excitation<float> dgate{};
      auto next = [&, size = sizes_.begin()]() mutable {
        float* here = g;
        g += *size++;
        return here;
      };
      for (int i = 0; i < PRODUCTS; ++i) {
        dw[i] = next();
        db[i] = next();
        if (i == POST || i == OUT) {
          dscale[i == OUT] = next();
          dshift[i == OUT] = next();
        }
        if (i == INTER && neighbours_) dtaps = next();
      }
      if (narrow_) dgate = {next(), next(), next(), next()};
      // What a norm gave, from its saved values before scale and shift.
      auto restore = [&](const Layer& from, int which, const half* x) {
        for (int r = 0; r < n; ++r)
          for (int j = 0; j < h; j += 16)
            store(rows + r * row_ + j, fma(load(x + static_cast<size_t>(r) * h + j), load(from.scale[which] + j),
                                           load(from.shift[which] + j)));
      };

      norm_back(layer, 1, l, c, stream, low, v, dropout, seed, narrow_ ? nullptr : db[OUT], dscale[1], dshift[1]);
      if (narrow_) excite_back(layer, c, offsets, v, low, room, db[OUT], dgate);
      layer.g[OUT].back(low, inside, n, false);
      for (int text = c.first; text < c.last; ++text)
        for (int r = offsets[text] - c.start; r < offsets[text + 1] - c.start; ++r)
          for (int j = 0; j < inter_; j += 16) {
            const size_t at = static_cast<size_t>(r) * inner_row + j;
            const Lanes x = neighbours_ ? mixed_before(layer, v, r, j, r == offsets[text] - c.start,
                                                        r + 1 == offsets[text + 1] - c.start)
                                         : load(v.before + static_cast<size_t>(r) * inter_ + j);
            Lanes density, below;
            normal(x, density, below);
            store(active + at, x * below);
            store(inside + at, load(inside + at) * fma(x, density, below));
          }
      if (neighbours_) unmix(layer, v, c, offsets, inside, carry, dtaps);
      for (int r = 0; r < n; ++r)
        for (int j = 0; j < inter_; j += 16)
          increase(db[INTER] + j, load(inside + static_cast<size_t>(r) * inner_row + j));
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
            increase(db[i] + j, load(d + r * row_ + j));
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
    const Lanes factor = all(1.0f / __builtin_sqrtf(static_cast<float>(d)));
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
          Lanes sum = zeros();
          for (int j = 0; j < w; j += 16)
            sum = fma(load(share + j), load(line + j), sum);
          const Lanes mean = all(total(sum));
          for (int j = 0; j < w; j += 16)
            store(line + j, load(share + j) * factor * (load(line + j) - mean));
        }
        product(scores, w, 1, qkv + size + at, row_, dqkv + at, row_, t, d, t, false);
        product(scores, 1, w, qkv + at, row_, dqkv + size + at, row_, t, d, t, false);
      }
    }
  }

  int hidden_, inter_, heads_, size_;
  int narrow_;  // values between squeeze and excite; 0 without a gate
  long row_;    // values from row to row
  bool neighbours_;
  Crew crew_;
  std::vector<Layer> layers_;
  std::vector<size_t> sizes_;  // of a layer's tensors, in the order of weights()
  std::vector<std::vector<float>> grads_;
  std::vector<Scratch> scratch_;
  std::vector<Chunk> chunks_;
  size_t total_ = 0;
};

}  // namespace

extern "C" {

/// hidden, intermediate and the head's size are multiples of 16 and a group's share of each a multiple of 16.
/// neighbours: the intermediate values of three neighbouring tokens are mixed, channel by channel, before the activation.
/// narrow: values between squeeze and excite, where the output has a gate; otherwise 0.
void* encoder_new(int layers, int hidden, int heads, int inter, const int* groups, int neighbours, int narrow, int threads) {
  return new Encoder(layers, hidden, heads, inter, groups, neighbours != 0, narrow, threads);
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
