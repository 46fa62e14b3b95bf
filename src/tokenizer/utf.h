// UTF-16 and UTF-8, a code point at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace squeezebert {

inline constexpr char32_t kReplacement = 0xfffd;

// The code point at text[at], and how many units it takes (1 or 2). A lone surrogate is U+FFFD.
struct Utf16Point {
  char32_t code = 0;
  int32_t units = 1;
};

inline Utf16Point utf16_point(std::u16string_view text, size_t at) {
  const char16_t first = text[at];
  if (first < 0xd800 || first > 0xdfff) return {first, 1};
  if (first < 0xdc00 && at + 1 < text.size() && text[at + 1] >= 0xdc00 && text[at + 1] <= 0xdfff)
    return {0x10000 + ((char32_t{first} - 0xd800) << 10) + (text[at + 1] - 0xdc00), 2};
  return {kReplacement, 1};
}

inline void append_utf16(std::u16string& target, char32_t code) {
  if (code < 0x10000) {
    target.push_back(static_cast<char16_t>(code));
  } else {
    target.push_back(static_cast<char16_t>(0xd800 + ((code - 0x10000) >> 10)));
    target.push_back(static_cast<char16_t>(0xdc00 + ((code - 0x10000) & 0x3ff)));
  }
}

inline void append_utf8(std::string& target, char32_t code) {
  if (code < 0x80) {
    target.push_back(static_cast<char>(code));
  } else if (code < 0x800) {
    target.push_back(static_cast<char>(0xc0 | (code >> 6)));
    target.push_back(static_cast<char>(0x80 | (code & 0x3f)));
  } else if (code < 0x10000) {
    target.push_back(static_cast<char>(0xe0 | (code >> 12)));
    target.push_back(static_cast<char>(0x80 | ((code >> 6) & 0x3f)));
    target.push_back(static_cast<char>(0x80 | (code & 0x3f)));
  } else {
    target.push_back(static_cast<char>(0xf0 | (code >> 18)));
    target.push_back(static_cast<char>(0x80 | ((code >> 12) & 0x3f)));
    target.push_back(static_cast<char>(0x80 | ((code >> 6) & 0x3f)));
    target.push_back(static_cast<char>(0x80 | (code & 0x3f)));
  }
}

// None where the bytes are not UTF-8 (overlong forms and surrogates included).
std::optional<std::u16string> to_utf16(std::string_view text);

// Each sequence that is not UTF-8 becomes one U+FFFD, as far as it might have begun a character.
std::u16string to_utf16_lossy(std::string_view text);

// Lone surrogates become U+FFFD.
std::string to_utf8(std::u16string_view text);

}  // namespace squeezebert
