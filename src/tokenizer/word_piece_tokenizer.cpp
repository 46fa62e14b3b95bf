#include "word_piece_tokenizer.h"

#include <algorithm>

namespace squeezebert {
namespace {

std::vector<AddedToken> select(const std::vector<AddedToken>& tokens, bool normalized) {
  std::vector<AddedToken> out;
  std::copy_if(tokens.begin(), tokens.end(), std::back_inserter(out),
               [normalized](const AddedToken& token) { return token.normalized == normalized; });
  return out;
}

// The spaces that joining tokens puts where English has none. The list is the reference decoder's.
void clean_up_spaces(std::string& token) {
  static constexpr std::pair<std::string_view, std::string_view> kReplacements[] = {
      {" .", "."},     {" ?", "?"},   {" !", "!"},          {" ,", ","},   {" ' ", "'"},  {" n't", "n't"},
      {" 'm", "'m"},   {" do not", " don't"}, {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"}};
  for (const auto& [from, to] : kReplacements)
    for (size_t at = 0; (at = token.find(from, at)) != std::string::npos; at += to.size())
      token.replace(at, from.size(), to);
}

}  // namespace

WordPieceTokenizer::WordPieceTokenizer(TokenizerSettings settings)
    : settings_(std::move(settings)),
      word_piece_(settings_.tokens, settings_.word_piece),
      special_(settings_.tokens.size(), false) {
  for (const AddedToken& token : settings_.added)
    if (token.special) special_[static_cast<size_t>(token.id)] = true;
  raw_added_ = AddedTokens(select(settings_.added, false));
  std::vector<AddedToken> normalized = select(settings_.added, true);
  for (AddedToken& token : normalized) {
    std::u16string content;
    normalize_segment(token.content, 0, [&content](char32_t code, int32_t, int32_t) { append_utf16(content, code); });
    token.content = std::move(content);
  }
  normalized_added_ = AddedTokens(std::move(normalized));
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

TextTokens WordPieceTokenizer::tokenize(std::u16string_view text, int32_t enough) const {
  TextTokens out;
  int32_t words = 0;
  size_t at = 0;
  for (const AddedTokens::Match& match : raw_added_.find(text)) {
    tokenize_segment(text.substr(at, match.start - at), static_cast<int32_t>(at), enough, out, words);
    out.add(match.token->id, words++, {static_cast<int32_t>(match.start), static_cast<int32_t>(match.end)});
    at = match.end;
  }
  tokenize_segment(text.substr(at), static_cast<int32_t>(at), enough, out, words);
  return out;
}

Result<Encoding> WordPieceTokenizer::encode_unpadded(const TextInput& input, const EncodeOptions& options) const {
  if (input.text.size() > INT32_MAX || (input.pair && input.pair->size() > INT32_MAX))
    return Error{ErrorCode::INVALID_ARGUMENT, "a text of more than 2^31 - 1 UTF-16 units"};
  const bool paired = input.pair.has_value();
  static const Template kPlain;
  const Template& post_processor = options.add_special_tokens ? settings_.post_processor : kPlain;
  const std::vector<TemplatePiece>& pieces = paired ? post_processor.pair : post_processor.single;

  int32_t room = INT32_MAX;
  if (options.truncation) {
    room = options.truncation->max_length - post_processor.specials(paired);
    if (room < 0)
      return Error{ErrorCode::INVALID_ARGUMENT, "max_length " + std::to_string(options.truncation->max_length) +
                                                    " has no room for the special tokens"};
  }
  // Tokens that nobody will see need not be made, but that there are some is to be known.
  const bool only_beginning = options.truncation && !options.keep_overflowing && !paired &&
                              options.truncation->direction == Direction::right;
  const TextTokens first = tokenize(input.text, only_beginning ? room : INT32_MAX);
  const TextTokens second = paired ? tokenize(*input.pair, INT32_MAX) : TextTokens{};

  std::vector<Window> first_windows = {{0, first.size()}}, second_windows = {{0, second.size()}};
  bool truncated = false;
  if (options.truncation) {
    const Truncation& truncation = *options.truncation;
    SQUEEZEBERT_TRY_ASSIGN(share, shares(first.size(), paired ? std::optional(second.size()) : std::nullopt, room,
                                         truncation.strategy));
    truncated = share.first < first.size() || share.second < second.size();
    SQUEEZEBERT_TRY_ASSIGN(of_first, windows(first.size(), share.first, truncation.stride, truncation.direction));
    SQUEEZEBERT_TRY_ASSIGN(of_second, windows(second.size(), share.second, truncation.stride, truncation.direction));
    first_windows = std::move(of_first);
    second_windows = std::move(of_second);
  }

  const auto build = [&](Window a, Window b) {
    Encoding encoding = assemble(pieces, first, a, paired ? &second : nullptr, b);
    encoding.truncated = truncated;
    return encoding;
  };
  Encoding encoding = build(first_windows[0], second_windows[0]);
  if (truncated && options.keep_overflowing) {
    // The reference's order: each further window of the first text with every window of the second, then the first
    // window of the first text with the further ones of the second.
    encoding.overflowing.reserve(first_windows.size() * second_windows.size() - 1);
    for (size_t a = 1; a < first_windows.size(); ++a)
      for (const Window b : second_windows) encoding.overflowing.push_back(build(first_windows[a], b));
    for (size_t b = 1; b < second_windows.size(); ++b)
      encoding.overflowing.push_back(build(first_windows[0], second_windows[b]));
  }
  return encoding;
}

Result<Encoding> WordPieceTokenizer::encode(const TextInput& input, const EncodeOptions& options) const {
  SQUEEZEBERT_TRY_ASSIGN(encodings, encode_batch({&input, 1}, options));
  return std::move(encodings[0]);
}

Result<std::vector<Encoding>> WordPieceTokenizer::encode_batch(std::span<const TextInput> inputs,
                                                               const EncodeOptions& options) const {
  std::vector<Encoding> encodings;
  encodings.reserve(inputs.size());
  for (const TextInput& input : inputs) {
    SQUEEZEBERT_TRY_ASSIGN(encoding, encode_unpadded(input, options));
    encodings.push_back(std::move(encoding));
  }
  if (!options.padding) return encodings;
  const Padding& padding = *options.padding;
  if (settings_.special_ids.pad < 0) return Error{ErrorCode::INVALID_ARGUMENT, "the tokenizer has no padding token"};
  if (padding.length < 0 || padding.multiple_of < 0) return Error{ErrorCode::INVALID_ARGUMENT, "negative padding"};
  size_t length = static_cast<size_t>(padding.length);
  if (length == 0)
    for (const Encoding& encoding : encodings) length = std::max(length, encoding.size());
  if (padding.multiple_of > 1) {
    const size_t multiple = static_cast<size_t>(padding.multiple_of);
    length = (length + multiple - 1) / multiple * multiple;
  }
  // A length far beyond any model would only fill the memory.
  constexpr size_t longest = 1 << 24;
  if (length > longest && padding.length + padding.multiple_of > 0)
    return Error{ErrorCode::INVALID_ARGUMENT, "padding to " + std::to_string(length) + " tokens"};
  for (Encoding& encoding : encodings)
    pad(encoding, static_cast<int32_t>(length), settings_.special_ids.pad, padding.direction);
  return encodings;
}

std::u16string WordPieceTokenizer::decode(std::span<const int32_t> ids, bool skip_special_tokens, bool clean_up) const {
  std::string out;
  const std::string_view prefix = settings_.word_piece.continuing_prefix;
  bool first = true;
  for (const int32_t id : ids) {
    if (id < 0 || static_cast<size_t>(id) >= settings_.tokens.size()) continue;
    const std::string& token = settings_.tokens[static_cast<size_t>(id)];
    if (token.empty() || (skip_special_tokens && special_[static_cast<size_t>(id)])) continue;
    std::string text;
    if (first) {
      text = token;
    } else if (!prefix.empty() && token.starts_with(prefix)) {
      text = token.substr(prefix.size());
    } else {
      text = " " + token;
    }
    first = false;
    if (clean_up) clean_up_spaces(text);
    out += text;
  }
  return to_utf16(out).value_or(std::u16string());
}

std::u16string WordPieceTokenizer::id_to_token(int32_t id) const {
  if (id < 0 || id >= vocab_size()) return {};
  return to_utf16(settings_.tokens[static_cast<size_t>(id)]).value_or(std::u16string());
}

std::optional<int32_t> WordPieceTokenizer::token_to_id(std::u16string_view token) const {
  const int32_t id = word_piece_.find(to_utf8(token));
  return id < 0 ? std::nullopt : std::optional(id);
}

}  // namespace squeezebert
