// The tokenizer of BERT, DistilBERT and SqueezeBERT: added tokens, BERT's normaliser and pre-tokenizer, WordPiece.
#pragma once

#include "pipeline_tokenizer.h"

namespace squeezebert {

class WordPieceTokenizer final : public PipelineTokenizer {
 public:
  explicit WordPieceTokenizer(TokenizerSettings settings);

  std::u16string decode(std::span<const int32_t> ids, bool skip_special_tokens, bool clean_up) const override;
  std::u16string normalize(std::u16string_view text) const override;
  std::optional<int32_t> token_to_id(std::u16string_view token) const override;

 private:
  void tokenize_segment(std::u16string_view text, int32_t base, int32_t enough, TextTokens& out,
                        int32_t& words) const override;
  void normalize_segment(std::u16string_view text, int32_t base, BertNormalizer::Sink& sink) const;

  WordPiece word_piece_;
};

}  // namespace squeezebert
