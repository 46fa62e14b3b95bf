// Byte-pair encoding over bytes: a word begins as its bytes, a token each, and of all neighbours that may be merged those
// are merged first whose merge was learnt first.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace squeezebert {

// The vocabulary's way of writing a byte: the printable ones of Latin-1 are themselves, the others U+0100 and on ("Ġ" is
// the space).
char32_t letter_of_byte(uint8_t byte);
int32_t byte_of_letter(char32_t letter);  // -1: of none

// A merge of the tokens `left` and `right` into the token `id`.
struct Merge {
  int32_t left, right, id;
};

class BytePairs {
 public:
  struct Symbol {
    int32_t id;
    int32_t first, last;      // bytes of the word, both included
    int32_t previous, next;   // symbols; -1: none
  };
  // Working memory of cut(), and its result: the symbols that a walk over `next` from 0 meets.
  struct Word {
    std::vector<Symbol> symbols;
    std::vector<uint64_t> heap;
  };

  BytePairs() = default;
  // `byte_ids` has 256 tokens, -1 where the vocabulary lacks the byte; `merges` in the order of learning, of equal pairs
  // the last counts; `unknown` stands for bytes without a token, which vanish where it is -1, and with `fuse_unknown` for
  // any number of them.
  BytePairs(std::vector<int32_t> byte_ids, const std::vector<Merge>& merges, int32_t unknown, bool fuse_unknown);

  // O(n log n) for n bytes. Precondition: fewer than 2^31 bytes.
  void cut(std::string_view bytes, Word& word) const;

 private:
  // In an open-addressing table; rank -1: empty.
  struct Entry {
    int32_t left = 0, right = 0;
    int32_t rank = -1;
  };
  const Entry& find(int32_t left, int32_t right) const;
  void push(Word& word, int32_t left) const;

  std::vector<int32_t> byte_ids_;
  std::vector<Entry> table_;
  std::vector<int32_t> ids_;  // what the merge of a rank makes
  int32_t unknown_ = -1;
  bool fuse_unknown_ = false;
};

}  // namespace squeezebert
