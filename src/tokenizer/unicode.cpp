#include "unicode.h"

#include <algorithm>
#include <cstdint>
#include <iterator>

namespace squeezebert::unicode {
namespace {

struct Range {
  char32_t first, last;  // both included
};
struct Pair16 {
  uint16_t from, to;
};
struct Pair32 {
  char32_t from, to;
};
struct Several {
  char32_t from;
  int count;
  char32_t to[3];
};
struct Run {  // every step-th code point from first to last lies `delta` before its target
  char32_t first, last;
  int32_t delta;
  uint32_t step;
};

#include "unicode_tables.inc"

template <size_t n>
bool in(const Range (&ranges)[n], char32_t code) {
  const Range* at = std::lower_bound(std::begin(ranges), std::end(ranges), code,
                                     [](const Range& range, char32_t value) { return range.last < value; });
  return at != std::end(ranges) && at->first <= code;
}

template <class Entry, size_t n>
const Entry* find(const Entry (&entries)[n], char32_t code) {
  const Entry* at = std::lower_bound(std::begin(entries), std::end(entries), code,
                                     [](const Entry& entry, char32_t value) { return entry.from < value; });
  return at != std::end(entries) && at->from == code ? at : nullptr;
}

Points several(const Several& entry) { return {entry.count, {entry.to[0], entry.to[1], entry.to[2]}}; }

// The Unicode Standard, section 3.12: syllables decompose into a leading consonant, a vowel and perhaps a trailing one.
Points jamo(char32_t code) {
  constexpr char32_t syllables = 0xac00, leading = 0x1100, vowels = 0x1161, trailing = 0x11a7;
  constexpr char32_t vowel_count = 21, trailing_count = 28;
  const char32_t index = code - syllables, tail = index % trailing_count;
  return {tail == 0 ? 2 : 3,
          {leading + index / (vowel_count * trailing_count), vowels + index / trailing_count % vowel_count, trailing + tail}};
}

}  // namespace

bool is_control(char32_t code) { return in(kControls, code); }
bool is_space(char32_t code) { return in(kSpaces, code); }
bool is_mark(char32_t code) { return in(kMarks, code); }
bool is_ideograph(char32_t code) { return in(kIdeographs, code); }
bool is_white_space(char32_t code) { return in(kWhiteSpace, code); }
bool is_punctuation(char32_t code) { return in(kPunctuation, code); }

Points stripped(char32_t code) {
  if (code < 0xc0) return {1, {code}};
  if (code >= 0xac00 && code <= 0xd7a3) return jamo(code);
  if (const Pair16* pair = find(kStripped16, code)) return {1, {pair->to}};
  if (const Several* entry = find(kStrippedSeveral, code)) return several(*entry);
  if (const Pair32* pair = find(kStripped32, code)) return {1, {pair->to}};
  return {1, {code}};
}

Points lower(char32_t code) {
  if (code < 0x80) return {1, {code >= 'A' && code <= 'Z' ? code + 32 : code}};
  const Run* run = std::lower_bound(std::begin(kLower), std::end(kLower), code,
                                    [](const Run& entry, char32_t value) { return entry.last < value; });
  if (run != std::end(kLower) && run->first <= code && (code - run->first) % run->step == 0)
    return {1, {static_cast<char32_t>(static_cast<int32_t>(code) + run->delta)}};
  if (const Several* entry = find(kLowerSeveral, code)) return several(*entry);
  return {1, {code}};
}

}  // namespace squeezebert::unicode
