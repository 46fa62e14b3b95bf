// BERT's normaliser, as Hugging Face's tokenizers have it: clean-up, spaces around ideographs, accents, lower case.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace squeezebert {

struct BertNormalizer {
  bool clean_text = true;
  bool handle_chinese_chars = true;
  std::optional<bool> strip_accents;  // none: as `lowercase`
  bool lowercase = true;

  // Takes each normalised code point; start and end are the UTF-16 units of the text, counted from `base`, that it comes from.
  class Sink {
   public:
    virtual void add(char32_t code, int32_t start, int32_t end) = 0;

   protected:
    ~Sink() = default;
  };

  void operator()(std::u16string_view text, int32_t base, Sink& sink) const;

 private:
  void beyond_ascii(char32_t code, int32_t start, int32_t end, bool strip, Sink& sink) const;
  void lowered(char32_t code, int32_t start, int32_t end, Sink& sink) const;
};

// What a tokenizer without a normaliser has in its place.
void take_as_it_is(std::u16string_view text, int32_t base, BertNormalizer::Sink& sink);

}  // namespace squeezebert
