// What JavaScript may call. Thin: values are turned over and back, everything else happens in src/. Loaded tokenizers and
// models are numbers; js/engine gives them a face. Nothing throws: a result is the value, or {error: {code, detail}}.
#include <emscripten/bind.h>
#include <emscripten/heap.h>

#include "model/saved_model.h"
#include "tasks/text_classification.h"
#include "tokenizer/tokenizer.h"
#include "tokenizer/utf.h"
#include "threads.h"

namespace {

using emscripten::val;
using namespace squeezebert;

// The types of js/ as the generated declarations show them.
EMSCRIPTEN_DECLARE_VAL_TYPE(FilesArgument)
EMSCRIPTEN_DECLARE_VAL_TYPE(EncodeArgument)
EMSCRIPTEN_DECLARE_VAL_TYPE(RunArgument)
EMSCRIPTEN_DECLARE_VAL_TYPE(OptionalText)
EMSCRIPTEN_DECLARE_VAL_TYPE(Integers)
EMSCRIPTEN_DECLARE_VAL_TYPE(LoadedTokenizer)
EMSCRIPTEN_DECLARE_VAL_TYPE(LoadedModel)
EMSCRIPTEN_DECLARE_VAL_TYPE(SavedFile)
EMSCRIPTEN_DECLARE_VAL_TYPE(Bytes)
EMSCRIPTEN_DECLARE_VAL_TYPE(Encoded)
EMSCRIPTEN_DECLARE_VAL_TYPE(Tensors)
EMSCRIPTEN_DECLARE_VAL_TYPE(Scores)

// What JavaScript holds, each by its handle: one of the three. Handles are never used again; a released one stays empty.
struct Held {
  std::unique_ptr<Tokenizer> tokenizer;
  std::unique_ptr<Model> model;
  std::unique_ptr<SavedModel> saved;
};
std::vector<Held> all_held;

// A new handle.
int hold(Held held) {
  all_held.push_back(std::move(held));
  return static_cast<int>(all_held.size());
}

void release(int handle) {
  if (const size_t place = static_cast<size_t>(handle) - 1; place < all_held.size()) all_held[place] = {};
}

// Precondition of what is done with it: not null, which an old or a wrong handle gives.
const Held& held(int handle) {
  static const Held nothing;
  const size_t place = static_cast<size_t>(handle) - 1;
  return place < all_held.size() ? all_held[place] : nothing;
}
const Tokenizer* tokenizer_of(int handle) { return held(handle).tokenizer.get(); }
Model* model_of(int handle) { return held(handle).model.get(); }

// JavaScript's string of UTF-8 text.
val text(std::string_view utf8) { return val(to_utf16(utf8).value_or(u"")); }

val failure(const Error& error) {
  val inner = val::object();
  inner.set("code", text(error_name(error.code())));
  inner.set("detail", text(error.detail()));
  val out = val::object();
  out.set("error", inner);
  return out;
}

val not_loaded() { return failure({ErrorCode::DISPOSED}); }

// A copy that JavaScript owns.
template <class Number>
val copy(std::span<const Number> numbers) {
  return val(emscripten::typed_memory_view(numbers.size(), numbers.data())).template call<val>("slice");
}
val copy(const std::vector<int32_t>& numbers) { return copy(std::span<const int32_t>(numbers)); }

std::vector<int32_t> integers(const val& array) {
  if (array.isNull() || array.isUndefined()) return {};
  return emscripten::convertJSArrayToNumberVector<int32_t>(array);
}

// Bytes that JavaScript reads: a Blob in a worker, a file in Node, a buffer.
class JsSource final : public ByteSource {
 public:
  explicit JsSource(val source) : source_(std::move(source)), size_(static_cast<uint64_t>(source_["size"].as<double>())) {}
  uint64_t size() const override { return size_; }
  Result<void> read(uint64_t offset, std::span<std::byte> target) override {
    if (offset > size_ || target.size() > size_ - offset)
      return Error{ErrorCode::FILE_TRUNCATED, {offset, " + ", target.size(), " bytes of ", size_}};
    if (target.empty()) return {};
    const auto view = emscripten::typed_memory_view(target.size(), reinterpret_cast<uint8_t*>(target.data()));
    if (!source_.call<bool>("read", static_cast<double>(offset), view)) return Error{ErrorCode::FILE_READ};
    return {};
  }

