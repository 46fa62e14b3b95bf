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

class Loader final : public WeightVisitor {
 public:
  Loader(TensorSource& source, const ModelConfig& config, std::optional<WeightType> type,
         const std::function<void(uint64_t, uint64_t)>& progress)
      : source_(source), config_(config), names_(names_of(config.family)), type_(type), progress_(progress),
        used_(source.tensors().size()) {
    for (const auto& tensor : source.tensors()) total_ += tensor.elements;
    // Files saved from a bare encoder have no prefix.
    for (const auto& tensor : source.tensors()) {
      if (std::string_view(tensor.name).starts_with(names_.prefix)) prefix_ = names_.prefix;
    }
  }

  // The tensor `name`.weight or .bias; files of the first BERT say gamma and beta for a norm's.
  const TensorInfo* find(const std::string& name, std::string_view part) const {
    if (const TensorInfo* tensor = source_.find(join({name, ".", part}))) return tensor;
    return source_.find(join({name, part == "weight" ? ".gamma" : ".beta"}));
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
    used_[place(tensor)] = true;
    return &tensor;
  }

  Result<void> read(const TensorInfo& tensor, uint64_t first, std::span<float> target) {
    SQUEEZEBERT_TRY(source_.read_f32(tensor, first, target));
    advance(target.size());
    return {};
  }

  void advance(uint64_t elements) {
    done_ += elements;
    if (progress_) progress_(done_, total_);
  }

