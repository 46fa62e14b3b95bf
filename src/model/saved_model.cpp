#include "saved_model.h"

#include "../formats/float16.h"
#include "model_state.h"
#include "visit_weights.h"

namespace squeezebert {
namespace {

constexpr size_t kPart = 1 << 20;

enum class Content : uint8_t { values, codes, scale, multiplier };

void append(std::vector<std::byte>& bytes, const void* data, size_t size) {
  const std::byte* first = static_cast<const std::byte*>(data);
  bytes.insert(bytes.end(), first, first + size);
}

}  // namespace

// One tensor of the file: where its rows come from.
struct SavedModel::Tensor {
  std::string name;
  Content content = Content::values;
  const Linear* linear = nullptr;  // one of these two, or `floats`
  const Table* table = nullptr;
  std::span<const float> floats;
  size_t rows = 0, columns = 0;    // numbers
  size_t vector = 0;               // rank 1
  bool taps = false;               // [rows, 1, columns]

  WeightType type() const { return linear ? linear->type() : table ? table->type() : WeightType::fp32; }

  size_t row_bytes() const {
    switch (content) {
      case Content::scale: return 4;
      case Content::multiplier: return q4_groups(columns);
      case Content::codes: return type() == WeightType::q8 ? columns : (columns + 1) / 2;
      case Content::values: break;
    }
    return columns * (type() == WeightType::fp16 ? 2 : 4);
  }

  std::string_view dtype() const {
    switch (content) {
      case Content::scale: return "F32";
      case Content::multiplier: return "I8";
      case Content::codes: return type() == WeightType::q8 ? "I8" : "U8";
      case Content::values: break;
    }
    return type() == WeightType::fp16 ? "F16" : "F32";
  }

  std::string shape() const {
    if (vector) return join({columns});
    if (taps) return join({rows, ",1,", columns});
    if (content == Content::scale) return join({rows});
    const size_t width = content == Content::values ? columns : row_bytes();
    return join({rows, ",", width});
  }

  void append_row(size_t r, std::vector<std::byte>& bytes) const {
    if (!floats.empty()) return append(bytes, floats.data() + r * columns, columns * 4);
    if (content == Content::values) {
      std::vector<float> values(columns);
      if (table) table->add_row(r, values.data());
      for (size_t c = 0; c < columns; ++c) {
        const float value = linear ? linear->weight(r, c) : values[c];
        const uint16_t half = float16_from_float(value);
        if (type() == WeightType::fp16) append(bytes, &half, 2);
        else append(bytes, &value, 4);
      }
      return;
    }
    if (content == Content::scale) {
      const float scale = linear ? linear->scale(r) : table->scale(r);
      return append(bytes, &scale, 4);
    }
    RowCodes row;
    if (linear) linear->get_row(r, row);
    else table->get_row(r, row);
    if (content == Content::multiplier) return append(bytes, row.multipliers.data(), row.multipliers.size());
    if (type() == WeightType::q8) return append(bytes, row.codes.data(), columns);
    const size_t first = bytes.size();
    bytes.resize(first + row_bytes());
    pack_nibbles(row.codes, {reinterpret_cast<uint8_t*>(bytes.data() + first), row_bytes()});
  }
};

namespace {

template <class Tensor>
class Collector final : public WeightVisitor {
 public:
  Collector(std::vector<Tensor>& floats, std::vector<Tensor>& coded, bool pooler)
      : floats_(floats), coded_(coded), pooler_(pooler) {}

