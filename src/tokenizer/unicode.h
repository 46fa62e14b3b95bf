// What BERT's normaliser and the pre-tokenizers ask about a code point. The tables are generated (tools/unicode) and follow
// Hugging Face's tokenizers, whose data mixes several Unicode versions.
#pragma once

namespace squeezebert::unicode {

bool is_control(char32_t code);      // removed by clean_text: Cc but tab and line ends, Cf, Co, NUL, U+FFFD
bool is_space(char32_t code);        // turned into U+0020 by clean_text
bool is_mark(char32_t code);         // Mn, removed with the accents
bool is_ideograph(char32_t code);    // CJK, set apart by spaces
bool is_white_space(char32_t code);  // separates words
bool is_punctuation(char32_t code);  // a word of its own; all ASCII that is neither letter, digit, space nor control too
bool is_letter(char32_t code);       // of the byte-level pre-tokenizer, \p{L}
bool is_number(char32_t code);       // the same, \p{N}

// Up to three code points.
struct Points {
  int count = 1;
  char32_t code[3] = {};
};

// Canonical decomposition less its marks; itself where it does not decompose. Not for marks.
Points stripped(char32_t code);
Points lower(char32_t code);

}  // namespace squeezebert::unicode
