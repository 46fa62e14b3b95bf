#include "word_piece_tokenizer.h"

#include <algorithm>

namespace squeezebert {

WordPieceTokenizer::WordPieceTokenizer(TokenizerSettings settings)
    : PipelineTokenizer(std::move(settings)), word_piece_(settings_.tokens, settings_.word_piece) {
  find_normalized_added();
}

template <class Sink>
void WordPieceTokenizer::normalize_segment(std::u16string_view text, int32_t base, Sink&& sink) const {
  if (settings_.normalize) return settings_.normalizer(text, base, sink);
  for (size_t i = 0; i < text.size();) {
    const Utf16Point point = utf16_point(text, i);
    const int32_t start = base + static_cast<int32_t>(i);
    sink(point.code, start, start + point.units);
    i += point.units;
  }
}

std::u16string WordPieceTokenizer::normalize(std::u16string_view text) const {
  std::u16string out;
  out.reserve(text.size());
  normalize_segment(text, 0, [&out](char32_t code, int32_t, int32_t) { append_utf16(out, code); });
  return out;
}

namespace {

// Normalised code points in, words out to WordPiece: the pre-tokenizer. White space separates words, punctuation is a word
// by itself.
class Words {
 public:
  Words(const WordPiece& word_piece, TextTokens& out, int32_t& words)
      : word_piece_(word_piece), out_(out), words_(words), limit_(word_piece.settings().max_word) {}

  void add(char32_t code, int32_t start, int32_t end) {
    if (code < 0x80 ? (code == ' ' || (code >= 9 && code <= 13)) : unicode::is_white_space(code)) return finish();
    if (is_punctuation(code)) {
      finish();
      word_.append(code, start, end, limit_);
      return finish();
    }
    word_.append(code, start, end, limit_);
  }

  void finish() {
    if (word_.empty()) return;
    pieces_.clear();
    word_piece_.cut(word_, pieces_);
    for (const WordPiece::Piece& piece : pieces_) out_.add(piece.id, words_, {piece.start, piece.end});
    ++words_;
    word_.clear();
  }

 private:
  static bool is_punctuation(char32_t code) {
    if (code >= 0x80) return unicode::is_punctuation(code);
    return (code >= 33 && code <= 47) || (code >= 58 && code <= 64) || (code >= 91 && code <= 96) ||
           (code >= 123 && code <= 126);
  }

  const WordPiece& word_piece_;
  TextTokens& out_;
  int32_t& words_;
  int32_t limit_;
  Word word_;
  std::vector<WordPiece::Piece> pieces_;
};

}  // namespace

void WordPieceTokenizer::tokenize_segment(std::u16string_view text, int32_t base, int32_t enough, TextTokens& out,
                                          int32_t& words) const {
  Words splitter(word_piece_, out, words);
  const auto add = [&splitter](char32_t code, int32_t start, int32_t end) { splitter.add(code, start, end); };
  if (normalized_added_.empty()) {
    // By parts, so that a long text of which only the beginning is wanted is not read to its end. Parts end at a space.
    constexpr size_t part = 4096;
    for (size_t at = 0; at < text.size() && out.size() <= enough;) {
      size_t end = std::min(text.size(), at + part);
      while (end < text.size() && text[end] != u' ') ++end;
      normalize_segment(text.substr(at, end - at), base + static_cast<int32_t>(at), add);
      splitter.finish();
      at = end;
    }
    return;
  }

  // Rare: tokens to be found in the normalised text, which then has to stand somewhere.
  std::u16string normal;
  std::vector<Offset> origins;  // by unit
  normalize_segment(text, base, [&](char32_t code, int32_t start, int32_t end) {
    append_utf16(normal, code);
    origins.resize(normal.size(), {start, end});
  });
  const auto add_range = [&](size_t from, size_t to) {
    for (size_t i = from; i < to;) {
      const Utf16Point point = utf16_point(normal, i);
      add(point.code, origins[i].start, origins[i].end);
      i += point.units;
    }
    splitter.finish();
  };
  size_t at = 0;
  for (const AddedTokens::Match& match : normalized_added_.find(normal)) {
    add_range(at, match.start);
    out.add(match.token->id, words++, {origins[match.start].start, origins[match.end - 1].end});
    at = match.end;
  }
  add_range(at, normal.size());
}

std::u16string WordPieceTokenizer::decode(std::span<const int32_t> ids, bool skip_special_tokens, bool clean_up) const {
  std::string out;
  const std::string_view prefix = settings_.word_piece.continuing_prefix;
  bool first = true;
  for (const int32_t id : ids) {
    const std::string* found = token(id, skip_special_tokens);
    if (!found) continue;
    std::string text;
    if (first) {
      text = *found;
    } else if (!prefix.empty() && found->starts_with(prefix)) {
      text = found->substr(prefix.size());
    } else {
      text = " " + *found;
    }
    first = false;
    if (clean_up) clean_up_spaces(text, true);
    out += text;
  }
  return to_utf16(out).value_or(std::u16string());
}

std::optional<int32_t> WordPieceTokenizer::token_to_id(std::u16string_view token) const {
  const int32_t id = word_piece_.find(to_utf8(token));
  return id < 0 ? std::nullopt : std::optional(id);
}

}  // namespace squeezebert
