// Which files a folder has, and which tokenizer they mean.
#include <algorithm>

#include "byte_pair_tokenizer.h"
#include "tokenizer_files.h"
#include "word_piece_tokenizer.h"

namespace squeezebert {
namespace {

Error invalid(Detail detail) { return {ErrorCode::TOKENIZER_INVALID, detail}; }

// What a tokenizer needs, wherever it came from.
Result<void> check(const TokenizerSettings& settings) {
  const size_t size = settings.tokens.size();
  const std::string& unknown = settings.word_piece.unknown;
  if (!settings.is_byte_level &&
      (unknown.empty() || std::find(settings.tokens.begin(), settings.tokens.end(), unknown) == settings.tokens.end()))
    return invalid({"the vocabulary lacks its unknown token '", unknown, "'"});
  for (const auto* pieces : {&settings.post_processor.single, &settings.post_processor.pair})
    for (const TemplatePiece& piece : *pieces)
      for (const int32_t id : piece.ids)
        if (id < 0 || static_cast<size_t>(id) >= size || settings.tokens[static_cast<size_t>(id)].empty())
          return invalid({"the template's token id ", id, " is not in the vocabulary"});
  return {};
}

}  // namespace

Result<std::unique_ptr<Tokenizer>> Tokenizer::load(FileSet& files) {
  TokenizerSettings settings;
  TokenizerConfig config;
  SQUEEZEBERT_TRY(read_tokenizer_config(files, config));
  if (files.has("tokenizer.json")) {
    SQUEEZEBERT_TRY(read_tokenizer_json(files, settings));
    complete(config, settings.is_byte_level);
    if (settings.is_byte_level) settings.add_prefix_space = config.add_prefix_space.value_or(settings.add_prefix_space);
  } else if (files.has("vocab.json")) {
    complete(config, true);
    SQUEEZEBERT_TRY(read_byte_pairs(files, config, settings));
  } else {
    complete(config, false);
    SQUEEZEBERT_TRY(read_vocabulary(files, config, settings));
  }
  SQUEEZEBERT_TRY(apply(config, settings));
  SQUEEZEBERT_TRY(check(settings));
  if (settings.is_byte_level) return std::unique_ptr<Tokenizer>(new BytePairTokenizer(std::move(settings)));
  return std::unique_ptr<Tokenizer>(new WordPieceTokenizer(std::move(settings)));
}

}  // namespace squeezebert
