// The one list of what a model consists of and what each part is called: loading and saving both walk it.
#pragma once

#include <string>

#include "names.h"
#include "weights.h"

namespace squeezebert {

// A linear layer's sizes; `coded`: it may be kept as q8 or q4.
struct LinearShape {
  size_t in, out, groups = 1;
  bool coded = true;
};

// What to do with each part. Names come without ".weight" and ".bias".
class WeightVisitor {
 public:
  virtual Result<void> table(const std::string& name, Table& table, size_t rows, bool coded) = 0;
  virtual Result<void> norm(const std::string& name, Norm& norm, float eps) = 0;
  // A depthwise convolution's weight [channels, 1, 3]; it has no bias.
  virtual Result<void> neighbours(const std::string& name, Buffer<float>& taps, size_t channels) = 0;
  virtual Result<void> linear(const std::string& name, Linear& linear, const LinearShape& shape) = 0;
  // The masked language model's word table, which is its last layer too; `bias`: the whole name.
  virtual Result<void> decoder(const std::string& words, const std::string& bias, Linear& linear, const LinearShape& shape) = 0;
  // Whether a pooler that is not required is there.
  virtual bool pooler(const std::string& name) const = 0;

 protected:
  ~WeightVisitor() = default;
};

// Calls the visitor in the order of the network, until it fails. `prefix`: of the encoder's names. Optional parts of `weights`
// are made where they are missing.
Result<void> visit_weights(const ModelConfig& config, Head head, std::string_view prefix, Weights& weights,
                           WeightVisitor& visitor);

}  // namespace squeezebert
