#include "bert_normalizer.h"

#include "unicode.h"
#include "utf.h"

namespace squeezebert {

void BertNormalizer::operator()(std::u16string_view text, int32_t base, Sink& sink) const {
  const bool strip = strip_accents.value_or(lowercase);
  for (size_t i = 0; i < text.size();) {
    const int32_t start = base + static_cast<int32_t>(i);
    if (text[i] < 0x80) {
      const char16_t unit = text[i++];
      if (unit < 0x20 || unit == 0x7f) {
        if (!clean_text) {
          sink.add(char32_t{unit}, start, start + 1);
        } else if (unit == '\t' || unit == '\n' || unit == '\r') {
          sink.add(U' ', start, start + 1);
        }
      } else {
        sink.add(char32_t{unit} + (lowercase && unit >= 'A' && unit <= 'Z' ? 32 : 0), start, start + 1);
      }
      continue;
    }
    const Utf16Point point = utf16_point(text, i);
    i += point.units;
    beyond_ascii(point.code, start, start + point.units, strip, sink);
  }
}

void BertNormalizer::beyond_ascii(char32_t code, int32_t start, int32_t end, bool strip, Sink& sink) const {
  if (clean_text) {
    if (unicode::is_control(code)) return;
    if (unicode::is_space(code)) return sink.add(U' ', start, end);
  }
  const bool apart = handle_chinese_chars && unicode::is_ideograph(code);
  if (apart) sink.add(U' ', start, end);
  if (!strip) {
    lowered(code, start, end, sink);
  } else if (!unicode::is_mark(code)) {
    const unicode::Points bare = unicode::stripped(code);
    for (int k = 0; k < bare.count; ++k) lowered(bare.code[k], start, end, sink);
  }
  if (apart) sink.add(U' ', start, end);
}

void BertNormalizer::lowered(char32_t code, int32_t start, int32_t end, Sink& sink) const {
  if (!lowercase) return sink.add(code, start, end);
  const unicode::Points small = unicode::lower(code);
  for (int k = 0; k < small.count; ++k) sink.add(small.code[k], start, end);
}

void take_as_it_is(std::u16string_view text, int32_t base, BertNormalizer::Sink& sink) {
  for (size_t i = 0; i < text.size();) {
    const Utf16Point point = utf16_point(text, i);
    const int32_t start = base + static_cast<int32_t>(i);
    sink.add(point.code, start, start + point.units);
    i += point.units;
  }
}

}  // namespace squeezebert
