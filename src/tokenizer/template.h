// Where the special tokens stand: [CLS] A [SEP], or [CLS] A [SEP] B [SEP] with token types 0 0 0 1 1.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "tokenizer.h"
#include "windows.h"

namespace squeezebert {

struct TemplatePiece {
  enum class Kind : uint8_t { special, first_text, second_text };
  Kind kind = Kind::special;
  std::vector<int32_t> ids;  // of `special`
  int32_t type_id = 0;
};

struct Template {
  std::vector<TemplatePiece> single = {{TemplatePiece::Kind::first_text, {}, 0}};
  std::vector<TemplatePiece> pair = {{TemplatePiece::Kind::first_text, {}, 0}, {TemplatePiece::Kind::second_text, {}, 1}};

  int32_t specials(bool pair) const;
};

// [CLS] A [SEP] and [CLS] A [SEP] B [SEP] with these ids.
Template bert_template(int32_t cls, int32_t sep);

// <s> A </s> and <s> A </s></s> B </s>, all of type 0.
Template roberta_template(int32_t cls, int32_t sep);

// The tokens of one text before special tokens.
struct TextTokens {
  struct One {
    int32_t id, word;
    Offset offset;
  };
  std::vector<One> tokens;
  int32_t size() const { return static_cast<int32_t>(tokens.size()); }
  void add(int32_t id, int32_t word, Offset offset) { tokens.push_back({id, word, offset}); }
};

// A window of each text, put together. `pieces` decides about the second one; special tokens only where asked for.
Encoding assemble(const std::vector<TemplatePiece>& pieces, bool specials, const TextTokens& first, Window first_window,
                  const TextTokens* second, Window second_window);

// Fills up to `length` tokens, the overflowing windows too.
void pad(Encoding& encoding, int32_t length, int32_t pad_id, Direction direction);

}  // namespace squeezebert
