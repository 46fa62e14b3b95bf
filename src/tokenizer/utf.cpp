#include "utf.h"

namespace squeezebert {

namespace {

// The code point at text[at], and how many bytes it takes. For what is not UTF-8 the code is kReplacement and `valid`
// false; its bytes then are those that might have begun a character, at least one.
struct Utf8Point {
  char32_t code = kReplacement;
  size_t bytes = 1;
  bool valid = false;
};

Utf8Point utf8_point(std::string_view text, size_t at) {
  const auto lead = static_cast<uint8_t>(text[at]);
  if (lead < 0x80) return {lead, 1, true};
  if (lead < 0xc2 || lead > 0xf4) return {};
  const size_t length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  char32_t code = lead & (0x7fu >> length);
  for (size_t k = 1; k < length; ++k) {
    if (at + k == text.size()) return {kReplacement, k, false};
    const auto byte = static_cast<uint8_t>(text[at + k]);
    // The second byte tells overlong forms, surrogates and what lies beyond U+10FFFF.
    const uint8_t least = k > 1 ? 0x80 : lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    const uint8_t most = k > 1 ? 0xbf : lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (byte < least || byte > most) return {kReplacement, k, false};
    code = (code << 6) | (byte & 0x3f);
  }
  return {code, length, true};
}

// Sets `valid` to whether all of it was UTF-8.
std::u16string decode(std::string_view text, bool& valid) {
  std::u16string out;
  out.reserve(text.size());
  valid = true;
  for (size_t i = 0; i < text.size();) {
    const Utf8Point point = utf8_point(text, i);
    valid = valid && point.valid;
    append_utf16(out, point.code);
    i += point.bytes;
  }
  return out;
}

}  // namespace

std::optional<std::u16string> to_utf16(std::string_view text) {
  bool valid = false;
  std::u16string out = decode(text, valid);
  return valid ? std::optional(std::move(out)) : std::nullopt;
}

std::u16string to_utf16_lossy(std::string_view text) {
  bool valid = false;
  return decode(text, valid);
}

std::string to_utf8(std::u16string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    const Utf16Point point = utf16_point(text, i);
    append_utf8(out, point.code);
    i += point.units;
  }
  return out;
}

}  // namespace squeezebert
