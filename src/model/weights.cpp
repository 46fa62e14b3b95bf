#include "weights.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "visit_weights.h"

namespace squeezebert {
namespace {

std::string shape_text(std::span<const uint64_t> shape) {
  std::string text = "[";
  for (const uint64_t n : shape) text += join({text.size() > 1 ? ", " : "", n});
  return text + "]";
}

class Loader final : public WeightVisitor, public WeightLoader {
 public:
  Loader(std::unique_ptr<TensorSource> source, const ModelConfig& config, Head head, std::optional<WeightType> type,
         std::optional<WeightType> words, Weights& weights)
      : source_(std::move(source)), config_(config), names_(names_of(config.family)), head_(head), type_(type),
        words_(words ? words : type), weights_(weights), rows_(source_->tensors().size(), kUnused) {
    for (const auto& tensor : source_->tensors()) {
      total_ += tensor.elements;
      // Files saved from a bare encoder have no prefix.
      if (std::string_view(tensor.name).starts_with(names_.prefix)) prefix_ = names_.prefix;
    }
    weights.layers.resize(static_cast<size_t>(config.layers));
    if (config.family == Family::distilbert) weights.pooler_activation = Activation::relu;
    weights.mlm_activation = config.family == Family::roberta ? Activation::gelu : config.activation;
  }

  // The first time it compares shapes and makes room; every time it reads what has come and has not been read.
  Result<uint64_t> proceed(uint64_t available) override {
    available_ = needed_ = available;
    SQUEEZEBERT_TRY(visit_weights(config_, head_, prefix_, weights_, *this));
    first_ = false;
    if (available == kWholeFile) SQUEEZEBERT_TRY(check_rest());
    return needed_;
  }

  // The tensor `name`.weight or .bias; files of the first BERT say gamma and beta for a norm's.
  const TensorInfo* find(const std::string& name, std::string_view part) const {
    if (const TensorInfo* tensor = source_->find(join({name, ".", part}))) return tensor;
    return source_->find(join({name, part == "weight" ? ".gamma" : ".beta"}));
  }

  Result<const TensorInfo*> require(const std::string& name, std::string_view part, std::vector<uint64_t> shape) {
    const TensorInfo* tensor = find(name, part);
    if (!tensor) return Error{ErrorCode::TENSOR_MISSING, {"'", name, ".", part, "'"}};
    return check(*tensor, std::move(shape));
  }

  // A layer's [out, in] and a width-1 convolution's [out, in, 1] hold the same numbers.
  Result<const TensorInfo*> check(const TensorInfo& tensor, std::vector<uint64_t> shape) {
    const bool convolution = tensor.shape.size() == shape.size() + 1 && tensor.shape.back() == 1 && shape.size() == 2;
    const bool same = std::equal(shape.begin(), shape.end(), tensor.shape.begin(),
                                 tensor.shape.end() - (convolution ? 1 : 0));
    if (!same) {
      return Error{ErrorCode::TENSOR_SHAPE, {"'", tensor.name, "' is ", shape_text(tensor.shape), ", expected ", shape_text(shape)}};
    }
    if (uint64_t& rows = rows_of(tensor); rows == kUnused) rows = 0;
    return &tensor;
  }

  // Whether elements [first, end) have come.
  bool has(const TensorInfo& tensor, uint64_t first, uint64_t end) {
    const uint64_t bytes = element_bytes(tensor.dtype);
    if (tensor.offset + end * bytes <= available_) return true;
    needed_ = std::min(needed_, tensor.offset + first * bytes);
    return false;
  }

  // All of a small tensor.
  Result<void> read(const TensorInfo& tensor, std::span<float> target) {
    uint64_t& rows = rows_of(tensor);
    if (rows > 0 || !has(tensor, 0, tensor.elements)) return {};
    rows = 1;
    return source_->read_f32(tensor, 0, target);
  }

  Result<void> vector(const std::string& name, std::string_view part, size_t size, std::span<float> target) {
    SQUEEZEBERT_TRY_ASSIGN(tensor, require(name, part, {size}));
    return read(*tensor, target);
  }

  // What a file of ours adds to the codes of a q8 or q4 tensor.
  struct Stored {
    WeightType type;
    std::vector<float> scales;          // [rows]
    std::vector<int8_t> multipliers;    // q4: [rows, columns / 32, up]
  };

  // Empty for tensors of floats.
  static std::optional<WeightType> stored_type(const TensorInfo& tensor) {
    if (tensor.dtype == DType::i8) return WeightType::q8;
    if (tensor.dtype == DType::u8) return WeightType::q4;
    return std::nullopt;
  }

  WeightType choose(const TensorInfo& tensor, bool coded, bool words) const {
    if (!coded) return WeightType::fp32;
    if (const auto& wanted = words ? words_ : type_) return *wanted;
    return stored_type(tensor).value_or(total_ > kLargeModel ? WeightType::q8 : WeightType::fp32);
  }

