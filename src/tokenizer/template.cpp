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
  out.ids.reserve(size);
  out.type_ids.reserve(size);
  out.special_tokens_mask.reserve(size);
  out.word_ids.reserve(size);
  out.sequence_ids.reserve(size);
  out.offsets.reserve(size);
  const auto add = [&out](const TextTokens& text, Window window, int32_t type_id, int32_t sequence) {
    const auto append = [window](auto& target, const auto& from) {
      target.insert(target.end(), from.begin() + window.first, from.begin() + window.last);
    };
    append(out.ids, text.ids);
    append(out.word_ids, text.word_ids);
    append(out.offsets, text.offsets);
    out.type_ids.resize(out.ids.size(), type_id);
    out.special_tokens_mask.resize(out.ids.size(), 0);
    out.sequence_ids.resize(out.ids.size(), sequence);
  };
  for (const TemplatePiece& piece : pieces) {
    switch (piece.kind) {
      case TemplatePiece::Kind::special:
        if (!specials) break;
        out.ids.insert(out.ids.end(), piece.ids.begin(), piece.ids.end());
        out.word_ids.resize(out.ids.size(), -1);
        out.offsets.resize(out.ids.size());
        out.type_ids.resize(out.ids.size(), piece.type_id);
        out.special_tokens_mask.resize(out.ids.size(), 1);
        out.sequence_ids.resize(out.ids.size(), -1);
        break;
      case TemplatePiece::Kind::first_text:
        add(first, first_window, piece.type_id, 0);
        break;
      case TemplatePiece::Kind::second_text:
        if (second) add(*second, second_window, piece.type_id, 1);
        break;
    }
  }
  out.attention_mask.assign(out.ids.size(), 1);
  return out;
}

void pad(Encoding& encoding, int32_t length, int32_t pad_id, Direction direction) {
  for (Encoding& window : encoding.overflowing) pad(window, length, pad_id, direction);
  const size_t size = encoding.ids.size();
  if (size >= static_cast<size_t>(length)) return;
  const size_t more = static_cast<size_t>(length) - size;
  const auto fill = [&](auto& target, auto value) {
    target.insert(direction == Direction::right ? target.end() : target.begin(), more, value);
  };
  fill(encoding.ids, pad_id);
  fill(encoding.type_ids, 0);
  fill(encoding.attention_mask, 0);
  fill(encoding.special_tokens_mask, 1);
  fill(encoding.word_ids, -1);
  fill(encoding.sequence_ids, -1);
  fill(encoding.offsets, Offset{});
}

}  // namespace squeezebert
