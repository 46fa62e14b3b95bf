// A loaded checkpoint: token ids in, tensors out.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "../formats/file_set.h"
#include "../kernels/weight_type.h"
#include "config.h"

namespace squeezebert {

// Sequences of any lengths, one after the other ("ragged"): rows = sum of lengths. A padded batch is the special
// case of equal lengths with a mask.
struct ModelInput {
  std::span<const int32_t> ids;       // [rows]
  std::span<const int32_t> type_ids;  // [rows], or empty: all 0
  std::span<const int32_t> mask;      // [rows], or empty: all 1. 0 hides the position as a key.
  std::span<const int32_t> lengths;   // [sequences], each >= 1
};

struct OutputOptions {
  bool hidden_states = false;
  bool attentions = false;        // softmax probabilities
  bool attention_scores = false;  // scaled and masked, before softmax (tests, explanations)
  bool last_hidden_state = false; // also where a head is present
  bool pooler_output = false;     // likewise, where the checkpoint has a pooler
};

// One named result. The data belongs to the Model and lives until its next run().
// With equal lengths dims are as in the reference ([batch, tokens, hidden], ...); with ragged ones batch and tokens
// are one dimension of `rows` (hidden_states [layers+1, rows, hidden]), and attentions are refused.
struct Output {
  std::string_view name;
  int32_t rank = 0;
  std::array<int32_t, 5> sizes = {};
  std::span<const float> data;

  std::span<const int32_t> dims() const { return {sizes.data(), static_cast<size_t>(rank)}; }
};

struct LoadOptions {
  std::optional<Head> head;           // overrides the head that config.json names
  // How the weights are kept. Empty: as the file holds them, and large models of floats as q8.
  std::optional<WeightType> weights;
  std::optional<WeightType> words;    // the word embeddings, where they are to be kept otherwise than the rest
};

class Model {
 public:
  // Reads config.json and the weights. Errors: those of parse_config and of the weights file; TENSOR_MISSING,
  // TENSOR_UNEXPECTED, TENSOR_SHAPE, TENSOR_DTYPE, TENSOR_VALUE naming the tensor; OUT_OF_MEMORY.
  static Result<std::unique_ptr<Model>> load(FileSet& files, const LoadOptions& options = {});
  // The same in steps, while model.safetensors comes: begin() reads config.json and the head of the file; proceed() is
  // WeightLoader's, and the model is complete after one of the whole file. Until then it must do nothing else.
  static Result<std::unique_ptr<Model>> begin(FileSet& files, const LoadOptions& options = {});
  Result<uint64_t> proceed(uint64_t available);
  ~Model();
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  const ModelConfig& config() const;

  // Errors: INVALID_ARGUMENT (sizes do not fit), INPUT_TOO_LONG, TOKEN_ID_RANGE, OUT_OF_MEMORY.
  // Allocates nothing once an input of this size has been run.
  Result<std::span<const Output>> run(const ModelInput& input, const OutputOptions& options = {});

  // Of the encoder's weights.
  WeightType weight_type() const;

  // Bytes of weights and of working memory held.
  uint64_t weight_bytes() const;
  uint64_t workspace_bytes() const;

 private:
  friend class SavedModel;
  struct State;
  explicit Model(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace squeezebert
