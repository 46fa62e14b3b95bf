// The files that describe a tokenizer: tokenizer.json, or vocab.txt with tokenizer_config.json and their companions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "../formats/json.h"
#include "word_piece_tokenizer.h"

namespace squeezebert {

// tokenizer_config.json, special_tokens_map.json and added_tokens.json; every one may be absent.
struct TokenizerConfig {
  bool do_lower_case = true;
  std::optional<bool> strip_accents;
  bool tokenize_chinese_chars = true;
  std::string unk = "[UNK]", sep = "[SEP]", pad = "[PAD]", cls = "[CLS]", mask = "[MASK]";
  std::vector<AddedToken> added;
  int32_t model_max_length = INT32_MAX;
};

// Errors of all: JSON_SYNTAX, TOKENIZER_INVALID (naming file and field), TOKENIZER_UNSUPPORTED, FILE_NOT_FOUND.
Result<void> read_tokenizer_config(FileSet& files, TokenizerConfig& config);
Result<void> read_tokenizer_json(FileSet& files, TokenizerSettings& settings);
Result<void> read_vocabulary(FileSet& files, const TokenizerConfig& config, TokenizerSettings& settings);

// What the configuration says beyond either of the two: special ids, added tokens, the length.
Result<void> apply(const TokenizerConfig& config, TokenizerSettings& settings);

// {"content": "[MASK]", "lstrip": false, ...}; its id stands inside ("id") or is known. `file` is for the message.
Result<AddedToken> read_added_token(const json::Value& value, std::optional<int64_t> known_id, std::string_view file);

// Puts the token there, making room. Errors: TOKENIZER_INVALID for an id that no vocabulary has.
Result<void> set_token(TokenizerSettings& settings, int64_t id, std::string token);

}  // namespace squeezebert
