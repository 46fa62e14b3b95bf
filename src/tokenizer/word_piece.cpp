#include "word_piece.h"

#include <algorithm>

#include "utf.h"

namespace squeezebert {

void Word::clear() {
  bytes.clear();
  points.clear();
  count = 0;
}

void Word::append(char32_t code, int32_t from, int32_t to, int32_t limit) {
  if (count == 0) start = from;
  end = to;
  // Longer than any word that can be cut: a megabyte without a space costs no memory.
  if (count > limit) return;
  ++count;
  append_utf8(bytes, code);
  points.push_back({static_cast<int32_t>(bytes.size()), from, to});
}

WordPiece::WordPiece(const std::deque<std::string>& tokens, const Settings& settings)
    : settings_(settings), beginning_(tokens.size()), continuing_(tokens.size() / 4) {
  const std::string_view prefix = settings_.continuing_prefix;
  for (size_t id = 0; id < tokens.size(); ++id) {
    const std::string_view token = tokens[id];
    if (token.empty()) continue;
    longest_ = std::max(longest_, token.size());
    beginning_.set(token, static_cast<int32_t>(id));
    if (token.starts_with(prefix)) continuing_.set(token.substr(prefix.size()), static_cast<int32_t>(id));
  }
  unknown_id_ = beginning_.find(settings_.unknown);
}

void WordPiece::cut(Word& word, std::vector<Piece>& pieces) const {
  std::vector<uint32_t>& hashes = word.hashes;
  if (word.count > settings_.max_word) {
    pieces.push_back({unknown_id_, word.start, word.end});
    return;
  }
  const size_t before = pieces.size();
  const std::string_view bytes = word.bytes;
  size_t first = 0, begin = 0;  // index of the point and of the byte where the next piece begins
  while (first < word.points.size()) {
    const TextTable& table = first == 0 ? beginning_ : continuing_;
    // One pass hashes all prefixes; the longest that is a token counts, and mostly that is the first one tried.
    hashes.clear();
    Hash hash;
    size_t byte = begin;
    for (size_t last = first; last < word.points.size(); ++last) {
      const size_t end_byte = static_cast<size_t>(word.points[last].end_byte);
      if (end_byte - begin > longest_) break;
      for (; byte < end_byte; ++byte) hash.add(bytes[byte]);
      hashes.push_back(hash.value);
    }
    int32_t id = -1;
    size_t best = first;
    for (size_t points = hashes.size(); points-- > 0 && id < 0;) {
      best = first + points;
      id = table.find(bytes.substr(begin, static_cast<size_t>(word.points[best].end_byte) - begin), hashes[points]);
    }
    if (id < 0) {
      pieces.resize(before);
      pieces.push_back({unknown_id_, word.start, word.end});
      return;
    }
    pieces.push_back({id, word.points[first].start, word.points[best].end});
    begin = static_cast<size_t>(word.points[best].end_byte);
    first = best + 1;
  }
}

}  // namespace squeezebert