  Result<void> norm(const std::string& name, Norm& norm, float) override {
    vector(name + ".weight", norm.gain.span());
    vector(name + ".bias", norm.bias.span());
    return {};
  }
  Result<void> neighbours(const std::string& name, Buffer<float>& taps, size_t channels) override {
    Tensor tensor;
    tensor.name = name + ".weight";
    tensor.floats = taps.span();
    tensor.rows = channels;
    tensor.columns = 3;
    tensor.taps = true;
    add(tensor);
    return {};
  }
  Result<void> table(const std::string& name, Table& table, size_t, bool) override {
    Tensor tensor;
    tensor.table = &table;
    rows(name, tensor, table.rows(), table.columns());
    return {};
  }
  Result<void> linear(const std::string& name, Linear& linear, const LinearShape&) override {
    weight(name, linear);
    vector(name + ".bias", linear.bias());
    return {};
  }
  Result<void> decoder(const std::string& words, const std::string& bias, Linear& linear, const LinearShape&) override {
    weight(words, linear);
    vector(bias, linear.bias());
    return {};
  }
  bool pooler(const std::string&) const override { return pooler_; }

 private:
  void vector(const std::string& name, std::span<const float> floats) {
    Tensor tensor;
    tensor.name = name;
    tensor.floats = floats;
    tensor.rows = tensor.vector = 1;
    tensor.columns = floats.size();
    add(tensor);
  }
  void weight(const std::string& name, const Linear& linear) {
    Tensor tensor;
    tensor.linear = &linear;
    rows(name, tensor, linear.out(), linear.in() / linear.groups());
  }
  void rows(const std::string& name, Tensor tensor, size_t rows, size_t columns) {
    tensor.name = name + ".weight";
    tensor.rows = rows;
    tensor.columns = columns;
    const WeightType type = tensor.type();
    const bool coded = type == WeightType::q8 || type == WeightType::q4;
    if (coded) tensor.content = Content::codes;
    add(tensor);
    if (!coded) return;
    tensor.name = name + ".weight_scale";
    tensor.content = Content::scale;
    add(tensor);
    if (type != WeightType::q4) return;
    tensor.name = name + ".weight_multiplier";
    tensor.content = Content::multiplier;
    add(tensor);
  }

  void add(const Tensor& tensor) { (tensor.dtype() == "F32" ? floats_ : coded_).push_back(tensor); }

  std::vector<Tensor>& floats_;
  std::vector<Tensor>& coded_;
  bool pooler_;
};

}  // namespace

SavedModel::SavedModel(const Model& model) : model_(model) {
  Model::State& state = *model_.state_;
  Weights& weights = state.weights;  // which the collector only reads
  std::vector<Tensor> coded;
  Collector<Tensor> collector(tensors_, coded, weights.pooler.has_value());
  // It fails only where the collector does, which never does.
  (void)visit_weights(state.config, state.head, names_of(state.config.family).prefix, weights, collector);
  // Float tensors first, so that every tensor begins where its numbers are aligned.
  tensors_.insert(tensors_.end(), coded.begin(), coded.end());
  header_ = join({R"({"__metadata__":{"format":"squeezebert-wasm","dtype":")", name_of(model.weight_type()), "\"}"});
  uint64_t offset = 0;
  for (const Tensor& tensor : tensors_) {
    const uint64_t end = offset + uint64_t{tensor.rows} * tensor.row_bytes();
    header_ += join({",\"", tensor.name, "\":{\"dtype\":\"", tensor.dtype(), "\",\"shape\":[", tensor.shape(),
                     "],\"data_offsets\":[", offset, ",", end, "]}"});
    offset = end;
  }
  header_ += '}';
  header_.resize((header_.size() + 7) / 8 * 8, ' ');
  size_ = 8 + header_.size() + offset;
}

SavedModel::~SavedModel() = default;

uint64_t SavedModel::size() const { return size_; }

std::span<const std::byte> SavedModel::next() {
  part_.clear();
  if (!started_) {
    started_ = true;
    const uint64_t length = header_.size();
    append(part_, &length, 8);
    append(part_, header_.data(), header_.size());
    return part_;
  }
  while (tensor_ < tensors_.size() && part_.size() < kPart) {
    const Tensor& tensor = tensors_[tensor_];
    for (; row_ < tensor.rows && part_.size() < kPart; ++row_) tensor.append_row(row_, part_);
    if (row_ < tensor.rows) break;
    row_ = 0;
    ++tensor_;
  }
  return part_;
}

}  // namespace squeezebert
