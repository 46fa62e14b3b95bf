// A linear classifier over hashed runs of 1 to `order` tokens: logistic regression with Adagrad from the log-count ratios of
// naive Bayes. Each feature counts once for all texts and once for its kind of text ("frustratingly easy" adaptation).
// Called by teacher.py.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <thread>
#include <vector>

namespace {

constexpr int classes = 3;
constexpr int longest = 1024;  // tokens

struct Set {
  const uint16_t* ids;
  const int64_t* offsets;
  const int8_t* labels;
  const int8_t* kinds;
};

/// The features of a text, each once; the kind's own ones follow the general ones.
void features(const Set& s, int64_t text, int order, uint32_t mask, std::vector<uint32_t>& out) {
  out.clear();
  const uint16_t* t = s.ids + s.offsets[text];
  const int n = static_cast<int>(std::min<int64_t>(s.offsets[text + 1] - s.offsets[text], longest));
  for (int i = 0; i < n; ++i) {
    uint64_t h = 0x9E3779B97F4A7C15ull;
    for (int k = 0; k < order && i + k < n; ++k) {
      h = (h ^ t[i + k]) * 0xD6E8FEB86659FD93ull;
      h ^= h >> 32;
      out.push_back(static_cast<uint32_t>(h) & mask);
    }
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  const size_t general = out.size();
  for (size_t i = 0; i < general; ++i)
    out.push_back((out[i] * 2654435761u + 40503u * static_cast<uint32_t>(s.kinds[text] + 1)) & mask);
}

float score(const std::vector<uint32_t>& f, const float* w, const float* bias, int kind, float* p) {
  for (int c = 0; c < classes; ++c) p[c] = bias[kind * classes + c];
  const float x = f.empty() ? 0.0f : 1.0f / std::sqrt(static_cast<float>(f.size()));
  for (uint32_t i : f)
    for (int c = 0; c < classes; ++c) p[c] += x * w[i * classes + c];
  return x;
}

void softmax(float* p) {
  const float top = std::max(p[0], std::max(p[1], p[2]));
  float sum = 0;
  for (int c = 0; c < classes; ++c) sum += p[c] = std::exp(p[c] - top);
  for (int c = 0; c < classes; ++c) p[c] /= sum;
}

}  // namespace

extern "C" {

/// order_of: the texts in the order of this pass; w, squares [(mask + 1)][3]; bias, bias_squares [kinds][3]. Both threads write
/// without locks (Hogwild). Returns the mean loss.
double ngram_pass(const uint16_t* ids, const int64_t* offsets, const int8_t* labels, const int8_t* kinds,
                  const int64_t* order_of, int64_t texts, int order, uint32_t mask, float rate, float decay, float* w,
                  float* squares, float* bias, float* bias_squares, int threads) {
  const Set s{ids, offsets, labels, kinds};
  std::atomic<int64_t> next{0};
  std::vector<double> losses(static_cast<size_t>(threads));
  auto work = [&](int thread) {
    std::vector<uint32_t> f;
    double loss = 0;
    for (int64_t begin; (begin = next.fetch_add(64)) < texts;)
      for (int64_t at = begin; at < std::min(begin + 64, texts); ++at) {
        const int64_t text = order_of[at];
        const int kind = kinds[text];
        float p[classes];
        features(s, text, order, mask, f);
        const float x = score(f, w, bias, kind, p);
        softmax(p);
        loss -= std::log(std::max(p[labels[text]], 1e-9f));
        for (int c = 0; c < classes; ++c) {
          const float g = p[c] - (labels[text] == c);
          float& b = bias[kind * classes + c];
          float& bs = bias_squares[kind * classes + c];
          bs += g * g;
          b -= rate * 0.1f * g / (std::sqrt(bs) + 1e-6f);
          for (uint32_t i : f) {
            float& v = w[i * classes + c];
            float& q = squares[i * classes + c];
            const float d = g * x + decay * v;
            q += d * d;
            v -= rate * d / (std::sqrt(q) + 1e-4f);
          }
        }
      }
    losses[static_cast<size_t>(thread)] = loss;
  };
  std::vector<std::thread> crew;
  for (int t = 1; t < threads; ++t) crew.emplace_back(work, t);
  work(0);
  for (auto& t : crew) t.join();
  double sum = 0;
  for (double l : losses) sum += l;
  return sum / static_cast<double>(texts);
}

/// Adds one to counts [(mask + 1)][3] for each text with a feature, by class.
void ngram_count(const uint16_t* ids, const int64_t* offsets, const int8_t* labels, const int8_t* kinds,
                 const int64_t* order_of, int64_t texts, int order, uint32_t mask, float* counts) {
  const Set s{ids, offsets, labels, kinds};
  std::vector<uint32_t> f;
  for (int64_t at = 0; at < texts; ++at) {
    features(s, order_of[at], order, mask, f);
    for (uint32_t i : f) counts[i * classes + labels[order_of[at]]] += 1;
  }
}

/// Probabilities out[texts][3] of texts 0 to texts - 1.
void ngram_predict(const uint16_t* ids, const int64_t* offsets, const int8_t* kinds, int64_t texts, int order,
                   uint32_t mask, const float* w, const float* bias, int threads, float* out) {
  const Set s{ids, offsets, nullptr, kinds};
  std::vector<std::thread> crew;
  auto work = [&](int thread) {
    std::vector<uint32_t> f;
    for (int64_t i = thread; i < texts; i += threads) {
      features(s, i, order, mask, f);
      score(f, w, bias, kinds[i], out + i * classes);
      softmax(out + i * classes);
    }
  };
  for (int t = 1; t < threads; ++t) crew.emplace_back(work, t);
  work(0);
  for (auto& t : crew) t.join();
}
}
