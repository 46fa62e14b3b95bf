// Which files a folder has, and which tokenizer they mean.
#include "tokenizer_files.h"
#include "word_piece_tokenizer.h"

namespace squeezebert {
namespace {

Error invalid(std::string detail) { return {ErrorCode::TOKENIZER_INVALID, std::move(detail)}; }

// What every WordPiece tokenizer needs, wherever it came from.
Result<void> check(const TokenizerSettings& settings) {
  const size_t size = settings.tokens.size();
  bool unknown = false;
  for (const std::string& token : settings.tokens) {
    if (!to_utf16(token)) return invalid("a token is not UTF-8");
    unknown = unknown || token == settings.word_piece.unknown;
  }
  if (!unknown) return invalid("the vocabulary lacks its unknown token '" + settings.word_piece.unknown + "'");
  for (const auto* pieces : {&settings.post_processor.single, &settings.post_processor.pair})
    for (const TemplatePiece& piece : *pieces)
      for (const int32_t id : piece.ids)
        if (id < 0 || static_cast<size_t>(id) >= size || settings.tokens[static_cast<size_t>(id)].empty())
          return invalid("the template's token id " + std::to_string(id) + " is not in the vocabulary");
  return {};
}

}  // namespace

Result<std::unique_ptr<Tokenizer>> Tokenizer::load(FileSet& files) {
  TokenizerSettings settings;
  TokenizerConfig config;
  SQUEEZEBERT_TRY(read_tokenizer_config(files, config));
  if (files.has("tokenizer.json")) {
    SQUEEZEBERT_TRY(read_tokenizer_json(files, settings));
  } else {
    SQUEEZEBERT_TRY(read_vocabulary(files, config, settings));
  }
  SQUEEZEBERT_TRY(apply(config, settings));
  SQUEEZEBERT_TRY(check(settings));
  return std::unique_ptr<Tokenizer>(new WordPieceTokenizer(std::move(settings)));
}

}  // namespace squeezebert
