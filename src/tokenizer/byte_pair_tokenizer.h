// The tokenizer of RoBERTa and GPT-2: no normaliser, words by GPT-2's pattern, byte-level BPE.
#pragma once

#include "pipeline_tokenizer.h"
#include "vocabulary.h"

namespace squeezebert {

class BytePairTokenizer final : public PipelineTokenizer {
 public:
  explicit BytePairTokenizer(TokenizerSettings settings);

  std::u16string decode(std::span<const int32_t> ids, bool skip_special_tokens, bool clean_up) const override;
  std::u16string normalize(std::u16string_view text) const override;
  std::optional<int32_t> token_to_id(std::u16string_view token) const override;

 private:
  void tokenize_segment(std::u16string_view text, int32_t base, int32_t enough, TextTokens& out,
                        int32_t& words) const override;
  void tokenize_words(std::u16string_view text, int32_t base, int32_t enough, TextTokens& out, int32_t& words) const;
  void finish(const TextInput& input, Encoding& encoding) const override;

  TextTable ids_;
};

// Where the word that begins at text[at] ends, as GPT-2's pattern has it:
//   's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
// Precondition: at < text.size().
size_t word_end(std::u16string_view text, size_t at);

}  // namespace squeezebert
