#include "word_piece_tokenizer.h"

#include <algorithm>

#include "unicode.h"
#include "utf.h"

namespace squeezebert {

WordPieceTokenizer::WordPieceTokenizer(TokenizerSettings settings)
    : PipelineTokenizer(std::move(settings)), word_piece_(settings_.tokens, settings_.word_piece) {
  find_normalized_added();
}

void WordPieceTokenizer::normalize_segment(std::u16string_view text, int32_t base, BertNormalizer::Sink& sink) const {
  if (settings_.normalize) settings_.normalizer(text, base, sink);
  else take_as_it_is(text, base, sink);
}

namespace {

// The normalised text, and where each of its units comes from.
struct NormalText final : BertNormalizer::Sink {
  std::u16string text;
  std::vector<Offset> origins;
  void add(char32_t code, int32_t start, int32_t end) override {
    append_utf16(text, code);
    origins.resize(text.size(), {start, end});
  }
};

}  // namespace

std::u16string WordPieceTokenizer::normalize(std::u16string_view text) const {
  NormalText normal;
  normalize_segment(text, 0, normal);
  return std::move(normal.text);
}

namespace {

// In ASCII.
bool is_letter_or_digit(char32_t code) { return (code | 32) - 'a' < 26 || code - '0' < 10; }

// Normalised code points in, words out to WordPiece: the pre-tokenizer. White space separates words, punctuation is a word
// by itself.
class Words final : public BertNormalizer::Sink {
 public:
  Words(const WordPiece& word_piece, TextTokens& out, int32_t& words, int32_t enough)
      : word_piece_(word_piece), out_(out), words_(words), enough_(enough), limit_(word_piece.settings().max_word) {}

  bool enough() const { return out_.size() > enough_; }

  void add(char32_t code, int32_t start, int32_t end) override {
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
    const std::vector<Word::Point>& points = word_.points;
    if (word_.count > limit_ || !word_piece_.cut(word_.bytes, points.data(), points.size(), 0, words_, out_))
      out_.add(word_piece_.unknown_id(), words_, {word_.start, word_.end});
    ++words_;
    word_.clear();
  }

  // A word of ASCII that begins at `start` of the text, in lower case where that is wanted.
  void add_plain(std::string_view bytes, uint32_t hash, int32_t start) {
    const int32_t end = start + static_cast<int32_t>(bytes.size());
    if (const int32_t id = word_piece_.find(bytes, hash); id >= 0) {
      out_.add(id, words_, {start, end});
    } else if (!word_piece_.cut(bytes, nullptr, bytes.size(), start, words_, out_)) {
      out_.add(word_piece_.unknown_id(), words_, {start, end});
    }
    ++words_;
  }

 private:
  static bool is_punctuation(char32_t code) {
    if (code >= 0x80) return unicode::is_punctuation(code);
    return code > 32 && code < 127 && !is_letter_or_digit(code);
  }

  const WordPiece& word_piece_;
  TextTokens& out_;
  int32_t& words_;
  int32_t enough_, limit_;
  Word word_;
};

// Most words are ASCII: those are cut while they are read, up to the first that is not, whose place is the result. Twice as
// fast as the long way, which gives the same.
size_t take_plain_words(std::u16string_view text, size_t at, int32_t base, bool lowercase, size_t limit, Words& words) {
  char bytes[64];
  limit = std::min(limit, sizeof bytes);
  while (at < text.size() && !words.enough()) {
    if (text[at] == u' ') {
      ++at;
      continue;
    }
    Hash hash;
    size_t length = 0;
    const auto take = [&](int unit) {
      bytes[length] = static_cast<char>(unit);
      hash.add(bytes[length++]);
    };
    size_t end = at;
    for (; end < text.size() && length < limit && is_letter_or_digit(text[end]); ++end)
      take(lowercase && text[end] >= 'A' && text[end] <= 'Z' ? text[end] + 32 : text[end]);
    const bool is_word = end > at;
    if (!is_word && limit > 0 && text[at] > 32 && text[at] < 127) take(text[end++]);  // punctuation
    // What follows must not belong to it, as an accent would.
    if (length == 0 ||
        (end < text.size() && (text[end] < 32 || text[end] > 126 || (is_word && is_letter_or_digit(text[end])))))
      return at;
    words.add_plain({bytes, length}, hash.value, base + static_cast<int32_t>(at));
    at = end;
  }
  return at;
}

}  // namespace

void WordPieceTokenizer::tokenize_segment(std::u16string_view text, int32_t base, int32_t enough, TextTokens& out,
                                          int32_t& words) const {
  Words splitter(word_piece_, out, words, enough);
  if (normalized_added_.empty()) {
    const bool lowercase = settings_.normalize && settings_.normalizer.lowercase;
    const size_t limit = static_cast<size_t>(settings_.word_piece.max_word);
    for (size_t at = 0; at < text.size() && !splitter.enough();) {
      at = take_plain_words(text, at, base, lowercase, limit, splitter);
      // To the next space: what follows it does not depend on what was before.
      const size_t end = std::min(text.size(), text.find(u' ', at));
      normalize_segment(text.substr(at, end - at), base + static_cast<int32_t>(at), splitter);
      splitter.finish();
      at = end;
    }
    return;
  }

  // Rare: tokens to be found in the normalised text, which then has to stand somewhere.
  NormalText normalized;
  normalize_segment(text, base, normalized);
  const std::u16string& normal = normalized.text;
  const std::vector<Offset>& origins = normalized.origins;
  const auto add_range = [&](size_t from, size_t to) {
    for (size_t i = from; i < to;) {
      const Utf16Point point = utf16_point(normal, i);
      splitter.add(point.code, origins[i].start, origins[i].end);
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
