// WordPiece: a word is cut into the longest token that begins it, then into the longest that continues it, and so on;
// a word that cannot be cut to its end is one unknown token.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "template.h"
#include "vocabulary.h"

namespace squeezebert {

// A normalised word as it grows, each code point with the UTF-16 units of the text that it comes from.
struct Word {
  struct Point {
    int32_t end_byte;    // end of its UTF-8 in `bytes`
    int32_t start, end;  // in the original text
  };
  std::string bytes;
  std::vector<Point> points;
  int32_t start = 0, end = 0;  // of the whole word
  int32_t count = 0;           // code points; only the first `limit` + 1 of them are kept and counted

  bool empty() const { return count == 0; }
  void clear();
  void append(char32_t code, int32_t from, int32_t to, int32_t limit);
};

class WordPiece {
 public:
  struct Settings {
    std::string unknown = "[UNK]";
    std::string continuing_prefix = "##";
    int32_t max_word = 100;  // code points; longer words are unknown
  };

  // `tokens[id]`; absent ids are empty. The tokens must stay where they are.
  WordPiece(const std::deque<std::string>& tokens, const Settings& settings);

  // Adds the pieces of a word of `count` code points as tokens of the word `index`. `points` says where those end and come
  // from; where it is null each is a byte and a unit of the text, the first at `start`.
  // False where the word cannot be cut, and is the unknown token as a whole.
  bool cut(std::string_view bytes, const Word::Point* points, size_t count, int32_t start, int32_t index, TextTokens& out) const;

  int32_t find(std::string_view token) const { return beginning_.find(token); }  // -1: none
  // The token that is all of a word; -1: none.
  int32_t find(std::string_view word, uint32_t hash) const { return beginning_.find(word, hash); }
  int32_t unknown_id() const { return unknown_id_; }
  const Settings& settings() const { return settings_; }

 private:
  // Of a token; those of the vocabularies in use have 18 code points at most.
  static constexpr size_t kMostPoints = 1024;

  Settings settings_;
  TextTable beginning_, continuing_;
  size_t longest_ = 0;  // bytes of the longest token
  int32_t unknown_id_ = -1;
};

}  // namespace squeezebert
