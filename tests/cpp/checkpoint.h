// safetensors files and small random checkpoints of every family, built in memory. The tensors' names are written out
// here a second time, not taken from src/model/names.cpp: a misspelling there must not agree with itself.
#pragma once

#include <cstring>
#include <map>
#include <ostream>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "formats/file_set.h"
#include "model/config.h"

namespace squeezebert {

// Eight bytes of little-endian `length`, then `rest` as it is.
inline std::string with_length(uint64_t length, std::string_view rest) {
  std::string file(8, '\0');
  for (int i = 0; i < 8; ++i) file[static_cast<size_t>(i)] = static_cast<char>(length >> (8 * i) & 0xff);
  return file.append(rest);
}

// A safetensors file of any header, true or false, and `data_bytes` bytes for tensors.
inline std::string safetensors_file(std::string_view header, size_t data_bytes = 0) {
  return with_length(header.size(), header) + std::string(data_bytes, '\1');
}

struct StoredTensor {
  std::string dtype = "F32";
  std::vector<uint64_t> shape;
  std::string bytes;
};

inline StoredTensor f32_tensor(std::vector<uint64_t> shape, const std::vector<float>& values) {
  StoredTensor tensor{"F32", std::move(shape), std::string(values.size() * 4, '\0')};
  if (!values.empty()) std::memcpy(tensor.bytes.data(), values.data(), tensor.bytes.size());
  return tensor;
}

inline std::string safetensors_file(const std::map<std::string, StoredTensor>& tensors) {
  std::string header = "{", data;
  for (const auto& [name, tensor] : tensors) {
    std::string shape;
    for (const uint64_t n : tensor.shape) shape += (shape.empty() ? "" : ",") + std::to_string(n);
    header += (header.size() > 1 ? ",\"" : "\"") + name + "\":{\"dtype\":\"" + tensor.dtype + "\",\"shape\":[" + shape +
              "],\"data_offsets\":[" + std::to_string(data.size()) + ",";
    data += tensor.bytes;
    header += std::to_string(data.size()) + "]}";
  }
  header += "}";
  return with_length(header.size(), header) + data;
}

struct Checkpoint {
  Family family = Family::squeezebert;
  std::string config;
  std::map<std::string, StoredTensor> tensors;
  int32_t vocab_size = 0, max_positions = 0, usable_length = 0;