  // The tensor name.weight of [rows, columns] numbers, which q4 stores two a byte.
  Result<const TensorInfo*> require_rows(const std::string& name, size_t rows, size_t columns) {
    const TensorInfo* tensor = find(name, "weight");
    const bool halved = tensor && stored_type(*tensor) == WeightType::q4;
    return require(name, "weight", {rows, halved ? (columns + 1) / 2 : columns});
  }

  Result<Stored> stored(const std::string& name, WeightType type, size_t rows, size_t columns) {
    Stored stored{type, std::vector<float>(rows), {}};
    SQUEEZEBERT_TRY(vector(name, "weight_scale", rows, stored.scales));
    for (const float scale : stored.scales)
      if (!(std::fabs(scale) <= std::numeric_limits<float>::max())) return bad_value(name);
    if (type != WeightType::q4) return stored;
    const size_t groups = q4_groups(columns);
    SQUEEZEBERT_TRY_ASSIGN(tensor, require(name, "weight_multiplier", {rows, groups}));
    stored.multipliers.resize(rows * groups);
    SQUEEZEBERT_TRY(source_->read_bytes(*tensor, 0, std::as_writable_bytes(std::span(stored.multipliers))));
    for (const int8_t multiplier : stored.multipliers)
      if (multiplier == 0 || std::abs(int32_t{multiplier}) > kQ4MostMultiplier) return bad_value(name);
    return stored;
  }

  // Reads the rows of name.weight that have come into a layer or a table that has been allocated. They pass through a small
  // buffer: a tensor never stands twice in memory.
  template <class Target>
  Result<void> fill(const std::string& name, const TensorInfo& tensor, size_t rows, size_t columns, Target& target) {
    const bool to_codes = target.type() == WeightType::q8 || target.type() == WeightType::q4;
    const size_t at_once = std::min(rows, std::max<size_t>(1, 65536 / columns));
    floats_.resize(std::max(floats_.size(), at_once * columns));
    RowCodes codes;
    const auto set = [&](size_t r, std::span<const float> row) {
      if (!to_codes) {
        target.set_row(r, row);
        return true;
      }
      if (!encode_row(target.type(), row, codes)) return false;
      target.set_row(r, codes);
      return true;
    };
    const auto type = stored_type(tensor);
    uint64_t& done = rows_of(tensor);
    if (!type) {
      while (done < rows) {
        const size_t first = static_cast<size_t>(done), count = std::min(at_once, rows - first);
        if (!has(tensor, first * columns, (first + count) * columns)) return {};
        const auto floats = std::span(floats_).first(count * columns);
        SQUEEZEBERT_TRY(source_->read_f32(tensor, first * columns, floats));
        for (size_t r = 0; r < count; ++r)
          if (!set(first + r, floats.subspan(r * columns, columns))) return bad_value(name);
        done += count;
      }
      return {};
    }
    // Its scales may come last of all.
    if (available_ != kWholeFile) {
      needed_ = 0;
      return {};
    }
    SQUEEZEBERT_TRY_ASSIGN(extra, stored(name, *type, rows, columns));
    if constexpr (std::is_same_v<Target, Table>) {
      if (*type == target.type()) return source_->read_bytes(tensor, 0, target.set_rows(extra.scales, extra.multipliers));
    }
    const size_t width = *type == WeightType::q4 ? (columns + 1) / 2 : columns;
    bytes_.resize(std::max(bytes_.size(), at_once * width));
    RowCodes row;
    row.codes.resize(columns);
    for (size_t first = 0; first < rows; first += at_once) {
      const size_t count = std::min(at_once, rows - first);
      const auto part = std::span(bytes_).first(count * width);
      SQUEEZEBERT_TRY(source_->read_bytes(tensor, first * width, std::as_writable_bytes(part)));
      for (size_t r = 0; r < count; ++r) {
        const uint8_t* from = part.data() + r * width;
        row.scale = extra.scales[first + r];
        if (*type == WeightType::q4) {
          unpack_nibbles({from, width}, row.codes);
          const auto multipliers = std::span(extra.multipliers).subspan((first + r) * q4_groups(columns), q4_groups(columns));
          row.multipliers.assign(multipliers.begin(), multipliers.end());
        } else {
          std::memcpy(row.codes.data(), from, columns);
        }
        if (*type == target.type()) {
          target.set_row(first + r, row);
        } else {
          const auto decoded = std::span(floats_).first(columns);
          decode_row(*type, row, decoded);
          if (!set(first + r, decoded)) return bad_value(name);
        }
      }
    }
    return {};
  }

  // What visit_weights() calls.
  Result<void> norm(const std::string& name, Norm& norm, float eps) override {
    const size_t channels = static_cast<size_t>(config_.hidden_size);
    if (first_ && (!norm.gain.allocate(channels) || !norm.bias.allocate(channels))) return out_of_memory();
    norm.eps = eps;
    SQUEEZEBERT_TRY(vector(name, "weight", channels, norm.gain.span()));
    return vector(name, "bias", channels, norm.bias.span());
  }