 private:
  val source_;
  uint64_t size_;
};

class JsFiles final : public FileSet {
 public:
  explicit JsFiles(val files) : files_(std::move(files)) {}
  bool has(std::string_view name) const override { return files_.call<bool>("has", std::string(name)); }
  Result<std::unique_ptr<ByteSource>> open(std::string_view name) override {
    val source = files_.call<val>("open", std::string(name));
    if (source.isNull()) return Error{ErrorCode::FILE_NOT_FOUND, {name}};
    return std::unique_ptr<ByteSource>(new JsSource(std::move(source)));
  }

 private:
  val files_;
};

LoadedTokenizer load_tokenizer(FilesArgument files) {
  JsFiles set(files);
  auto loaded = Tokenizer::load(set);
  if (!loaded) return LoadedTokenizer(failure(loaded.error()));
  const Tokenizer& tokenizer = **loaded;
  const Tokenizer::SpecialIds ids = tokenizer.special_ids();
  val special = val::object();
  special.set("pad", ids.pad);
  special.set("unk", ids.unk);
  special.set("cls", ids.cls);
  special.set("sep", ids.sep);
  special.set("mask", ids.mask);
  val out = val::object();
  out.set("vocabSize", tokenizer.vocab_size());
  out.set("modelMaxLength", tokenizer.model_max_length());
  out.set("specialIds", special);
  out.set("handle", hold({std::move(*loaded), nullptr, nullptr}));
  return LoadedTokenizer(out);
}

constexpr std::pair<std::string_view, Head> kHeads[] = {
    {"none", Head::none},
    {"sequence-classification", Head::sequence_classification},
    {"token-classification", Head::token_classification},
    {"question-answering", Head::question_answering},
    {"masked-lm", Head::masked_lm},
    {"multiple-choice", Head::multiple_choice},
};

// `handle`: of a model whose file is still coming, or 0 to begin. `head`: one of kHeads, or "" for what the configuration names.
// `type`: a WeightType's name, or "" for what fits the file; with a second name for the word embeddings: "q8 q4". `available`: how many bytes of the file have come, or -1: all,
// and the model is complete. After an error there is no model.
LoadedModel load_model(int handle, FilesArgument files, std::string head, std::string type, double available) {
  Model* model = model_of(handle);
  if (!model) {
    JsFiles set(files);
    LoadOptions options;
    for (const WeightType value : {WeightType::fp32, WeightType::fp16, WeightType::q8, WeightType::q4})
      if (type.starts_with(name_of(value))) options.weights = value;
      else if (type.ends_with(name_of(value))) options.words = value;
    for (const auto& [name, value] : kHeads)
      if (name == head) options.head = value;
    auto begun = Model::begin(set, options);
    if (!begun) return LoadedModel(failure(begun.error()));
    model = begun->get();
    handle = hold({nullptr, std::move(*begun), nullptr});
  }
  const auto needed = model->proceed(available < 0 ? UINT64_MAX : static_cast<uint64_t>(available));
  if (!needed) {
    release(handle);
    return LoadedModel(failure(needed.error()));
  }
  const ModelConfig& config = model->config();
  val labels = val::array();
  for (const std::string& label : config.id2label) labels.call<void>("push", text(label));
  val out = val::object();
  for (const auto& [name, value] : kHeads)
    if (value == config.head) out.set("head", text(name));
  out.set("dtype", text(name_of(model->weight_type())));
  out.set("labels", labels);
  out.set("maxLength", config.usable_length());
  out.set("hiddenSize", config.hidden_size);
  out.set("vocabSize", config.vocab_size);
  out.set("weightBytes", static_cast<double>(model->weight_bytes()));
  out.set("needed", static_cast<double>(*needed));
  out.set("handle", handle);
  return LoadedModel(out);
}

// The model as a safetensors file, which saved_part() gives out piece by piece. The handle is to be released before the
// model's.
SavedFile save(int handle) {
  const Model* model = model_of(handle);
  if (!model) return SavedFile(not_loaded());
  auto saved = std::make_unique<SavedModel>(*model);
  val out = val::object();
  out.set("size", static_cast<double>(saved->size()));
  out.set("handle", hold({nullptr, nullptr, std::move(saved)}));
  return SavedFile(out);
}

// The next bytes, empty at the end.
Bytes saved_part(int handle) {
  SavedModel* saved = held(handle).saved.get();
  const auto part = saved ? saved->next() : std::span<const std::byte>();
  return Bytes(copy(std::span(reinterpret_cast<const uint8_t*>(part.data()), part.size())));
}

// A batch as two arrays, which js/encodings.ts describes.
struct FlatEncodings {
  std::vector<int32_t> rows;
  std::vector<Token> tokens;