  MemoryFiles files() const {
    MemoryFiles files;
    files.add("config.json", config);
    files.add("model.safetensors", safetensors_file(tensors));
    return files;
  }
};

// Two layers of 16 channels, 2 heads, 32 intermediate channels, 3 labels, 23 words, `positions` usable positions.
// squeezebert has the published groups 4/4/4/1/4/4. `architecture` is of Hugging Face ("SqueezeBertForMaskedLM"),
// or one of those with "Neighbours" before it (a model with a depthwise kernel), or "Extended" (and with excitation).
inline Checkpoint tiny_checkpoint(Family family, std::string_view architecture, int32_t positions = 12) {
  constexpr uint64_t h = 16, i = 32, words = 23, labels = 3;
  const bool squeeze = family == Family::squeezebert, distil = family == Family::distilbert;
  const bool roberta = family == Family::roberta, extended = architecture.starts_with("Extended");
  const bool neighbours = extended || architecture.starts_with("Neighbours");
  Checkpoint made;
  made.family = family;
  made.vocab_size = words;
  made.usable_length = positions;
  made.max_positions = roberta ? positions + 2 : positions;

  const std::string common = "\"architectures\": [\"" + std::string(architecture) + "\"], \"vocab_size\": 23, " +
                             "\"max_position_embeddings\": " + std::to_string(made.max_positions) +
                             ", \"id2label\": {\"0\": \"a\", \"1\": \"b\", \"2\": \"c\"}, ";
  const std::string sizes =
      "\"hidden_size\": 16, \"num_hidden_layers\": 2, \"num_attention_heads\": 2, "
      "\"intermediate_size\": 32, \"hidden_act\": \"gelu\", ";
  switch (family) {
    case Family::squeezebert:
      made.config =
          "{" + common + sizes + "\"type_vocab_size\": 2, \"embedding_size\": 16, " +
          (neighbours ? "\"intermediate_kernel\": 3, " : "") + (extended ? "\"excitation_reduction\": 4, " : "") +
          "\"model_type\": \"squeezebert\"}";
      break;
    case Family::bert:
      made.config = "{" + common + sizes + "\"type_vocab_size\": 2, \"model_type\": \"bert\"}";
      break;
    case Family::distilbert:
      made.config = "{" + common +
                    "\"dim\": 16, \"n_layers\": 2, \"n_heads\": 2, \"hidden_dim\": 32, "
                    "\"activation\": \"gelu\", \"model_type\": \"distilbert\"}";
      break;
    case Family::roberta:
      made.config = "{" + common + sizes +
                    "\"type_vocab_size\": 1, \"pad_token_id\": 1, \"layer_norm_eps\": 1e-5, "
                    "\"model_type\": \"roberta\"}";
      break;
  }

  std::mt19937 random(20);
  const auto add = [&](const std::string& name, std::vector<uint64_t> shape, float spread, float middle = 0) {
    std::normal_distribution<float> distribution(middle, spread);
    size_t count = 1;
    for (const uint64_t n : shape) count *= n;
    std::vector<float> values(count);
    for (float& v : values) v = distribution(random);
    made.tensors[name] = f32_tensor(std::move(shape), values);
  };
  const auto linear = [&](const std::string& name, uint64_t in, uint64_t out, uint64_t groups = 1, bool wide = false) {
    if (wide)
      add(name + ".weight", {out, in / groups, 1}, 0.2f);
    else
      add(name + ".weight", {out, in / groups}, 0.2f);
    add(name + ".bias", {out}, 0.2f);
  };
  const auto norm = [&](const std::string& name) {
    add(name + ".weight", {h}, 0.3f, 1);
    add(name + ".bias", {h}, 0.2f);
  };
  const std::string prefix = squeeze ? "transformer." : distil ? "distilbert." : roberta ? "roberta." : "bert.";
  add(prefix + "embeddings.word_embeddings.weight", {words, h}, 0.6f);
  add(prefix + "embeddings.position_embeddings.weight", {static_cast<uint64_t>(made.max_positions), h}, 0.6f);
  if (!distil) add(prefix + "embeddings.token_type_embeddings.weight", {roberta ? 1u : 2u, h}, 0.6f);
  norm(prefix + "embeddings.LayerNorm");
  for (const char* number : {"0", "1"}) {
    if (squeeze) {
      const std::string layer = prefix + "encoder.layers." + number + ".";
      linear(layer + "attention.query", h, h, 4, true);
      linear(layer + "attention.key", h, h, 4, true);
      linear(layer + "attention.value", h, h, 4, true);
      linear(layer + "post_attention.conv1d", h, h, 1, true);
      norm(layer + "post_attention.layernorm");
      linear(layer + "intermediate.conv1d", h, i, 4, true);
      if (neighbours) add(layer + "intermediate.neighbours.weight", {i, 1, 3}, 0.4f);
      if (extended) {
        linear(layer + "output.excitation.squeeze", h, h / 4);
        linear(layer + "output.excitation.excite", h / 4, h);
      }
      linear(layer + "output.conv1d", i, h, 4, true);
      norm(layer + "output.layernorm");
    } else if (distil) {
      const std::string layer = prefix + "transformer.layer." + number + ".";
      for (const char* part : {"q_lin", "k_lin", "v_lin", "out_lin"}) linear(layer + "attention." + part, h, h);
      norm(layer + "sa_layer_norm");
      linear(layer + "ffn.lin1", h, i);
      linear(layer + "ffn.lin2", i, h);
      norm(layer + "output_layer_norm");
    } else {
      const std::string layer = prefix + "encoder.layer." + number + ".";
      for (const char* part : {"query", "key", "value"}) linear(layer + "attention.self." + part, h, h);
      linear(layer + "attention.output.dense", h, h);
      norm(layer + "attention.output.LayerNorm");
      linear(layer + "intermediate.dense", h, i);
      linear(layer + "output.dense", i, h);
      norm(layer + "output.LayerNorm");
    }
  }

  const Head head = head_of_architecture(architecture);
  const bool pools = head == Head::none || head == Head::sequence_classification || head == Head::multiple_choice;
  if (pools && (squeeze || family == Family::bert || (roberta && head != Head::sequence_classification))) {
    linear(prefix + "pooler.dense", h, h);
  }
  if (distil && (head == Head::sequence_classification || head == Head::multiple_choice))
    linear("pre_classifier", h, h);
  switch (head) {
    case Head::none:
      break;
    case Head::sequence_classification:
      if (roberta) linear("classifier.dense", h, h);
      linear(roberta ? "classifier.out_proj" : "classifier", h, labels);
      break;
    case Head::token_classification:
      linear("classifier", h, labels);
      break;
    case Head::multiple_choice:
      linear("classifier", h, 1);
      break;
    case Head::question_answering:
      linear("qa_outputs", h, 2);
      break;
    case Head::masked_lm:
      linear(distil ? "vocab_transform" : roberta ? "lm_head.dense" : "cls.predictions.transform.dense", h, h);
      norm(distil ? "vocab_layer_norm" : roberta ? "lm_head.layer_norm" : "cls.predictions.transform.LayerNorm");
      add(distil ? "vocab_projector.bias" : roberta ? "lm_head.bias" : "cls.predictions.bias", {words}, 0.2f);
      break;
  }
  return made;
}

// Every family with every head, for tests that must hold for all of them.
struct Architecture {
  Family family;
  std::string name;  // "BertForMaskedLM"; "BertModel" is the bare encoder
};

inline std::vector<Architecture> architectures() {
  const std::vector<std::pair<Family, std::string>> families = {{Family::squeezebert, "SqueezeBert"},
                                                                {Family::squeezebert, "NeighboursSqueezeBert"},
                                                                {Family::squeezebert, "ExtendedSqueezeBert"},
                                                                {Family::bert, "Bert"},
                                                                {Family::distilbert, "DistilBert"},
                                                                {Family::roberta, "Roberta"}};
  std::vector<Architecture> all;
  for (const auto& [family, name] : families) {
    for (const char* head : {"Model", "ForSequenceClassification", "ForTokenClassification", "ForQuestionAnswering",
                             "ForMaskedLM", "ForMultipleChoice"}) {
      all.push_back({family, name + head});
    }
  }
  return all;
}

inline void PrintTo(const Architecture& architecture, std::ostream* out) { *out << architecture.name; }

// `count` token ids of the checkpoint's vocabulary, none of them a padding id.
inline std::vector<int32_t> random_ids(const Checkpoint& checkpoint, size_t count, std::mt19937& random) {
  std::uniform_int_distribution<int32_t> distribution(2, checkpoint.vocab_size - 1);
  std::vector<int32_t> ids(count);
  for (int32_t& id : ids) id = distribution(random);
  return ids;
}

}  // namespace squeezebert