  Result<void> neighbours(const std::string& name, Buffer<float>& taps, size_t channels) override {
    if (first_ && !taps.allocate(uint64_t{channels} * 3)) return out_of_memory();
    SQUEEZEBERT_TRY_ASSIGN(tensor, require(name, "weight", {channels, 1, 3}));
    return read(*tensor, taps.span());
  }

  Result<void> table(const std::string& name, Table& table, size_t rows, bool coded) override {
    const size_t columns = static_cast<size_t>(config_.hidden_size);
    SQUEEZEBERT_TRY_ASSIGN(tensor, require_rows(name, rows, columns));
    if (first_ && !table.allocate(choose(*tensor, coded, &table == &weights_.words), rows, columns)) return out_of_memory();
    return fill(name, *tensor, rows, columns, table);
  }

  Result<void> weight(const std::string& name, Linear& linear, const LinearShape& shape) {
    const size_t depth = shape.in / shape.groups;
    SQUEEZEBERT_TRY_ASSIGN(tensor, require_rows(name, shape.out, depth));
    const bool words = weights_.decoder && &linear == &*weights_.decoder;
    if (first_ && !linear.allocate(choose(*tensor, shape.coded, words), shape.in, shape.out, shape.groups)) return out_of_memory();
    return fill(name, *tensor, shape.out, depth, linear);
  }

  Result<void> linear(const std::string& name, Linear& linear, const LinearShape& shape) override {
    SQUEEZEBERT_TRY(weight(name, linear, shape));
    return vector(name, "bias", shape.out, linear.bias());
  }

  Result<void> decoder(const std::string& words, const std::string& bias, Linear& linear, const LinearShape& shape) override {
    SQUEEZEBERT_TRY(weight(words, linear, shape));
    const TensorInfo* tensor = source_->find(bias);
    if (!tensor) return Error{ErrorCode::TENSOR_MISSING, {"'", bias, "'"}};
    SQUEEZEBERT_TRY(check(*tensor, {shape.out}));
    return read(*tensor, linear.bias());
  }

  bool pooler(const std::string& name) const override { return find(name, "weight") != nullptr; }

  // Names what the configuration did not ask for; other heads' tensors and buffers are no surprise.
  Result<void> check_rest() const {
    std::string rest;
    size_t count = 0;
    for (const auto& tensor : source_->tensors()) {
      if (rows_[place(tensor)] != kUnused || belongs_to_a_head(tensor.name)) continue;
      if (++count <= 5) rest += join({rest.empty() ? "'" : ", '", tensor.name, "'"});
    }
    if (count > 5) rest += join({" and ", count - 5, " more"});
    if (count > 0) return Error{ErrorCode::TENSOR_UNEXPECTED, {rest}};
    return {};
  }

 private:
  static constexpr uint64_t kUnused = UINT64_MAX;

  size_t place(const TensorInfo& tensor) const { return static_cast<size_t>(&tensor - source_->tensors().data()); }
  uint64_t& rows_of(const TensorInfo& tensor) { return rows_[place(tensor)]; }
  static Error bad_value(const std::string& name) { return Error{ErrorCode::TENSOR_VALUE, {"'", name, ".weight'"}}; }
  static Error out_of_memory() { return Error{ErrorCode::OUT_OF_MEMORY, {"while loading the weights"}}; }

  std::unique_ptr<TensorSource> source_;
  const ModelConfig& config_;
  const Names& names_;
  Head head_;
  std::optional<WeightType> type_, words_;
  Weights& weights_;
  std::string_view prefix_;
  std::vector<uint64_t> rows_;  // of each tensor, that have been read (of a small one, 1); or kUnused
  std::vector<float> floats_;
  std::vector<uint8_t> bytes_;
  uint64_t total_ = 0;          // elements
  uint64_t available_ = 0, needed_ = 0;
  bool first_ = true;
};

}  // namespace

uint64_t Weights::bytes() const {
  const auto norm = [](const Norm& n) { return n.gain.bytes() + n.bias.bytes(); };
  const auto optional = [](const std::optional<Linear>& l) { return l ? l->bytes() : 0; };
  uint64_t sum = words.bytes() + positions.bytes() + types.bytes() + norm(embedding_norm) + norm(mlm_norm) +
                 optional(pooler) + optional(classifier) + optional(mlm_dense) + optional(decoder);
  for (const auto& l : layers) {
    for (const Linear* part : {&l.query, &l.key, &l.value, &l.post_attention, &l.intermediate, &l.output}) sum += part->bytes();
    sum += norm(l.attention_norm) + norm(l.output_norm) + l.neighbours.bytes() + optional(l.squeeze) + optional(l.excite);
  }
  return sum;
}

std::unique_ptr<WeightLoader> load_weights(std::unique_ptr<TensorSource> source, const ModelConfig& config, Head head,
                                           std::optional<WeightType> type, std::optional<WeightType> words,
                                           Weights& weights) {
  return std::make_unique<Loader>(std::move(source), config, head, type, words, weights);
}

}  // namespace squeezebert
