#include "pipeline_tokenizer.h"

#include <algorithm>

#include "utf.h"

namespace squeezebert {

void clean_up_spaces(std::string& text, bool contractions) {
  static constexpr std::pair<std::string_view, std::string_view> kReplacements[] = {
      {" .", "."},     {" ?", "?"},   {" !", "!"},          {" ,", ","},   {" ' ", "'"},  {" n't", "n't"},
      {" 'm", "'m"},   {" 's", "'s"}, {" 've", "'ve"},      {" 're", "'re"}, {" do not", " don't"}};
  const size_t count = std::size(kReplacements) - (contractions ? 0 : 1);
  for (const auto& [from, to] : std::span(kReplacements, count))
    for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
      text.replace(at, from.size(), to);
}

PipelineTokenizer::PipelineTokenizer(TokenizerSettings settings)
    : settings_(std::move(settings)), added_(settings_.tokens.size()) {
  std::vector<AddedToken> raw;
  for (const AddedToken& token : settings_.added) {
    added_[static_cast<size_t>(token.id)] |= token.special ? 2 : 1;
    if (!token.normalized) raw.push_back(token);
  }
  raw_added_ = AddedTokens(std::move(raw));
}

void PipelineTokenizer::find_normalized_added() {
  std::vector<AddedToken> normalized;
  for (const AddedToken& token : settings_.added) {
    if (!token.normalized) continue;
    normalized.push_back(token);
    normalized.back().content = normalize(token.content);
  }
  normalized_added_ = AddedTokens(std::move(normalized));
}

const std::string* PipelineTokenizer::token(int32_t id, bool skip_special_tokens) const {
  if (id < 0 || id >= vocab_size()) return nullptr;
  const auto at = static_cast<size_t>(id);
  const std::string& token = settings_.tokens[at];
  return token.empty() || (skip_special_tokens && added_[at] > 1) ? nullptr : &token;
}

std::u16string PipelineTokenizer::id_to_token(int32_t id) const {
  if (id < 0 || id >= vocab_size()) return {};
  return to_utf16(settings_.tokens[static_cast<size_t>(id)]).value_or(std::u16string());
}

void PipelineTokenizer::tokenize(std::u16string_view text, int32_t enough, TextTokens& out) const {
  out.tokens.clear();
  out.tokens.reserve(std::min(text.size() / 3 + 8, static_cast<size_t>(enough)));
  int32_t words = 0;
  size_t at = 0;
  for (const AddedTokens::Match& match : raw_added_.find(text)) {
    tokenize_segment(text.substr(at, match.start - at), static_cast<int32_t>(at), enough, out, words);
    out.add(match.token->id, words++, {static_cast<int32_t>(match.start), static_cast<int32_t>(match.end)});
    at = match.end;
  }
  tokenize_segment(text.substr(at), static_cast<int32_t>(at), enough, out, words);
}

Result<Encoding> PipelineTokenizer::encode_unpadded(const TextInput& input, const EncodeOptions& options,
                                                    TextTokens& first, TextTokens& second) const {
  // A unit is up to three bytes, and those are counted in 32 bits.
  constexpr size_t longest = INT32_MAX / 4;
  if (input.text.size() > longest || (input.pair && input.pair->size() > longest))
    return Error{ErrorCode::INVALID_ARGUMENT, {"a text of more than 2^29 UTF-16 units"}};
  const bool paired = input.pair.has_value();
  const std::vector<TemplatePiece>& pieces = paired ? settings_.post_processor.pair : settings_.post_processor.single;

  int32_t room = INT32_MAX;
  if (options.truncation) {
    room = options.truncation->max_length - (options.add_special_tokens ? special_tokens_to_add(paired) : 0);
    if (room < 0)
      return Error{ErrorCode::INVALID_ARGUMENT, {"max_length ", options.truncation->max_length, " has no room for the special tokens"}};
  }
  // Tokens that nobody will see need not be made, but that there are some is to be known.
  const bool only_beginning = options.truncation && !options.keep_overflowing && !paired &&
                              options.truncation->direction == Direction::right;
  tokenize(input.text, only_beginning ? room : INT32_MAX, first);
  second.tokens.clear();
  if (paired) tokenize(*input.pair, INT32_MAX, second);

  bool truncated = false;
  const auto build = [&](Window a, Window b) {
    Encoding encoding = assemble(pieces, options.add_special_tokens, first, a, paired ? &second : nullptr, b);
    encoding.truncated = truncated;
    finish(input, encoding);
    return encoding;
  };
  if (first.size() + second.size() <= room) return build({0, first.size()}, {0, second.size()});

  const Truncation& truncation = *options.truncation;
  SQUEEZEBERT_TRY_ASSIGN(share, shares(first.size(), paired ? std::optional(second.size()) : std::nullopt, room,
                                       truncation.strategy));
  truncated = true;
  SQUEEZEBERT_TRY_ASSIGN(first_windows, windows(first.size(), share.first, truncation.stride, truncation.direction));
  SQUEEZEBERT_TRY_ASSIGN(second_windows, windows(second.size(), share.second, truncation.stride, truncation.direction));
  Encoding encoding = build(first_windows[0], second_windows[0]);
  if (options.keep_overflowing) {
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

Result<Encoding> PipelineTokenizer::encode(const TextInput& input, const EncodeOptions& options) const {
  SQUEEZEBERT_TRY_ASSIGN(encodings, encode_batch({&input, 1}, options));
  return std::move(encodings[0]);
}

Result<std::vector<Encoding>> PipelineTokenizer::encode_batch(std::span<const TextInput> inputs,
                                                               const EncodeOptions& options) const {
  std::vector<Encoding> encodings;
  encodings.reserve(inputs.size());
  TextTokens first, second;  // whose room all texts use
  for (const TextInput& input : inputs) {
    SQUEEZEBERT_TRY_ASSIGN(encoding, encode_unpadded(input, options, first, second));
    encodings.push_back(std::move(encoding));
  }
  if (!options.padding) return encodings;
  const Padding& padding = *options.padding;
  if (settings_.special_ids.pad < 0) return Error{ErrorCode::INVALID_ARGUMENT, {"the tokenizer has no padding token"}};
  if (padding.length < 0 || padding.multiple_of < 0) return Error{ErrorCode::INVALID_ARGUMENT, {"negative padding"}};
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
    return Error{ErrorCode::INVALID_ARGUMENT, {"padding to ", length, " tokens"}};
  for (Encoding& encoding : encodings)
    pad(encoding, static_cast<int32_t>(length), settings_.special_ids.pad, padding.direction);
  return encodings;
}

}  // namespace squeezebert
