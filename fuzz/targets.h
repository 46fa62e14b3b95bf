// What is fuzzed. Each target takes any bytes, must neither crash nor leak nor take long, and stops (FUZZ_CHECK) where the
// library has accepted what it must refuse. tests/cpp/fuzz_corpus_test.cpp replays fuzz/corpus through the same functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string_view>
#include <vector>

#include "error.h"

#define FUZZ_CHECK(condition)                                                        \
  do {                                                                               \
    if (!(condition)) {                                                              \
      std::fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                  \
    }                                                                                \
  } while (0)

namespace squeezebert::fuzz {

// JSON: what is accepted has no more levels than asked for.
void json(std::string_view input);
// config.json: what is accepted divides where it must, and lies in its bounds.
void config(std::string_view input);
// model.safetensors: the tensors lie side by side from the header to the end of the file, and can be read.
void safetensors(std::string_view input);
// pytorch_model.bin in both containers, or a pickle alone: the tensors lie inside the file, and can be read.
void torch(std::string_view input);
// model.safetensors.index.json over two small files: what it lists is there.
void shards(std::string_view input);
// config.json, then 0x1e, then model.safetensors: what loads also runs, and loads again from what it is written out as.
void model(std::string_view input);
// A text as UTF-16, for BERT's tokenizer and for RoBERTa's: options, then one text or two, parted by U+001E.
void word_piece_text(std::string_view input);
void byte_pair_text(std::string_view input);
// The files of a tokenizer, parted by 0x1e: tokenizer.json, vocab.txt, vocab.json, merges.txt, tokenizer_config.json,
// special_tokens_map.json, added_tokens.json, and last a text for it. An empty one is absent.
void tokenizer_files(std::string_view input);

struct Target {
  std::string_view name;
  void (*run)(std::string_view input);
};
inline constexpr Target kTargets[] = {
    {"json", json},
    {"config", config},
    {"safetensors", safetensors},
    {"torch", torch},
    {"shards", shards},
    {"model", model},
    {"word_piece_text", word_piece_text},
    {"byte_pair_text", byte_pair_text},
    {"tokenizer_files", tokenizer_files},
};

}  // namespace squeezebert::fuzz
