#include "model.h"

#include <algorithm>

#include "../kernels/layer_norm.h"
#include "model_state.h"

namespace squeezebert {
namespace {

// Tokens that pass through the encoder together. More would not be faster (the kernels work on blocks of 96 rows) and
// would only take memory: 2048 tokens of the published size are 25 MB a buffer at most.
constexpr size_t kRowsAtOnce = 2048;

size_t size(int32_t n) { return static_cast<size_t>(n); }

// The product, or the largest number where 64 bits do not hold it: more than any buffer can have.
uint64_t product(std::initializer_list<uint64_t> factors) {
  uint64_t all = 1;
  for (const uint64_t factor : factors) {
    if (__builtin_mul_overflow(all, factor, &all)) return UINT64_MAX;
  }
  return all;
}

}  // namespace

Model::Model(std::unique_ptr<State> state) : state_(std::move(state)) {}
Model::~Model() = default;

Result<std::unique_ptr<Model>> Model::begin(FileSet& files, const LoadOptions& options) {
  SQUEEZEBERT_TRY_ASSIGN(file, files.open("config.json"));
  SQUEEZEBERT_TRY_ASSIGN(text, read_text(*file));
  SQUEEZEBERT_TRY_ASSIGN(config, parse_config(text));
  SQUEEZEBERT_TRY_ASSIGN(source, open_weights(files));
  auto state = std::make_unique<State>();
  state->config = std::move(config);
  state->head = state->config.head = options.head.value_or(state->config.head);
  state->loader = load_weights(std::move(source), state->config, state->head, options.weights, options.words, state->weights);
  state->outputs.reserve(8);
  return std::unique_ptr<Model>(new Model(std::move(state)));
}

Result<uint64_t> Model::proceed(uint64_t available) {
  auto needed = state_->loader->proceed(available);
  if (available == WeightLoader::kWholeFile) state_->loader.reset();
  return needed;
}

Result<std::unique_ptr<Model>> Model::load(FileSet& files, const LoadOptions& options) {
  SQUEEZEBERT_TRY_ASSIGN(model, begin(files, options));
  SQUEEZEBERT_TRY(model->proceed(WeightLoader::kWholeFile));
  return std::move(model);
}

const ModelConfig& Model::config() const { return state_->config; }
WeightType Model::weight_type() const { return state_->weights.layers[0].query.type(); }
uint64_t Model::weight_bytes() const { return state_->weights.bytes(); }

uint64_t Model::workspace_bytes() const {
  const State& s = *state_;
  uint64_t sum = s.workspace.bytes() + s.first_tokens.bytes() + s.two.bytes() + s.head_input.bytes();
  for (const Buffer<float>* buffer : {&s.last_hidden, &s.pooled, &s.logits, &s.starts, &s.ends, &s.hidden_states, &s.attentions, &s.scores}) {
    sum += buffer->bytes();
  }
  return sum;
}

Result<void> Model::State::check(const ModelInput& in, const OutputOptions& options, bool equal) const {
  const auto invalid = [](const char* detail) { return Error{ErrorCode::INVALID_ARGUMENT, {detail}}; };
  if (in.lengths.empty()) return invalid("the input has no sequence");
  uint64_t rows = 0;
  for (const int32_t length : in.lengths) {
    if (length < 1) return invalid("a sequence has no token");
    if (length > config.usable_length()) {
      return Error{ErrorCode::INPUT_TOO_LONG, {length, " tokens, the model takes ", config.usable_length()}};
    }
    rows += static_cast<uint64_t>(length);
  }
  if (rows != in.ids.size()) return invalid("the lengths do not add up to the number of ids");
  if (!in.type_ids.empty() && in.type_ids.size() != rows) return invalid("token_type_ids has another size than input_ids");
  if (!in.mask.empty() && in.mask.size() != rows) return invalid("attention_mask has another size than input_ids");
  if ((options.attentions || options.attention_scores) && !equal) {
    return invalid("attentions need sequences of equal length");
  }
  for (const int32_t id : in.ids) {
    if (id < 0 || id >= config.vocab_size) {
      return Error{ErrorCode::TOKEN_ID_RANGE, {"token id ", id, ", the vocabulary has ", config.vocab_size}};
    }
  }
  // Families without token types ignore them, as the reference does.
  for (const int32_t type : in.type_ids) {
    if (config.type_vocab_size > 0 && (type < 0 || type >= config.type_vocab_size)) {
      return Error{ErrorCode::TOKEN_ID_RANGE, {"token type id ", type, ", the model has ", config.type_vocab_size}};
    }
  }
  return {};
}

void Model::State::apply(const Linear& layer, const Matrix<const float>& x, Matrix<float>& y, Activation activation) {
  head_input.set(x);
  layer.apply(head_input, y, activation);
}

// The head on `rows` states in the workspace, which are those from `row` on of the whole input; likewise sequences, of which
// there are lengths[s] rows each.
void Model::State::run_head(bool pools, size_t rows, size_t row, size_t sequence, std::span<const int32_t> lengths) {
  const size_t hidden = size(config.hidden_size), sequences = lengths.size();
  const Matrix<const float> x = matrix<const float>(workspace.states.data(), rows, hidden);
  if (pools) {
    size_t r = 0;
    for (size_t s = 0; s < sequences; ++s) {
      std::copy_n(x.data() + r * hidden, hidden, first_tokens.data() + s * hidden);
      r += size(lengths[s]);
    }
    Matrix<float> out = matrix(pooled.data() + sequence * hidden, sequences, hidden);
    apply(*weights.pooler, matrix<const float>(first_tokens.data(), sequences, hidden), out, weights.pooler_activation);
  }
  switch (head) {
    case Head::none: return;
    case Head::sequence_classification:
    case Head::multiple_choice: {
      const size_t labels = weights.classifier->out();
      Matrix<float> out = matrix(logits.data() + sequence * labels, sequences, labels);
      return apply(*weights.classifier, matrix<const float>(pooled.data() + sequence * hidden, sequences, hidden), out);
    }
    case Head::token_classification: {
      const size_t labels = weights.classifier->out();
      Matrix<float> out = matrix(logits.data() + row * labels, rows, labels);
      return apply(*weights.classifier, x, out);
    }
    case Head::question_answering: {
      Matrix<float> out = matrix(two.data(), rows, 2);
      apply(*weights.classifier, x, out);
      for (size_t r = 0; r < rows; ++r) {
        starts[row + r] = two[r * 2];
        ends[row + r] = two[r * 2 + 1];
      }
      return;
    }
    case Head::masked_lm: {
      Matrix<float> dense = matrix(workspace.query.data(), rows, hidden);
      apply(*weights.mlm_dense, x, dense, weights.mlm_activation);
      layer_norm(dense, matrix<const float>(nullptr, 0, 0), weights.mlm_norm.gain.data(), weights.mlm_norm.bias.data(),
                 weights.mlm_norm.eps);
      const size_t vocabulary = weights.decoder->out();
      Matrix<float> out = matrix(logits.data() + row * vocabulary, rows, vocabulary);
      return apply(*weights.decoder, matrix<const float>(dense.data(), rows, hidden), out);
    }
  }
}

Result<std::span<const Output>> Model::run(const ModelInput& in, const OutputOptions& options) {
  State& s = *state_;
  const ModelConfig& config = s.config;
  const bool equal = std::all_of(in.lengths.begin(), in.lengths.end(), [&](int32_t l) { return l == in.lengths[0]; });
  SQUEEZEBERT_TRY(s.check(in, options, equal));

  const size_t rows = in.ids.size(), sequences = in.lengths.size(), hidden = size(config.hidden_size);
  const size_t longest = size(*std::max_element(in.lengths.begin(), in.lengths.end()));
  const bool classifies = s.head == Head::sequence_classification || s.head == Head::multiple_choice;
  const bool pools = s.weights.pooler && (classifies || s.head == Head::none || options.pooler_output);
  const bool keeps_last = s.head == Head::none || options.last_hidden_state;
  const bool first_only =
      classifies && !keeps_last && !options.hidden_states && !options.attentions && !options.attention_scores;
  const size_t layers = size(config.layers), heads = size(config.heads);
  const uint64_t attentions = product({layers, sequences, heads, longest, longest});

  const size_t at_once = std::min(rows, std::max(kRowsAtOnce, longest));
  const auto reserves = [&](const std::optional<Linear>& layer, size_t count) {
    return !layer || layer->reserve(s.head_input, count);
  };
  bool fits = s.workspace.reserve(config, s.weights, at_once, longest) && reserves(s.weights.pooler, sequences) &&
              reserves(s.weights.mlm_dense, at_once) && reserves(s.weights.decoder, at_once) &&
              (!options.hidden_states || s.hidden_states.reserve(product({layers + 1, rows, hidden}))) &&
              (!options.attentions || s.attentions.reserve(attentions)) &&
              (!options.attention_scores || s.scores.reserve(attentions)) &&
              (!keeps_last || s.last_hidden.reserve(product({rows, hidden}))) &&
              (!pools || (s.pooled.reserve(product({sequences, hidden})) &&
                          s.first_tokens.reserve(product({sequences, hidden}))));
  switch (s.head) {
    case Head::none: break;
    case Head::sequence_classification:
    case Head::multiple_choice:
      fits = fits && s.logits.reserve(product({sequences, s.weights.classifier->out()}));
      break;
    case Head::token_classification:
      fits = fits && s.logits.reserve(product({rows, s.weights.classifier->out()}));
      break;
    case Head::question_answering:
      fits = fits && s.starts.reserve(rows) && s.ends.reserve(rows) && s.two.reserve(product({rows, 2}));
      break;
    case Head::masked_lm: fits = fits && s.logits.reserve(product({rows, s.weights.decoder->out()})); break;
  }
  if (!fits) return Error{ErrorCode::OUT_OF_MEMORY, {rows, " tokens"}};

  // Where attentions are wanted they have just been allocated, so this fits; elsewhere it is not used.
  const size_t attention_size = heads * longest * longest * sequences;
  size_t row = 0, sequence = 0;
  while (sequence < sequences) {
    size_t count = 0, part = 0;
    while (sequence + part < sequences && (part == 0 || count + size(in.lengths[sequence + part]) <= kRowsAtOnce)) {
      count += size(in.lengths[sequence + part++]);
    }
    const auto slice = [&](std::span<const int32_t> all) { return all.empty() ? all : all.subspan(row, count); };
    const auto lengths = in.lengths.subspan(sequence, part);
    EncoderCapture capture;
    if (options.hidden_states) capture.hidden_states = s.hidden_states.data() + row * hidden;
    capture.hidden_stride = rows * hidden;
    const size_t attended = heads * longest * longest * sequence;
    if (options.attention_scores) capture.scores = s.scores.data() + attended;
    if (options.attentions) capture.probabilities = s.attentions.data() + attended;
    capture.attention_stride = attention_size;
    const std::span<const int32_t> left =
        encode(config, s.weights, {slice(in.ids), slice(in.type_ids), slice(in.mask), lengths}, s.workspace, capture, first_only);
    if (keeps_last) std::copy_n(s.workspace.states.data(), count * hidden, s.last_hidden.data() + row * hidden);
    s.run_head(pools, count, row, sequence, left);
    row += count;
    sequence += part;
  }

  // Dimensions: [lead..., batch, tokens, tail...], or [lead..., rows, tail...] for ragged input.
  s.outputs.clear();
  const auto add = [&](std::string_view name, const Buffer<float>& buffer, std::initializer_list<size_t> dims) {
    Output output;
    output.name = name;
    size_t total = 1;
    for (const size_t n : dims) {
      output.sizes[size(output.rank++)] = static_cast<int32_t>(n);
      total *= n;
    }
    output.data = buffer.span().first(total);
    s.outputs.push_back(output);
  };
  const auto add_rows = [&](std::string_view name, const Buffer<float>& buffer, size_t tail) {
    if (equal) add(name, buffer, {sequences, longest, tail});
    else add(name, buffer, {rows, tail});
  };
  if (classifies) add("logits", s.logits, {sequences, s.weights.classifier->out()});
  if (s.head == Head::token_classification) add_rows("logits", s.logits, s.weights.classifier->out());
  if (s.head == Head::masked_lm) add_rows("logits", s.logits, s.weights.decoder->out());
  if (s.head == Head::question_answering) {
    if (equal) {
      add("start_logits", s.starts, {sequences, longest});
      add("end_logits", s.ends, {sequences, longest});
    } else {
      add("start_logits", s.starts, {rows});
      add("end_logits", s.ends, {rows});
    }
  }
  if (keeps_last) add_rows("last_hidden_state", s.last_hidden, hidden);
  // The dense layer inside DistilBERT's and RoBERTa's heads is no pooler to the reference.
  const bool is_pooler = config.family == Family::squeezebert || config.family == Family::bert || s.head == Head::none;
  if (pools && is_pooler && (s.head == Head::none || options.pooler_output)) {
    add("pooler_output", s.pooled, {sequences, hidden});
  }
  if (options.hidden_states) {
    if (equal) add("hidden_states", s.hidden_states, {layers + 1, sequences, longest, hidden});
    else add("hidden_states", s.hidden_states, {layers + 1, rows, hidden});
  }
  const std::initializer_list<size_t> square = {layers, sequences, heads, longest, longest};
  if (options.attentions) add("attentions", s.attentions, square);
  if (options.attention_scores) add("attention_scores", s.scores, square);
  return std::span<const Output>(s.outputs);
}

}  // namespace squeezebert
