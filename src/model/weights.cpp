#include "weights.h"

#include <algorithm>
#include <set>

#include "names.h"

namespace squeezebert {
namespace {

std::string shape_text(std::span<const uint64_t> shape) {
  std::string text = "[";
  for (const uint64_t n : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(n);
  return text + "]";
}

class Loader {
 public:
  Loader(TensorSource& source, const ModelConfig& config, const std::function<void(uint64_t, uint64_t)>& progress)
      : source_(source), config_(config), names_(names_of(config.family)), progress_(progress) {
    for (const auto& tensor : source.tensors()) total_ += tensor.elements;
    // Files saved from a bare encoder have no prefix.
    for (const auto& tensor : source.tensors()) {
      if (std::string_view(tensor.name).starts_with(names_.prefix)) prefix_ = names_.prefix;
    }
  }

  std::string inner(std::string_view name) const { return std::string(prefix_) + std::string(name); }

  // The tensor `name`.weight or .bias; files of the first BERT say gamma and beta for a norm's.
  const TensorInfo* find(const std::string& name, std::string_view part) const {
    if (const TensorInfo* tensor = source_.find(name + "." + std::string(part))) return tensor;
    return source_.find(name + (part == "weight" ? ".gamma" : ".beta"));
  }

  Result<const TensorInfo*> require(const std::string& name, std::string_view part, std::vector<uint64_t> shape) {
    const TensorInfo* tensor = find(name, part);
    if (!tensor) return Error{ErrorCode::TENSOR_MISSING, "'" + name + "." + std::string(part) + "'"};
    return check(*tensor, std::move(shape));
  }

  // A layer's [out, in] and a width-1 convolution's [out, in, 1] hold the same numbers.
  Result<const TensorInfo*> check(const TensorInfo& tensor, std::vector<uint64_t> shape) {
    const bool convolution = tensor.shape.size() == shape.size() + 1 && tensor.shape.back() == 1 && shape.size() == 2;
    const bool same = std::equal(shape.begin(), shape.end(), tensor.shape.begin(),
                                 tensor.shape.end() - (convolution ? 1 : 0));
    if (!same) {
      return Error{ErrorCode::TENSOR_SHAPE,
                   "'" + tensor.name + "' is " + shape_text(tensor.shape) + ", expected " + shape_text(shape)};
    }
    used_.insert(tensor.name);
    return &tensor;
  }

  Result<void> read(const TensorInfo& tensor, uint64_t first, std::span<float> target) {
    SQUEEZEBERT_TRY(source_.read_f32(tensor, first, target));
    done_ += target.size();
    if (progress_) progress_(done_, total_);
    return {};
  }

  Result<void> vector(const std::string& name, std::string_view part, size_t size, std::span<float> target) {
    SQUEEZEBERT_TRY_ASSIGN(tensor, require(name, part, {size}));
    return read(*tensor, 0, target);
  }

  Result<void> norm(const std::string& name, size_t channels, float eps, Norm& norm) {
    if (!norm.gain.allocate(channels) || !norm.bias.allocate(channels)) return out_of_memory();
    norm.eps = eps;
    SQUEEZEBERT_TRY(vector(name, "weight", channels, norm.gain.span()));
    return vector(name, "bias", channels, norm.bias.span());
  }

  Result<void> table(const std::string& name, size_t count, Buffer<float>& table) {
    const size_t channels = static_cast<size_t>(config_.hidden_size);
    SQUEEZEBERT_TRY_ASSIGN(tensor, require(name, "weight", {count, channels}));
    if (!table.allocate(uint64_t{count} * channels)) return out_of_memory();
    return read(*tensor, 0, table.span());
  }

  Result<void> linear_weight(const TensorInfo& tensor, size_t in, size_t out, size_t groups, Linear& linear) {
    if (!linear.allocate(in, out, groups)) return out_of_memory();
    // Rows pass through a small buffer into their panels: the tensor never stands twice in memory.
    const size_t depth = in / groups;
    const size_t at_once = std::max<size_t>(1, 65536 / depth);
    std::vector<float> rows(std::min(at_once, out) * depth);
    for (size_t first = 0; first < out; first += at_once) {
      const size_t count = std::min(at_once, out - first);
      SQUEEZEBERT_TRY(read(tensor, first * depth, std::span(rows).first(count * depth)));
      for (size_t r = 0; r < count; ++r) linear.set_row(first + r, std::span(rows).subspan(r * depth, depth));
    }
    return {};
  }

  Result<void> linear(const std::string& name, size_t in, size_t out, size_t groups, Linear& linear) {
    SQUEEZEBERT_TRY_ASSIGN(tensor, require(name, "weight", {out, in / groups}));
    SQUEEZEBERT_TRY(linear_weight(*tensor, in, out, groups, linear));
    return vector(name, "bias", out, linear.bias());
  }

  Result<void> layer(int32_t number, LayerWeights& layer) {
    const size_t h = static_cast<size_t>(config_.hidden_size), i = static_cast<size_t>(config_.intermediate_size);
    const Groups& g = config_.groups;
    const auto name = [&](std::string_view pattern) { return inner(layer_name(pattern, number)); };
    const auto count = [](int32_t groups) { return static_cast<size_t>(groups); };
    SQUEEZEBERT_TRY(linear(name(names_.query), h, h, count(g.query), layer.query));
    SQUEEZEBERT_TRY(linear(name(names_.key), h, h, count(g.key), layer.key));
    SQUEEZEBERT_TRY(linear(name(names_.value), h, h, count(g.value), layer.value));
    SQUEEZEBERT_TRY(linear(name(names_.post_attention), h, h, count(g.post_attention), layer.post_attention));
    SQUEEZEBERT_TRY(norm(name(names_.attention_norm), h, config_.layer_norm_eps, layer.attention_norm));
    SQUEEZEBERT_TRY(linear(name(names_.intermediate), h, i, count(g.intermediate), layer.intermediate));
    SQUEEZEBERT_TRY(linear(name(names_.output), i, h, count(g.output), layer.output));
    return norm(name(names_.output_norm), h, config_.layer_norm_eps, layer.output_norm);
  }

  Result<void> head(Head head, Weights& weights) {
    const size_t h = static_cast<size_t>(config_.hidden_size);
    const bool classifies = head == Head::sequence_classification || head == Head::multiple_choice;
    // RoBERTa answers multiple choice from its pooler, like BERT; its classification head has a dense layer of its own.
    const bool own_dense = !names_.head_dense.empty() && classifies &&
                           !(config_.family == Family::roberta && head == Head::multiple_choice);
    const std::string dense = own_dense ? std::string(names_.head_dense) : inner(names_.pooler);
    if (own_dense || (!names_.pooler.empty() && (classifies || find(dense, "weight")))) {
      SQUEEZEBERT_TRY(linear(dense, h, h, 1, weights.pooler.emplace()));
      if (config_.family == Family::distilbert) weights.pooler_activation = Activation::relu;
    }
    const size_t labels = static_cast<size_t>(config_.labels);
    switch (head) {
      case Head::none: return {};
      case Head::sequence_classification:
        return linear(std::string(names_.classifier), h, labels, 1, weights.classifier.emplace());
      case Head::token_classification: return linear("classifier", h, labels, 1, weights.classifier.emplace());
      case Head::multiple_choice: return linear("classifier", h, 1, 1, weights.classifier.emplace());
      case Head::question_answering: return linear("qa_outputs", h, 2, 1, weights.classifier.emplace());
      case Head::masked_lm: break;
    }
    SQUEEZEBERT_TRY(linear(std::string(names_.mlm_dense), h, h, 1, weights.mlm_dense.emplace()));
    SQUEEZEBERT_TRY(norm(std::string(names_.mlm_norm), h, config_.embedding_norm_eps, weights.mlm_norm));
    weights.mlm_activation = config_.family == Family::roberta ? Activation::gelu : config_.activation;
    const TensorInfo* bias = source_.find(names_.mlm_bias);
    if (!bias) return Error{ErrorCode::TENSOR_MISSING, "'" + std::string(names_.mlm_bias) + "'"};
    SQUEEZEBERT_TRY(check(*bias, {static_cast<uint64_t>(config_.vocab_size)}));
    return read(*bias, 0, weights.decoder->bias());
  }

  // Names what the configuration did not ask for; other heads' tensors and buffers are no surprise.
  Result<void> check_rest() const {
    std::string rest;
    size_t count = 0;
    for (const auto& tensor : source_.tensors()) {
      if (used_.contains(tensor.name) || belongs_to_a_head(tensor.name)) continue;
      if (++count <= 5) rest += (rest.empty() ? "'" : ", '") + tensor.name + "'";
    }
    if (count > 5) rest += " and " + std::to_string(count - 5) + " more";
    if (count > 0) return Error{ErrorCode::TENSOR_UNEXPECTED, rest};
    return {};
  }

  Result<void> load(Head wanted, Weights& weights) {
    const size_t h = static_cast<size_t>(config_.hidden_size), vocabulary = static_cast<size_t>(config_.vocab_size);
    const std::string words = inner(names_.word_embeddings);
    if (wanted == Head::masked_lm) {
      SQUEEZEBERT_TRY_ASSIGN(tensor, require(words, "weight", {vocabulary, h}));
      SQUEEZEBERT_TRY(linear_weight(*tensor, h, vocabulary, 1, weights.decoder.emplace()));
    } else {
      SQUEEZEBERT_TRY(table(words, vocabulary, weights.words));
    }
    SQUEEZEBERT_TRY(table(inner(names_.position_embeddings), static_cast<size_t>(config_.max_positions), weights.positions));
    if (config_.type_vocab_size > 0) {
      SQUEEZEBERT_TRY(table(inner(names_.token_type_embeddings), static_cast<size_t>(config_.type_vocab_size), weights.types));
    }
    SQUEEZEBERT_TRY(norm(inner(names_.embedding_norm), h, config_.embedding_norm_eps, weights.embedding_norm));
    weights.layers.resize(static_cast<size_t>(config_.layers));
    for (int32_t n = 0; n < config_.layers; ++n) SQUEEZEBERT_TRY(layer(n, weights.layers[static_cast<size_t>(n)]));
    SQUEEZEBERT_TRY(head(wanted, weights));
    return check_rest();
  }

 private:
  static Error out_of_memory() { return Error{ErrorCode::OUT_OF_MEMORY, "while loading the weights"}; }

  TensorSource& source_;
  const ModelConfig& config_;
  const Names& names_;
  std::string_view prefix_;
  const std::function<void(uint64_t, uint64_t)>& progress_;
  std::set<std::string, std::less<>> used_;
  uint64_t done_ = 0, total_ = 0;  // elements
};

}  // namespace

uint64_t Weights::bytes() const {
  const auto norm = [](const Norm& n) { return n.gain.bytes() + n.bias.bytes(); };
  const auto optional = [](const std::optional<Linear>& l) { return l ? l->bytes() : 0; };
  uint64_t sum = words.bytes() + positions.bytes() + types.bytes() + norm(embedding_norm) + norm(mlm_norm) +
                 optional(pooler) + optional(classifier) + optional(mlm_dense) + optional(decoder);
  for (const auto& l : layers) {
    for (const Linear* part : {&l.query, &l.key, &l.value, &l.post_attention, &l.intermediate, &l.output}) sum += part->bytes();
    sum += norm(l.attention_norm) + norm(l.output_norm);
  }
  return sum;
}

Result<Weights> load_weights(TensorSource& source, const ModelConfig& config, Head head,
                             const std::function<void(uint64_t, uint64_t)>& progress) {
  Weights weights;
  Loader loader(source, config, progress);
  SQUEEZEBERT_TRY(loader.load(head, weights));
  return weights;
}

}  // namespace squeezebert
