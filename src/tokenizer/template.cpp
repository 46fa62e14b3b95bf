#include "template.h"

#include <algorithm>

namespace squeezebert {

int32_t Template::specials(bool with_pair) const {
  int32_t count = 0;
  for (const TemplatePiece& piece : with_pair ? pair : single) count += static_cast<int32_t>(piece.ids.size());
  return count;
}

Template bert_template(int32_t cls, int32_t sep) {
  using Kind = TemplatePiece::Kind;
  Template out;
  out.single = {{Kind::special, {cls}, 0}, {Kind::first_text, {}, 0}, {Kind::special, {sep}, 0}};
  out.pair = out.single;
  out.pair.push_back({Kind::second_text, {}, 1});
  out.pair.push_back({Kind::special, {sep}, 1});
  return out;
}

Template roberta_template(int32_t cls, int32_t sep) {
  using Kind = TemplatePiece::Kind;
  Template out;
  out.single = {{Kind::special, {cls}, 0}, {Kind::first_text, {}, 0}, {Kind::special, {sep}, 0}};
  out.pair = out.single;
  out.pair.insert(out.pair.end(), {{Kind::special, {sep}, 0}, {Kind::second_text, {}, 0}, {Kind::special, {sep}, 0}});
  return out;
}

Encoding assemble(const std::vector<TemplatePiece>& pieces, bool specials, const TextTokens& first, Window first_window,
                  const TextTokens* second, Window second_window) {
  Encoding out;
  size_t size = static_cast<size_t>(first_window.size() + second_window.size());
  for (const TemplatePiece& piece : pieces) size += piece.ids.size();
  out.tokens.reserve(size);
  const auto add = [&out](const TextTokens& text, Window window, int32_t type_id, int32_t sequence) {
    for (int32_t i = window.first; i < window.last; ++i) {
      const auto& [id, word, offset] = text.tokens[static_cast<size_t>(i)];
      out.tokens.push_back({id, type_id, 1, 0, word, sequence, offset});
    }
  };
  for (const TemplatePiece& piece : pieces) {
    switch (piece.kind) {
      case TemplatePiece::Kind::special:
        if (specials)
          for (const int32_t id : piece.ids) out.tokens.push_back({.id = id, .type_id = piece.type_id, .offset = {}});
        break;
      case TemplatePiece::Kind::first_text:
        add(first, first_window, piece.type_id, 0);
        break;
      case TemplatePiece::Kind::second_text:
        if (second) add(*second, second_window, piece.type_id, 1);
        break;
    }
  }
  return out;
}

void pad(Encoding& encoding, int32_t length, int32_t pad_id, Direction direction) {
  for (Encoding& window : encoding.overflowing) pad(window, length, pad_id, direction);
  if (encoding.size() >= static_cast<size_t>(length)) return;
  encoding.tokens.insert(direction == Direction::right ? encoding.tokens.end() : encoding.tokens.begin(),
                         static_cast<size_t>(length) - encoding.size(),
                         Token{.id = pad_id, .attention_mask = 0, .offset = {}});
}

std::vector<int32_t> Encoding::field(int32_t Token::*field) const {
  std::vector<int32_t> out;
  out.reserve(size());
  for (const Token& token : tokens) out.push_back(token.*field);
  return out;
}

}  // namespace squeezebert