  Result<void> vector(const std::string& name, std::string_view part, size_t size, std::span<float> target) {
    SQUEEZEBERT_TRY_ASSIGN(tensor, require(name, part, {size}));
    return read(*tensor, 0, target);
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

  WeightType choose(const TensorInfo& tensor, bool coded) const {
    const WeightType wanted = type_ ? *type_ : stored_type(tensor).value_or(total_ > kLargeModel ? WeightType::q8 : WeightType::fp32);
    return coded ? wanted : WeightType::fp32;
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
    SQUEEZEBERT_TRY(source_.read_bytes(*tensor, 0, std::as_writable_bytes(std::span(stored.multipliers))));
    for (const int8_t multiplier : stored.multipliers)
      if (multiplier == 0 || std::abs(int32_t{multiplier}) > kQ4MostMultiplier) return bad_value(name);
    return stored;
  }

  // Reads the rows of name.weight into a layer or a table that has been allocated. They pass through a small buffer: a
  // tensor never stands twice in memory.
  template <class Target>
  Result<void> fill(const std::string& name, const TensorInfo& tensor, size_t rows, size_t columns, Target& target) {
    const bool to_codes = target.type() == WeightType::q8 || target.type() == WeightType::q4;
    const size_t at_once = std::min(rows, std::max<size_t>(1, 65536 / columns));
    std::vector<float> floats(at_once * columns);
    RowCodes codes;
    const auto set = [&](size_t r, std::span<const float> row) {
      if (!to_codes) {
        target.set_row(r, row);
        return true;
      }
      for (const float value : row)
        if (!(std::fabs(value) <= std::numeric_limits<float>::max())) return false;
      encode_row(target.type(), row, codes);
      target.set_row(r, codes);
      return true;
    };
    const auto type = stored_type(tensor);
    if (!type) {
      for (size_t first = 0; first < rows; first += at_once) {
        const size_t count = std::min(at_once, rows - first);
        SQUEEZEBERT_TRY(read(tensor, first * columns, std::span(floats).first(count * columns)));
        for (size_t r = 0; r < count; ++r)
          if (!set(first + r, std::span(floats).subspan(r * columns, columns))) return bad_value(name);
      }
      return {};
    }
    SQUEEZEBERT_TRY_ASSIGN(extra, stored(name, *type, rows, columns));
    const size_t width = *type == WeightType::q4 ? (columns + 1) / 2 : columns;
    std::vector<uint8_t> bytes(at_once * width);
    RowCodes row;
    row.codes.resize(columns);
    for (size_t first = 0; first < rows; first += at_once) {
      const size_t count = std::min(at_once, rows - first);
      const auto part = std::span(bytes).first(count * width);
      SQUEEZEBERT_TRY(source_.read_bytes(tensor, first * width, std::as_writable_bytes(part)));
      advance(part.size());
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
          const auto decoded = std::span(floats).first(columns);
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
    if (!norm.gain.allocate(channels) || !norm.bias.allocate(channels)) return out_of_memory();
    norm.eps = eps;
    SQUEEZEBERT_TRY(vector(name, "weight", channels, norm.gain.span()));
    return vector(name, "bias", channels, norm.bias.span());
  }

  Result<void> neighbours(const std::string& name, Buffer<float>& taps, size_t channels) override {
    if (!taps.allocate(uint64_t{channels} * 3)) return out_of_memory();
    SQUEEZEBERT_TRY_ASSIGN(tensor, require(name, "weight", {channels, 1, 3}));
    return read(*tensor, 0, taps.span());
  }

  Result<void> table(const std::string& name, Table& table, size_t rows, bool coded) override {
    const size_t columns = static_cast<size_t>(config_.hidden_size);
    SQUEEZEBERT_TRY_ASSIGN(tensor, require_rows(name, rows, columns));
    if (!table.allocate(choose(*tensor, coded), rows, columns)) return out_of_memory();
    return fill(name, *tensor, rows, columns, table);
  }

  Result<void> weight(const std::string& name, Linear& linear, const LinearShape& shape) {
    const size_t depth = shape.in / shape.groups;
    SQUEEZEBERT_TRY_ASSIGN(tensor, require_rows(name, shape.out, depth));
    if (!linear.allocate(choose(*tensor, shape.coded), shape.in, shape.out, shape.groups)) return out_of_memory();
    return fill(name, *tensor, shape.out, depth, linear);
  }

  Result<void> linear(const std::string& name, Linear& linear, const LinearShape& shape) override {
    SQUEEZEBERT_TRY(weight(name, linear, shape));
    return vector(name, "bias", shape.out, linear.bias());
  }

  Result<void> decoder(const std::string& words, const std::string& bias, Linear& linear, const LinearShape& shape) override {
    SQUEEZEBERT_TRY(weight(words, linear, shape));
    const TensorInfo* tensor = source_.find(bias);
    if (!tensor) return Error{ErrorCode::TENSOR_MISSING, {"'", bias, "'"}};
    SQUEEZEBERT_TRY(check(*tensor, {shape.out}));
    return read(*tensor, 0, linear.bias());
  }

  bool pooler(const std::string& name) const override { return find(name, "weight") != nullptr; }

  Result<void> load(Head head, Weights& weights) {
    weights.layers.resize(static_cast<size_t>(config_.layers));
    SQUEEZEBERT_TRY(visit_weights(config_, head, prefix_, weights, *this));
    if (config_.family == Family::distilbert) weights.pooler_activation = Activation::relu;
    weights.mlm_activation = config_.family == Family::roberta ? Activation::gelu : config_.activation;
    return check_rest();
  }

  // Names what the configuration did not ask for; other heads' tensors and buffers are no surprise.
  Result<void> check_rest() const {
    std::string rest;
    size_t count = 0;
    for (const auto& tensor : source_.tensors()) {
      if (used_[place(tensor)] || belongs_to_a_head(tensor.name)) continue;
      if (++count <= 5) rest += join({rest.empty() ? "'" : ", '", tensor.name, "'"});
    }
    if (count > 5) rest += join({" and ", count - 5, " more"});
    if (count > 0) return Error{ErrorCode::TENSOR_UNEXPECTED, {rest}};
    return {};
  }

 private:
  size_t place(const TensorInfo& tensor) const { return static_cast<size_t>(&tensor - source_.tensors().data()); }
  static Error bad_value(const std::string& name) { return Error{ErrorCode::TENSOR_VALUE, {"'", name, ".weight'"}}; }
  static Error out_of_memory() { return Error{ErrorCode::OUT_OF_MEMORY, {"while loading the weights"}}; }

  TensorSource& source_;
  const ModelConfig& config_;
  const Names& names_;
  std::optional<WeightType> type_;
  std::string_view prefix_;
  const std::function<void(uint64_t, uint64_t)>& progress_;
  std::vector<char> used_;  // of each tensor
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
    sum += norm(l.attention_norm) + norm(l.output_norm) + l.neighbours.bytes() + optional(l.squeeze) + optional(l.excite);
  }
  return sum;
}

Result<void> load_weights(TensorSource& source, const ModelConfig& config, Head head, std::optional<WeightType> type,
                          const std::function<void(uint64_t, uint64_t)>& progress, Weights& weights) {
  return Loader(source, config, type, progress).load(head, weights);
}

}  // namespace squeezebert
