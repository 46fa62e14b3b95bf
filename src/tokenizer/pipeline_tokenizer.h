// What every tokenizer here does around its way of cutting words: added tokens are found, texts cut to a length, special
// tokens set around them, batches padded.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "added_tokens.h"
#include "bert_normalizer.h"
#include "byte_pairs.h"
#include "template.h"
#include "tokenizer.h"
#include "word_piece.h"

namespace squeezebert {

// Everything that the files of a folder say.
struct TokenizerSettings {
  std::deque<std::string> tokens;   // by id, UTF-8; empty: none
  std::vector<AddedToken> added;    // their texts stand in `tokens` too
  Template post_processor;
  Tokenizer::SpecialIds special_ids;
  int32_t model_max_length = INT32_MAX;

  // WordPiece
  bool normalize = true;            // false: the text is taken as it is
  BertNormalizer normalizer;
  WordPiece::Settings word_piece;

  // byte-level BPE
  bool is_byte_level = false;
  BytePairs byte_pairs;
  bool add_prefix_space = false;    // a text that does not begin with a space is read as if it did
  bool use_regex = true;            // false: the whole text is one word
  bool ignore_merges = false;       // a word that is a token needs no merges
  bool trim_offsets = false;        // the spaces at a token's ends do not count to its offset...
  bool trim_prefix_space = false;   // ...save the one that add_prefix_space has put before a text
  bool clean_up = false;            // decoding removes spaces before punctuation
};

class PipelineTokenizer : public Tokenizer {
 public:
  Result<Encoding> encode(const TextInput& input, const EncodeOptions& options) const final;
  Result<std::vector<Encoding>> encode_batch(std::span<const TextInput> inputs, const EncodeOptions& options) const final;
  int32_t vocab_size() const final { return static_cast<int32_t>(settings_.tokens.size()); }
  std::u16string id_to_token(int32_t id) const final;
  int32_t model_max_length() const final { return settings_.model_max_length; }
  int32_t special_tokens_to_add(bool pair) const final { return settings_.post_processor.specials(pair); }
  SpecialIds special_ids() const final { return settings_.special_ids; }

 protected:
  explicit PipelineTokenizer(TokenizerSettings settings);

  // Adds the tokens of a stretch without raw added tokens that begins at `base` of the text, and counts its words. Stops
  // soon after `enough` tokens.
  virtual void tokenize_segment(std::u16string_view text, int32_t base, int32_t enough, TextTokens& out,
                                int32_t& words) const = 0;
  // The last touch to what a window of the texts has become.
  virtual void finish(const TextInput&, Encoding&) const {}

  // The constructor's second half, which needs normalize().
  void find_normalized_added();
  // The text of a token that decoding shows, else null.
  const std::string* token(int32_t id, bool skip_special_tokens) const;
  // Precondition: an id of the vocabulary.
  bool is_added(int32_t id) const { return added_[static_cast<size_t>(id)] != 0; }

  TokenizerSettings settings_;
  AddedTokens normalized_added_;         // found in the normalised text

 private:
  void tokenize(std::u16string_view text, int32_t enough, TextTokens& out) const;
  // `first` and `second`: room for the texts' tokens, kept from text to text.
  Result<Encoding> encode_unpadded(const TextInput& input, const EncodeOptions& options, TextTokens& first,
                                   TextTokens& second) const;

  AddedTokens raw_added_;                // found in the text as it is
  std::vector<uint8_t> added_;           // by id: 1 for added tokens, 2 for those that are special
};

// The spaces that joining tokens puts where English has none. The list is the reference's; with contractions of
// WordPiece's decoder, without them of the tokenizers that have no clean-up of their own.
void clean_up_spaces(std::string& text, bool contractions);

}  // namespace squeezebert
