// Tiny checkpoints with random weights, made in memory.
#pragma once

#include <cstring>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "formats/file_set.h"

namespace squeezebert {

struct SmallTensor {
  std::vector<uint64_t> shape;
  std::string dtype = "F32";
};

// Tensors by name; `files` writes them out with seeded values.
struct SmallModel {
  std::string config;
  std::map<std::string, SmallTensor> tensors;

  MemoryFiles files() const {
    std::mt19937 random(7);
    std::normal_distribution<float> normal(0, 0.3f);
    std::string header = "{", data;
    for (const auto& [name, tensor] : tensors) {
      uint64_t elements = 1;
      std::string shape;
      for (const uint64_t size : tensor.shape) {
        elements *= size;
        shape += (shape.empty() ? "" : ",") + std::to_string(size);
      }
      const size_t begin = data.size();
      const size_t width = tensor.dtype == "I64" ? 8 : tensor.dtype == "U8" ? 1 : 4;
      for (uint64_t i = 0; i < elements; ++i) {
        const float value = normal(random);
        char bytes[8] = {};
        std::memcpy(bytes, &value, 4);
        data.append(bytes, width);
      }
      header += (header.size() > 1 ? ",\"" : "\"") + name + R"(":{"dtype":")" + tensor.dtype + R"(","shape":[)" + shape +
                R"(],"data_offsets":[)" + std::to_string(begin) + "," + std::to_string(data.size()) + "]}";
    }
    header += "}";
    const uint64_t length = header.size();
    std::string file(reinterpret_cast<const char*>(&length), 8);
    file += header + data;
    MemoryFiles out;
    out.add("config.json", config);
    out.add("model.safetensors", file);
    return out;
  }
};

// Two layers of 16 channels in groups of two, three labels, 20 tokens, 40 positions.
inline SmallModel small_squeezebert() {
  SmallModel model;
  model.config = R"({"model_type":"squeezebert","architectures":["SqueezeBertForSequenceClassification"],"vocab_size":20,
    "hidden_size":16,"num_hidden_layers":2,"num_attention_heads":2,"intermediate_size":32,"max_position_embeddings":40,
    "q_groups":2,"k_groups":2,"v_groups":2,"post_attention_groups":1,"intermediate_groups":2,"output_groups":2,"num_labels":3})";
  auto& t = model.tensors;
  const auto both = [&t](const std::string& name, std::vector<uint64_t> weight, uint64_t out) {
    t[name + ".weight"] = {std::move(weight), "F32"};
    t[name + ".bias"] = {{out}, "F32"};
  };
  const std::string e = "transformer.embeddings.";
  t[e + "word_embeddings.weight"] = {{20, 16}, "F32"};
  t[e + "position_embeddings.weight"] = {{40, 16}, "F32"};
  t[e + "token_type_embeddings.weight"] = {{2, 16}, "F32"};
  both(e + "LayerNorm", {16}, 16);
  for (const char* layer : {"0", "1"}) {
    const std::string p = std::string("transformer.encoder.layers.") + layer;
    for (const char* part : {"query", "key", "value"}) both(p + ".attention." + part, {16, 8, 1}, 16);
    both(p + ".post_attention.conv1d", {16, 16, 1}, 16);
    both(p + ".post_attention.layernorm", {16}, 16);
    both(p + ".intermediate.conv1d", {32, 8, 1}, 32);
    both(p + ".output.conv1d", {16, 16, 1}, 16);
    both(p + ".output.layernorm", {16}, 16);
  }
  both("transformer.pooler.dense", {16, 16}, 16);
  both("classifier", {3, 16}, 3);
  return model;
}

}  // namespace squeezebert