  void add(const Encoding& row, int32_t sample) {
    for (const int32_t number : {sample, static_cast<int32_t>(row.size()), static_cast<int32_t>(row.truncated)})
      rows.push_back(number);
    tokens.insert(tokens.end(), row.tokens.begin(), row.tokens.end());
    for (const Encoding& window : row.overflowing) add(window, sample);
  }

  val value() const {
    static_assert(sizeof(Token) == 8 * sizeof(int32_t));
    val out = val::object();
    out.set("rows", copy(rows));
    out.set("values", copy(std::span(reinterpret_cast<const int32_t*>(tokens.data()), 8 * tokens.size())));
    return out;
  }
};

EncodeOptions encode_options(const val& from) {
  EncodeOptions options;
  options.add_special_tokens = from["addSpecialTokens"].as<bool>();
  options.keep_overflowing = from["keepOverflowing"].as<bool>();
  if (const val wanted = from["truncation"]; !wanted.isNull()) {
    Truncation truncation;
    truncation.max_length = wanted["maxLength"].as<int>();
    truncation.stride = wanted["stride"].as<int>();
    truncation.strategy = static_cast<TruncationStrategy>(wanted["strategy"].as<int>());
    truncation.direction = wanted["left"].as<bool>() ? Direction::left : Direction::right;
    options.truncation = truncation;
  }
  if (const val wanted = from["padding"]; !wanted.isNull()) {
    Padding padding;
    padding.length = wanted["length"].as<int>();
    padding.multiple_of = wanted["multipleOf"].as<int>();
    padding.direction = wanted["left"].as<bool>() ? Direction::left : Direction::right;
    options.padding = padding;
  }
  return options;
}

// The texts, one after the other. `pairs`: none, or a second text for each.
Encoded encode(int handle, std::u16string texts, Integers lengths, std::u16string pairs, Integers pair_lengths,
               EncodeArgument options) {
  const Tokenizer* tokenizer = tokenizer_of(handle);
  if (!tokenizer) return Encoded(not_loaded());
  const std::vector<int32_t> first = integers(lengths), second = integers(pair_lengths);
  std::vector<TextInput> inputs;
  inputs.reserve(first.size());
  size_t at = 0, pair_at = 0;
  for (size_t i = 0; i < first.size(); ++i) {
    TextInput input{std::u16string_view(texts).substr(at, static_cast<size_t>(first[i])), std::nullopt};
    at += input.text.size();
    if (i < second.size()) {
      input.pair = std::u16string_view(pairs).substr(pair_at, static_cast<size_t>(second[i]));
      pair_at += input.pair->size();
    }
    inputs.push_back(input);
  }
  const auto encodings = tokenizer->encode_batch(inputs, encode_options(options));
  if (!encodings) return Encoded(failure(encodings.error()));
  FlatEncodings flat;
  for (size_t i = 0; i < encodings->size(); ++i) flat.add((*encodings)[i], static_cast<int32_t>(i));
  return Encoded(flat.value());
}

std::u16string decode(int handle, Integers ids, bool skip_special_tokens, bool clean_up) {
  const Tokenizer* tokenizer = tokenizer_of(handle);
  return tokenizer ? tokenizer->decode(integers(ids), skip_special_tokens, clean_up) : u"";
}

std::u16string id_to_token(int handle, int id) {
  const Tokenizer* tokenizer = tokenizer_of(handle);
  return tokenizer ? tokenizer->id_to_token(id) : u"";
}

int token_to_id(int handle, std::u16string token) {
  const Tokenizer* tokenizer = tokenizer_of(handle);
  return tokenizer ? tokenizer->token_to_id(token).value_or(-1) : -1;
}

std::u16string normalize(int handle, std::u16string text) {
  const Tokenizer* tokenizer = tokenizer_of(handle);
  return tokenizer ? tokenizer->normalize(text) : u"";
}

Tensors run(int handle, RunArgument input) {
  Model* model = model_of(handle);
  if (!model) return Tensors(not_loaded());
  const std::vector<int32_t> ids = integers(input["ids"]), type_ids = integers(input["typeIds"]),
                             mask = integers(input["attentionMask"]), lengths = integers(input["lengths"]);
  OutputOptions options;
  options.hidden_states = input["hiddenStates"].as<bool>();
  options.attentions = input["attentions"].as<bool>();
  options.attention_scores = input["attentionScores"].as<bool>();
  options.last_hidden_state = input["lastHiddenState"].as<bool>();
  options.pooler_output = input["poolerOutput"].as<bool>();
  const auto outputs = model->run({ids, type_ids, mask, lengths}, options);
  if (!outputs) return Tensors(failure(outputs.error()));
  val list = val::array();
  for (const Output& output : *outputs) {
    val tensor = val::object();
    tensor.set("name", text(output.name));
    tensor.set("dims", copy(output.dims()));
    tensor.set("data", copy(output.data));
    list.call<void>("push", tensor);
  }
  val out = val::object();
  out.set("tensors", list);
  return Tensors(out);
}

// One text, and its second text or null. `top_k` 0: all labels.
Scores classify(int tokenizer_handle, int model_handle, std::u16string first, OptionalText second, int top_k) {
  const Tokenizer* tokenizer = tokenizer_of(tokenizer_handle);
  Model* model = model_of(model_handle);
  if (!tokenizer || !model) return Scores(not_loaded());
  auto classifier = TextClassifier::create(*tokenizer, *model);
  if (!classifier) return Scores(failure(classifier.error()));
  std::u16string pair;
  TextInput input{first, std::nullopt};
  if (!second.isNull()) {
    pair = second.as<std::u16string>();
    input.pair = pair;
  }
  ClassifyOptions options;
  options.top_k = top_k;
  const auto results = classifier->classify({&input, 1}, options);
  if (!results) return Scores(failure(results.error()));
  const Classification& result = (*results)[0];
  std::vector<int32_t> labels;
  std::vector<float> scores;
  for (const LabelScore& entry : result.scores) {
    labels.push_back(entry.label);
    scores.push_back(entry.score);
  }
  val out = val::object();
  out.set("labels", copy(labels));
  out.set("scores", copy(std::span<const float>(scores)));
  out.set("tokens", result.tokens);
  out.set("truncated", result.truncated);
  return Scores(out);
}

// Bytes of linear memory: grows, never shrinks.
double heap_bytes() { return static_cast<double>(emscripten_get_heap_size()); }

}  // namespace

