// Both tokenizers: any text through a good one, and any files.
#include <memory>
#include <optional>
#include <string>

#include "formats/folder.h"
#include "targets.h"
#include "tokenizer/tokenizer.h"

namespace squeezebert::fuzz {
namespace {

std::unique_ptr<Tokenizer> load(const char* folder) {
  Folder files(std::filesystem::path(SQUEEZEBERT_SOURCE_DIR) / folder);
  auto tokenizer = Tokenizer::load(files);
  FUZZ_CHECK(tokenizer.ok());
  return std::move(*tokenizer);
}

void check(const Encoding& encoding, const TextInput& input, int32_t vocab_size) {
  for (size_t i = 0; i < encoding.size(); ++i) {
    const Token& token = encoding.tokens[i];
    FUZZ_CHECK(token.id >= 0 && token.id < vocab_size);
    const auto [start, end] = token.offset;
    if (token.sequence_id < 0) {
      FUZZ_CHECK(start == 0 && end == 0);
      continue;
    }
    const size_t length = token.sequence_id == 0 ? input.text.size() : input.pair->size();
    FUZZ_CHECK(start >= 0 && start <= end && static_cast<size_t>(end) <= length);
    if (i == 0 || encoding.tokens[i - 1].sequence_id != token.sequence_id) continue;
    const Token& before = encoding.tokens[i - 1];
    FUZZ_CHECK(token.word_id >= before.word_id && start >= before.offset.start && end >= before.offset.end);
  }
  for (const Encoding& window : encoding.overflowing) check(window, input, vocab_size);
}

// `text`: UTF-16, the lower byte first; its first unit chooses the options.
void encode(const Tokenizer& tokenizer, std::string_view text) {
  std::u16string units;
  for (size_t i = 0; i + 1 < text.size(); i += 2)
    units.push_back(static_cast<char16_t>(static_cast<uint8_t>(text[i]) | static_cast<uint8_t>(text[i + 1]) << 8));
  const char16_t choice = units.empty() ? u'\0' : units[0];
  const std::u16string_view all = std::u16string_view(units).substr(units.empty() ? 0 : 1);
  const size_t parting = all.find(u'\x1e');
  TextInput input{all.substr(0, parting), std::nullopt};
  if (parting != all.npos) input.pair = all.substr(parting + 1);
  EncodeOptions options;
  options.add_special_tokens = (choice & 1) != 0;
  options.keep_overflowing = (choice & 2) != 0;
  if (choice & 4) {
    options.truncation = Truncation{.max_length = choice >> 10,
                                    .strategy = static_cast<TruncationStrategy>((choice >> 3 & 3) % 3),
                                    .stride = choice >> 8 & 3,
                                    .direction = choice & 32 ? Direction::left : Direction::right};
  }
  if (choice & 64) options.padding = Padding{.length = 0, .multiple_of = 8, .direction = Direction::right};
  const auto encoding = tokenizer.encode(input, options);
  if (!encoding) return;
  check(*encoding, input, tokenizer.vocab_size());
  if (options.truncation && !options.padding)
    FUZZ_CHECK(encoding->size() <= static_cast<size_t>(options.truncation->max_length));
  (void)tokenizer.decode(encoding->field(&Token::id), (choice & 128) != 0);
  (void)tokenizer.normalize(all);
}

}  // namespace

void word_piece_text(std::string_view input) {
  static const std::unique_ptr<Tokenizer> tokenizer = load("models/sentiment-en");
  encode(*tokenizer, input);
}

void byte_pair_text(std::string_view input) {
  static const std::unique_ptr<Tokenizer> tokenizer = load("tests/fixtures/byte-level-bpe");
  encode(*tokenizer, input);
}

void tokenizer_files(std::string_view input) {
  MemoryFiles files;
  for (const char* name : {"tokenizer.json", "vocab.txt", "vocab.json", "merges.txt", "tokenizer_config.json",
                           "special_tokens_map.json", "added_tokens.json"}) {
    const size_t end = std::min(input.find('\x1e'), input.size());
    if (end > 0) files.add(name, input.substr(0, end));
    input.remove_prefix(std::min(end + 1, input.size()));
  }
  const auto tokenizer = Tokenizer::load(files);
  if (!tokenizer) return;
  const int32_t size = (*tokenizer)->vocab_size();
  const auto ids = (*tokenizer)->special_ids();
  for (const int32_t id : {ids.pad, ids.unk, ids.cls, ids.sep, ids.mask}) FUZZ_CHECK(id >= -1 && id < size);
  for (int32_t id = -1; id <= std::min(size, 300); ++id) (void)(*tokenizer)->id_to_token(id);
  encode(**tokenizer, input);
}

}  // namespace squeezebert::fuzz
