#include "unicode.h"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace squeezebert::unicode {
namespace {

struct Range {
  char32_t first, last;  // both included
};
struct Pair {
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

// Reads numbers of seven bits a byte, the lowest first (tools/unicode/generate.mjs writes them).
class Numbers {
 public:
  uint32_t next() {
    uint32_t value = 0;
    for (int shift = 0;; shift += 7) {
      const uint32_t byte = *at_++;
      value |= (byte & 127) << shift;
      if (byte < 128) return value;
    }
  }
  // Negative ones as odd numbers.
  int32_t next_signed() {
    const uint32_t value = next();
    return static_cast<int32_t>(value >> 1) ^ -static_cast<int32_t>(value & 1);
  }

 private:
  const uint8_t* at_ = kTables;
};

using Ranges = std::vector<Range>;

// Unpacked as the program starts (20 kB, some microseconds).
struct Tables {
  Ranges controls, marks, spaces, ideographs, white_space, punctuation, letters, numbers;
  std::vector<Pair> stripped;
  std::vector<Several> stripped_several;
  std::vector<Run> lower;
  std::vector<Several> lower_several;

  Tables() {
    Numbers in;
    for (Ranges* ranges : {&controls, &marks, &spaces, &ideographs, &white_space, &punctuation, &letters, &numbers}) {
      ranges->resize(in.next());
      char32_t end = 0;
      for (Range& range : *ranges) {
        range.first = end + in.next();
        end = range.last = range.first + in.next();
      }
    }
    stripped.resize(in.next());
    char32_t from = 0, to = 0;
    for (Pair& pair : stripped) pair.from = from += in.next();
    for (Pair& pair : stripped) pair.to = to += static_cast<char32_t>(in.next_signed());
    read(in, stripped_several);
    lower.resize(in.next());
    char32_t end = 0;
    for (Run& run : lower) {
      run.first = end + in.next();
      end = run.last = run.first + in.next();
      const uint32_t rest = in.next();
      run.step = 1 + (rest & 1);
      run.delta = static_cast<int32_t>(rest >> 2) ^ -static_cast<int32_t>(rest >> 1 & 1);
    }
    read(in, lower_several);
  }

 private:
  static void read(Numbers& in, std::vector<Several>& entries) {
    entries.resize(in.next());
    char32_t from = 0;
    for (Several& entry : entries) {
      entry.from = from += in.next();
      entry.count = static_cast<int>(in.next());
      for (int k = 0; k < entry.count; ++k) entry.to[k] = in.next();
    }
  }
};

const Tables tables;

bool in(const Ranges& ranges, char32_t code) {
  const auto at = std::lower_bound(ranges.begin(), ranges.end(), code,
                                   [](const Range& range, char32_t value) { return range.last < value; });
  return at != ranges.end() && at->first <= code;
}

template <class Entry>
const Entry* find(const std::vector<Entry>& entries, char32_t code) {
  const auto at = std::lower_bound(entries.begin(), entries.end(), code,
                                   [](const Entry& entry, char32_t value) { return entry.from < value; });
  return at != entries.end() && at->from == code ? &*at : nullptr;
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

bool is_control(char32_t code) { return in(tables.controls, code); }
bool is_space(char32_t code) { return in(tables.spaces, code); }
bool is_mark(char32_t code) { return in(tables.marks, code); }
bool is_ideograph(char32_t code) { return in(tables.ideographs, code); }
bool is_white_space(char32_t code) { return in(tables.white_space, code); }
bool is_punctuation(char32_t code) { return in(tables.punctuation, code); }
bool is_letter(char32_t code) { return in(tables.letters, code); }
bool is_number(char32_t code) { return in(tables.numbers, code); }

Points stripped(char32_t code) {
  if (code < 0xc0) return {1, {code}};
  if (code >= 0xac00 && code <= 0xd7a3) return jamo(code);
  if (const Pair* pair = find(tables.stripped, code)) return {1, {pair->to}};
  if (const Several* entry = find(tables.stripped_several, code)) return several(*entry);
  return {1, {code}};
}

Points lower(char32_t code) {
  if (code < 0x80) return {1, {code >= 'A' && code <= 'Z' ? code + 32 : code}};
  const auto run = std::lower_bound(tables.lower.begin(), tables.lower.end(), code,
                                    [](const Run& entry, char32_t value) { return entry.last < value; });
  if (run != tables.lower.end() && run->first <= code && (code - run->first) % run->step == 0)
    return {1, {static_cast<char32_t>(static_cast<int32_t>(code) + run->delta)}};
  if (const Several* entry = find(tables.lower_several, code)) return several(*entry);
  return {1, {code}};
}

}  // namespace squeezebert::unicode