EMSCRIPTEN_BINDINGS(squeezebert) {
  using emscripten::function;
  using emscripten::register_type;
#define FAILURE "{ error: { code: string; detail: string } }"
  register_type<FilesArgument>(
      "{ has(name: string): boolean; open(name: string): { size: number; read(offset: number, target: Uint8Array): "
      "boolean } | null }");
  register_type<EncodeArgument>(
      "{ addSpecialTokens: boolean; keepOverflowing: boolean; truncation: { maxLength: number; stride: number; strategy: "
      "number; left: boolean } | null; padding: { length: number; multipleOf: number; left: boolean } | null }");
  register_type<RunArgument>(
      "{ ids: Int32Array; typeIds: Int32Array | null; attentionMask: Int32Array | null; lengths: Int32Array; "
      "hiddenStates: boolean; attentions: boolean; attentionScores: boolean; lastHiddenState: boolean; poolerOutput: "
      "boolean }");
  register_type<OptionalText>("string | null");
  register_type<Integers>("Int32Array");
  register_type<LoadedTokenizer>(
      "{ handle: number; vocabSize: number; modelMaxLength: number; specialIds: { pad: number; unk: number; cls: number; "
      "sep: number; mask: number } } | " FAILURE);
  register_type<LoadedModel>(
      "{ handle: number; head: string; dtype: string; labels: string[]; maxLength: number; hiddenSize: number; vocabSize: number; "
      "weightBytes: number; needed: number } | " FAILURE);
  register_type<SavedFile>("{ handle: number; size: number } | " FAILURE);
  register_type<Bytes>("Uint8Array");
  register_type<Encoded>("{ rows: Int32Array; values: Int32Array } | " FAILURE);
  register_type<Tensors>("{ tensors: { name: string; dims: Int32Array; data: Float32Array }[] } | " FAILURE);
  register_type<Scores>("{ labels: Int32Array; scores: Float32Array; tokens: number; truncated: boolean } | " FAILURE);

  function("loadTokenizer", &load_tokenizer);
  function("loadModel", &load_model);
  function("save", &save);
  function("savedPart", &saved_part);
  function("release", &release);
  function("encode", &encode);
  function("decode", &decode);
  function("idToToken", &id_to_token);
  function("tokenToId", &token_to_id);
  function("normalize", &normalize);
  function("run", &run);
  function("classify", &classify);
  function("heapBytes", &heap_bytes);
  function("addHelperStack", &add_helper_stack);
  function("helperFunction", &helper_function);
}
