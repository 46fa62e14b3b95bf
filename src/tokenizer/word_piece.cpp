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

bool WordPiece::cut(std::string_view bytes, const Word::Point* points, size_t count, int32_t start, int32_t index,
                    TextTokens& out) const {
  const size_t before = out.tokens.size();
  const auto end_byte = [points](size_t point) { return points ? static_cast<size_t>(points[point].end_byte) : point + 1; };
  uint32_t hashes[kMostPoints];
  size_t first = 0, begin = 0;  // index of the point and of the byte where the next piece begins
  while (first < count) {
    const TextTable& table = first == 0 ? beginning_ : continuing_;
    // One pass hashes all prefixes; the longest that is a token counts, and mostly that is the first one tried.
    Hash hash;
    size_t byte = begin, known = 0;
    for (size_t last = first; last < count && known < kMostPoints; ++last) {
      const size_t end = end_byte(last);
      if (end - begin > longest_) break;
      for (; byte < end; ++byte) hash.add(bytes[byte]);
      hashes[known++] = hash.value;
    }
    int32_t id = -1;
    size_t best = first;
    while (known-- > 0 && id < 0) {
      best = first + known;
      id = table.find(bytes.substr(begin, end_byte(best) - begin), hashes[known]);
    }
    if (id < 0) {
      while (out.tokens.size() > before) out.tokens.pop_back();
      return false;
    }
    const int32_t from = start + static_cast<int32_t>(first), to = start + static_cast<int32_t>(best) + 1;
    out.add(id, index, points ? Offset{points[first].start, points[best].end} : Offset{from, to});
    begin = end_byte(best);
    first = best + 1;
  }
  return true;
}

}  // namespace squeezebert
