// BERT's normaliser, as Hugging Face's tokenizers have it: clean-up, spaces around ideographs, accents, lower case.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "unicode.h"
#include "utf.h"

namespace squeezebert {

struct BertNormalizer {
  bool clean_text = true;
  bool handle_chinese_chars = true;
  std::optional<bool> strip_accents;  // none: as `lowercase`
  bool lowercase = true;

  // Calls sink(code, start, end) for each normalised code point; start and end are the UTF-16 units of `text`, counted
  // from `base`, that it comes from.
  template <class Sink>
  void operator()(std::u16string_view text, int32_t base, Sink&& sink) const {
    const bool strip = strip_accents.value_or(lowercase);
    for (size_t i = 0; i < text.size();) {
      const int32_t start = base + static_cast<int32_t>(i);
      if (text[i] < 0x80) {
        const char16_t unit = text[i++];
        if (unit < 0x20 || unit == 0x7f) {
          if (!clean_text) {
            sink(char32_t{unit}, start, start + 1);
          } else if (unit == '\t' || unit == '\n' || unit == '\r') {
            sink(U' ', start, start + 1);
          }
        } else {
          sink(char32_t{unit} + (lowercase && unit >= 'A' && unit <= 'Z' ? 32 : 0), start, start + 1);
        }
        continue;
      }
      const Utf16Point point = utf16_point(text, i);
      i += point.units;
      beyond_ascii(point.code, start, start + point.units, strip, sink);
    }
  }

 private:
  template <class Sink>
  void beyond_ascii(char32_t code, int32_t start, int32_t end, bool strip, Sink&& sink) const {
    if (clean_text) {
      if (unicode::is_control(code)) return;
      if (unicode::is_space(code)) return sink(U' ', start, end);
    }
    const bool apart = handle_chinese_chars && unicode::is_ideograph(code);
    if (apart) sink(U' ', start, end);
    if (!strip) {
      lowered(code, start, end, sink);
    } else if (!unicode::is_mark(code)) {
      const unicode::Points bare = unicode::stripped(code);
      for (int k = 0; k < bare.count; ++k) lowered(bare.code[k], start, end, sink);
    }
    if (apart) sink(U' ', start, end);
  }

  template <class Sink>
  void lowered(char32_t code, int32_t start, int32_t end, Sink&& sink) const {
    if (!lowercase) return sink(code, start, end);
    const unicode::Points small = unicode::lower(code);
    for (int k = 0; k < small.count; ++k) sink(small.code[k], start, end);
  }
};

}  // namespace squeezebert
