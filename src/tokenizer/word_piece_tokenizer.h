// The tokenizer of BERT, DistilBERT and SqueezeBERT: added tokens, BERT's normaliser and pre-tokenizer, WordPiece.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "added_tokens.h"
#include "bert_normalizer.h"
#include "template.h"
#include "tokenizer.h"
#include "word_piece.h"

namespace squeezebert {

// Everything that the files of a folder say.
struct TokenizerSettings {
  std::deque<std::string> tokens;   // by id, UTF-8; empty: none
  std::vector<AddedToken> added;    // their texts stand in `tokens` too
  bool normalize = true;            // false: the text is taken as it is
  BertNormalizer normalizer;
  WordPiece::Settings word_piece;
  Template post_processor;
  Tokenizer::SpecialIds special_ids;
  int32_t model_max_length = INT32_MAX;
};

class WordPieceTokenizer final : public Tokenizer {
 public:
  explicit WordPieceTokenizer(TokenizerSettings settings);

  Result<Encoding> encode(const TextInput& input, const EncodeOptions& options) const override;
  Result<std::vector<Encoding>> encode_batch(std::span<const TextInput> inputs,
                                             const EncodeOptions& options) const override;
  std::u16string decode(std::span<const int32_t> ids, bool skip_special_tokens, bool clean_up) const override;
  std::u16string normalize(std::u16string_view text) const override;
  int32_t vocab_size() const override { return static_cast<int32_t>(settings_.tokens.size()); }
  std::u16string id_to_token(int32_t id) const override;
  std::optional<int32_t> token_to_id(std::u16string_view token) const override;
  int32_t model_max_length() const override { return settings_.model_max_length; }
  int32_t special_tokens_to_add(bool pair) const override { return settings_.post_processor.specials(pair); }
  SpecialIds special_ids() const override { return settings_.special_ids; }

 private:
  // Stops soon after `enough` tokens.
  TextTokens tokenize(std::u16string_view text, int32_t enough) const;
  void tokenize_segment(std::u16string_view text, int32_t base, int32_t enough, TextTokens& out, int32_t& words) const;
  template <class Sink>
  void normalize_segment(std::u16string_view text, int32_t base, Sink&& sink) const;
  Result<Encoding> encode_unpadded(const TextInput& input, const EncodeOptions& options) const;

  TokenizerSettings settings_;
  WordPiece word_piece_;
  AddedTokens raw_added_;                // found in the text as it is
  AddedTokens normalized_added_;         // found in the normalised text
  std::vector<bool> special_;            // by id
};

}  // namespace squeezebert
