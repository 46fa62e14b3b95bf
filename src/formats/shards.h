// Weights in several files, with an index that says which tensor is in which:
// {"weight_map": {"tensor": "model-00001-of-00002.safetensors", ...}}.
#pragma once

#include "tensor_source.h"

namespace squeezebert {

// At most 1000 files. Errors: SHARDS_INVALID, JSON_SYNTAX, JSON_TOO_DEEP, FILE_NOT_FOUND, and those of the containers.
Result<std::unique_ptr<TensorSource>> open_shards(FileSet& files, std::string_view index);

}  // namespace squeezebert
