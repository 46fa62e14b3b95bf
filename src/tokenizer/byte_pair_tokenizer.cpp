#include "byte_pair_tokenizer.h"

#include <algorithm>

#include "unicode.h"
#include "utf.h"

namespace squeezebert {
namespace {

enum class Kind : uint8_t { letter, number, space, other };

Kind kind_of(char32_t code) {
  if (code < 0x80) {
    if ((code | 32) >= 'a' && (code | 32) <= 'z') return Kind::letter;
    if (code >= '0' && code <= '9') return Kind::number;
    return code == ' ' || (code >= 9 && code <= 13) ? Kind::space : Kind::other;
  }
  if (unicode::is_letter(code)) return Kind::letter;
  if (unicode::is_number(code)) return Kind::number;
  return unicode::is_white_space(code) ? Kind::space : Kind::other;
}

// Trimming counts the space's letter and real white space alike.
bool is_blank(char16_t unit) { return unit == 0x120 || unicode::is_white_space(unit); }

}  // namespace

size_t word_end(std::u16string_view text, size_t at) {
  const std::u16string_view rest = text.substr(at);
  if (rest[0] == u'\'') {
    static constexpr std::u16string_view kContractions[] = {u"'s", u"'t", u"'re", u"'ve", u"'m", u"'ll", u"'d"};
    for (const std::u16string_view contraction : kContractions)
      if (rest.starts_with(contraction)) return at + contraction.size();
  }
  size_t end = at;
  // A single space belongs to what follows.
  if (rest[0] == u' ' && rest.size() > 1 && kind_of(utf16_point(text, at + 1).code) != Kind::space) ++end;
  const Kind kind = kind_of(utf16_point(text, end).code);
  size_t last = end;
  while (end < text.size()) {
    const Utf16Point point = utf16_point(text, end);
    if (kind_of(point.code) != kind) break;
    last = end;
    end += static_cast<size_t>(point.units);
  }
  // Of several spaces before a word the last one stays for it.
  return kind == Kind::space && end < text.size() && last > at ? last : end;
}

BytePairTokenizer::BytePairTokenizer(TokenizerSettings settings) : PipelineTokenizer(std::move(settings)) {
  for (size_t id = 0; id < settings_.tokens.size(); ++id)
    if (const std::string& token = settings_.tokens[id]; !token.empty()) ids_.set(token, static_cast<int32_t>(id));
  find_normalized_added();
}

std::u16string BytePairTokenizer::normalize(std::u16string_view text) const {
  return to_utf16(to_utf8(text)).value_or(std::u16string());
}

std::optional<int32_t> BytePairTokenizer::token_to_id(std::u16string_view token) const {
  const int32_t id = ids_.find(to_utf8(token));
  return id < 0 ? std::nullopt : std::optional(id);
}

void BytePairTokenizer::tokenize_segment(std::u16string_view text, int32_t base, int32_t enough, TextTokens& out,
                                         int32_t& words) const {
  size_t at = 0;
  for (const AddedTokens::Match& match : normalized_added_.find(text)) {
    tokenize_words(text.substr(at, match.start - at), base + static_cast<int32_t>(at), enough, out, words);
    out.add(match.token->id, words++, {base + static_cast<int32_t>(match.start), base + static_cast<int32_t>(match.end)});
    at = match.end;
  }
  tokenize_words(text.substr(at), base + static_cast<int32_t>(at), enough, out, words);
}

void BytePairTokenizer::tokenize_words(std::u16string_view text, int32_t base, int32_t enough, TextTokens& out,
                                       int32_t& words) const {
  if (text.empty()) return;
  std::u16string prefixed;
  const bool prefix = settings_.add_prefix_space && text[0] != u' ';
  if (prefix) {
    // The space that is not in the text has the place of the first character.
    prefixed.reserve(text.size() + 1);
    prefixed.push_back(u' ');
    text = prefixed.append(text);
    --base;
  }
  std::string bytes;
  std::vector<Offset> origins;  // by byte
  BytePairs::Word word;
  for (size_t at = 0; at < text.size() && out.size() <= enough; ++words) {
    const size_t end = settings_.use_regex ? word_end(text, at) : text.size();
    bytes.clear();
    origins.clear();
    while (at < end) {
      const Utf16Point point = utf16_point(text, at);
      append_utf8(bytes, point.code);
      const int32_t start = base + static_cast<int32_t>(at);
      origins.resize(bytes.size(), {start, start + point.units});
      if (prefix && at == 0) origins[0] = {start + 1, start + 1 + utf16_point(text, 1).units};
      at += static_cast<size_t>(point.units);
    }
    if (settings_.ignore_merges) {
      std::string letters;
      for (const char byte : bytes) append_utf8(letters, letter_of_byte(static_cast<uint8_t>(byte)));
      if (const int32_t id = ids_.find(letters); id >= 0) {
        out.add(id, words, {origins.front().start, origins.back().end});
        continue;
      }
    }
    settings_.byte_pairs.cut(bytes, word);
    for (int32_t i = word.symbols.empty() ? -1 : 0; i >= 0;) {
      const BytePairs::Symbol& symbol = word.symbols[static_cast<size_t>(i)];
      out.add(symbol.id, words,
              {origins[static_cast<size_t>(symbol.first)].start, origins[static_cast<size_t>(symbol.last)].end});
      i = symbol.next;
    }
  }
}

// Trims as the reference does: by the spaces that the token's text has, in code points of the original text - which need
// not be spaces there, where a space was added.
void BytePairTokenizer::finish(const TextInput& input, Encoding& encoding) const {
  if (!settings_.trim_offsets) return;
  for (size_t i = 0; i < encoding.size(); ++i) {
    Token& at = encoding.tokens[i];
    const int32_t sequence = at.sequence_id, id = at.id;
    if (sequence < 0) continue;
    const std::u16string_view text = sequence == 0 ? input.text : *input.pair;
    int32_t &start = at.offset.start, &end = at.offset.end;
    std::u16string token = id_to_token(id);
    // An added token that stands in the text is what it took from there, white space included.
    if (const auto taken = text.substr(start, end - start); is_added(id) && taken.find(token) != taken.npos) token = taken;
    int32_t leading = 0, trailing = 0;
    for (auto unit = token.begin(); unit != token.end() && is_blank(*unit); ++unit) ++leading;
    for (auto unit = token.rbegin(); unit != token.rend() && is_blank(*unit); ++unit) ++trailing;
    // The reference takes a single space of the first token of every window for an added one.
    const bool is_first = i == 0 || encoding.tokens[i - 1].sequence_id != sequence || start == 0;
    if (leading == 1 && is_first && settings_.trim_prefix_space) leading = 0;
    for (; leading > 0 && start < end; --leading) start += utf16_point(text, start).units;
    int32_t back = end;
    for (; trailing > 0 && back > 0; --trailing) back -= back > 1 ? utf16_point(text, back - 2).units : 1;
    if (trailing == 0) end = std::max(back, start);
  }
}

std::u16string BytePairTokenizer::decode(std::span<const int32_t> ids, bool skip_special_tokens, bool clean_up) const {
  std::string out;
  for (const int32_t id : ids) {
    const std::string* found = token(id, skip_special_tokens);
    if (!found) continue;
    const std::u16string letters = to_utf16(*found).value_or(std::u16string());
    // An added token that is not written in the bytes' letters stands for itself.
    if (std::all_of(letters.begin(), letters.end(), [](char16_t letter) { return byte_of_letter(letter) >= 0; })) {
      for (const char16_t letter : letters) out.push_back(static_cast<char>(byte_of_letter(letter)));
    } else {
      out += *found;
    }
  }
  if (clean_up && settings_.clean_up) clean_up_spaces(out, false);
  return to_utf16_lossy(out);
}

}  // namespace squeezebert
