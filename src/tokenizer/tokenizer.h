// Text to token ids and back. Loaded from the files of a Hugging Face model folder; text is UTF-16 as JavaScript has it
// (lone surrogates are allowed and count as U+FFFD), so offsets are JavaScript string indices.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "../formats/file_set.h"

namespace squeezebert {

// Half-open range of UTF-16 units in the original string; {0, 0} for added special tokens and padding.
struct Offset {
  int32_t start = 0;
  int32_t end = 0;
  bool operator==(const Offset&) const = default;
};

// A token and what is known of it, in eight numbers (js/encodings.ts reads them as such).
struct Token {
  int32_t id = 0;
  int32_t type_id = 0;              // 0, or 1 for the second text of a pair
  int32_t attention_mask = 1;       // 1, or 0 for padding
  int32_t special_tokens_mask = 1;  // 1 for tokens that the template or the padding added
  int32_t word_id = -1;             // index of the word in its text; -1: none
  int32_t sequence_id = -1;         // 0 first text, 1 second; -1: none
  Offset offset;
};

// One sequence of tokens. A vector for each field would be as many allocations, which cost more than the tokens of a short text.
struct Encoding {
  std::vector<Token> tokens;
  bool truncated = false;             // tokens were cut (they stand in `overflowing` where that is defined)
  std::vector<Encoding> overflowing;  // the further windows, each overlapping its predecessor by `stride` tokens

  size_t size() const { return tokens.size(); }
  // One field of every token: field(&Token::id).
  std::vector<int32_t> field(int32_t Token::*field) const;
};

enum class TruncationStrategy : uint8_t { longest_first, only_first, only_second };
enum class Direction : uint8_t { right, left };

struct Truncation {
  int32_t max_length = 512;  // tokens, special tokens included
  TruncationStrategy strategy = TruncationStrategy::longest_first;
  int32_t stride = 0;        // tokens shared by neighbouring windows
  Direction direction = Direction::right;
};

struct Padding {
  int32_t length = 0;        // pad to this many tokens; 0: to the longest of the batch
  int32_t multiple_of = 0;   // then up to a multiple of this; 0: no
  Direction direction = Direction::right;
};

struct EncodeOptions {
  bool add_special_tokens = true;
  std::optional<Truncation> truncation;
  std::optional<Padding> padding;
  bool keep_overflowing = true;  // false saves the work of building windows that nobody reads
};

// A text and, for pair tasks, its second text.
struct TextInput {
  std::u16string_view text;
  std::optional<std::u16string_view> pair;
};

class Tokenizer {
 public:
  // Reads tokenizer.json where present, else vocab.txt (+ tokenizer_config.json, special_tokens_map.json).
  // Errors: FILE_NOT_FOUND, JSON_SYNTAX, TOKENIZER_INVALID, TOKENIZER_UNSUPPORTED.
  static Result<std::unique_ptr<Tokenizer>> load(FileSet& files);

  virtual ~Tokenizer() = default;

  // Errors: INVALID_ARGUMENT where truncation is impossible (max_length below the special tokens, stride too large,
  // only_first with a first text too short to cut enough, ...).
  virtual Result<Encoding> encode(const TextInput& input, const EncodeOptions& options = {}) const = 0;
  virtual Result<std::vector<Encoding>> encode_batch(std::span<const TextInput> inputs,
                                                     const EncodeOptions& options = {}) const = 0;

  // Unknown ids are skipped. clean_up: the tokenizer's own clean-up of spaces before punctuation.
  virtual std::u16string decode(std::span<const int32_t> ids, bool skip_special_tokens = true,
                                bool clean_up = true) const = 0;

  virtual std::u16string normalize(std::u16string_view text) const = 0;

  virtual int32_t vocab_size() const = 0;                              // largest id + 1, added tokens included
  virtual std::u16string id_to_token(int32_t id) const = 0;            // "" where there is none
  virtual std::optional<int32_t> token_to_id(std::u16string_view token) const = 0;
  virtual int32_t model_max_length() const = 0;                        // of tokenizer_config.json; INT32_MAX: not said
  virtual int32_t special_tokens_to_add(bool pair) const = 0;          // 2 and 3 for BERT

  // -1 where the tokenizer has none.
  struct SpecialIds { int32_t pad = -1, unk = -1, cls = -1, sep = -1, mask = -1; };
  virtual SpecialIds special_ids() const = 0;
};

}  // namespace squeezebert
