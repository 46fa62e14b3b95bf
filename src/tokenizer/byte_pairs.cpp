#include "byte_pairs.h"

#include <algorithm>
#include <bit>
#include <functional>

namespace squeezebert {

char32_t letter_of_byte(uint8_t byte) {
  if (byte <= 32) return 256u + byte;
  if (byte >= 127 && byte <= 160) return 162u + byte;
  return byte == 173 ? 323u : byte;
}

int32_t byte_of_letter(char32_t letter) {
  if (letter == 323) return 173;
  const char32_t byte = letter >= 289 ? letter - 162 : letter >= 256 ? letter - 256 : letter;
  return byte < 256 && letter_of_byte(static_cast<uint8_t>(byte)) == letter ? static_cast<int32_t>(byte) : -1;
}

BytePairs::BytePairs(std::vector<int32_t> byte_ids, const std::vector<Merge>& merges, int32_t unknown, bool fuse_unknown)
    : byte_ids_(std::move(byte_ids)),
      table_(std::bit_ceil(merges.size() * 2 + 2)),
      unknown_(unknown),
      fuse_unknown_(fuse_unknown) {
  ids_.reserve(merges.size());
  for (const Merge& merge : merges) {
    const_cast<Entry&>(find(merge.left, merge.right)) = {merge.left, merge.right, static_cast<int32_t>(ids_.size())};
    ids_.push_back(merge.id);
  }
}

// The entry of the pair, or the empty one where it would stand.
const BytePairs::Entry& BytePairs::find(int32_t left, int32_t right) const {
  const size_t mask = table_.size() - 1;
  // Odd constants of no meaning; the high bits of the product depend on all bits of both.
  const uint64_t hash = (static_cast<uint64_t>(left) << 32 | static_cast<uint32_t>(right)) * 0x9e3779b97f4a7c15u;
  for (size_t at = static_cast<size_t>(hash >> 32) & mask;; at = (at + 1) & mask) {
    const Entry& entry = table_[at];
    if (entry.rank < 0 || (entry.left == left && entry.right == right)) return entry;
  }
}

// Puts the merge of a symbol with the next on the heap, if there is one: lowest rank first, then leftmost.
void BytePairs::push(Word& word, int32_t left) const {
  const Symbol& symbol = word.symbols[static_cast<size_t>(left)];
  const int32_t rank = find(symbol.id, word.symbols[static_cast<size_t>(symbol.next)].id).rank;
  if (rank < 0) return;
  word.heap.push_back(static_cast<uint64_t>(rank) << 32 | static_cast<uint32_t>(left));
  std::push_heap(word.heap.begin(), word.heap.end(), std::greater<>());
}

void BytePairs::cut(std::string_view bytes, Word& word) const {
  std::vector<Symbol>& symbols = word.symbols;
  symbols.clear();
  word.heap.clear();
  bool fuse = false;  // the last symbol is an unknown one that takes more
  for (size_t at = 0; at < bytes.size(); ++at) {
    int32_t id = byte_ids_[static_cast<uint8_t>(bytes[at])];
    const bool unknown = id < 0;
    if (unknown) id = unknown_;
    const auto byte = static_cast<int32_t>(at), index = static_cast<int32_t>(symbols.size());
    if (unknown && fuse) {
      symbols.back().last = byte;
    } else if (id >= 0) {
      if (index > 0) symbols.back().next = index;
      symbols.push_back({id, byte, byte, index - 1, -1});
      fuse = unknown && fuse_unknown_;
    }
  }
  for (size_t i = 0; i + 1 < symbols.size(); ++i) push(word, static_cast<int32_t>(i));
  while (!word.heap.empty()) {
    const uint64_t top = word.heap.front();
    std::pop_heap(word.heap.begin(), word.heap.end(), std::greater<>());
    word.heap.pop_back();
    const auto at = static_cast<int32_t>(top & 0xffffffff);
    Symbol& left = symbols[static_cast<size_t>(at)];
    // Merged away, or nothing stands behind it any more.
    if (left.id < 0 || left.next < 0) continue;
    Symbol& right = symbols[static_cast<size_t>(left.next)];
    // What stands there now may be another pair; as in the reference, it is merged now if that makes the same token.
    const int32_t rank = find(left.id, right.id).rank, id = ids_[static_cast<size_t>(top >> 32)];
    if (rank < 0 || ids_[static_cast<size_t>(rank)] != id) continue;
    left.id = id;
    left.last = right.last;
    left.next = right.next;
    right.id = -1;
    if (left.next >= 0) {
      symbols[static_cast<size_t>(left.next)].previous = at;
      push(word, at);
    }
    if (left.previous >= 0) push(word, left.previous);
  }
}

}  // namespace squeezebert
