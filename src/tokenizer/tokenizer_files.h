// The files that describe a tokenizer: tokenizer.json; or vocab.txt, or vocab.json and merges.txt, with
// tokenizer_config.json and their companions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "../formats/json.h"
#include "pipeline_tokenizer.h"
#include "vocabulary.h"

namespace squeezebert {

// tokenizer_config.json, special_tokens_map.json and added_tokens.json; every one may be absent.
struct TokenizerConfig {
  bool do_lower_case = true;
  std::optional<bool> strip_accents;
  bool tokenize_chinese_chars = true;
  std::optional<bool> add_prefix_space, mask_lstrip;
  bool clean_up = false;
  std::string unk, sep, pad, cls, mask, bos, eos;  // empty: not said
  std::vector<AddedToken> added;
  int32_t model_max_length = INT32_MAX;
};

// Errors of all: JSON_SYNTAX, TOKENIZER_INVALID (naming file and field), TOKENIZER_UNSUPPORTED, FILE_NOT_FOUND.
Result<void> read_tokenizer_config(FileSet& files, TokenizerConfig& config);
Result<void> read_tokenizer_json(FileSet& files, TokenizerSettings& settings);
Result<void> read_vocabulary(FileSet& files, const TokenizerConfig& config, TokenizerSettings& settings);  // vocab.txt
Result<void> read_byte_pairs(FileSet& files, const TokenizerConfig& config, TokenizerSettings& settings);  // vocab.json

// The special tokens that were not said are the usual ones of BERT, or of RoBERTa.
void complete(TokenizerConfig& config, bool is_byte_level);

// What the configuration says beyond either of the files: special ids, added tokens, the length.
Result<void> apply(const TokenizerConfig& config, TokenizerSettings& settings);

// A small file as text, or as a JSON object.
Result<std::string> text_of(FileSet& files, std::string_view name);
Result<json::Value> json_of(FileSet& files, std::string_view name);

// Takes the first line off the text, without its end.
std::string_view next_line(std::string_view& text);

// {"token": id, ...}. Errors: also for a token or an id that occurs twice.
Result<void> read_vocab(const json::Value& vocab, std::string_view file, TokenizerSettings& settings);

// {"content": "[MASK]", "lstrip": false, ...}; its id stands inside ("id") or is known. `file` is for the message.
Result<AddedToken> read_added_token(const json::Value& value, std::optional<int64_t> known_id, std::string_view file);

// Puts the token there, making room. Errors: TOKENIZER_INVALID for an id that no vocabulary has, or that another token has.
Result<void> set_token(TokenizerSettings& settings, int64_t id, std::string token);

// Makes a token of the vocabulary a special one that is found in the text; nothing where the vocabulary lacks it.
Result<void> add_special(TokenizerSettings& settings, const std::string& token);

// -1 where there is none. As in the reference, of equal tokens the last one counts.
int32_t find_id(const TokenizerSettings& settings, const std::string& token);

// Merges, as they are read. The settings have the vocabulary already.
class MergeReader {
 public:
  MergeReader(const TokenizerSettings& settings, std::string_view file);
  Result<void> add(std::string_view left, std::string_view right);
  Result<void> add(std::string_view line);  // "left right"
  Result<BytePairs> take(const std::string& unknown, bool fuse_unknown);  // unknown "": none

 private:
  std::string file_;
  TextTable ids_;
  std::vector<Merge> merges_;
};

}  // namespace squeezebert
