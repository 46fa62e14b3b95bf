#include "added_tokens.h"

#include <algorithm>

#include "unicode.h"
#include "utf.h"

#include "../sort.h"

namespace squeezebert {
namespace {

// \w: letters, digits, marks and the underscore. Beyond ASCII: whatever neither separates nor punctuates.
bool is_word_unit(char16_t unit) {
  if (unit < 0x80)
    return (unit >= '0' && unit <= '9') || (unit >= 'a' && unit <= 'z') || (unit >= 'A' && unit <= 'Z') || unit == '_';
  return !unicode::is_white_space(unit) && !unicode::is_punctuation(unit) && !unicode::is_control(unit);
}

}  // namespace

AddedTokens::AddedTokens(std::vector<AddedToken> tokens) : tokens_(std::move(tokens)) {
  std::erase_if(tokens_, [](const AddedToken& token) { return token.content.empty(); });
  heap_sort(tokens_.begin(), tokens_.end(), [](const AddedToken& a, const AddedToken& b) {
    return a.content.size() != b.content.size() ? a.content.size() > b.content.size() : a.id < b.id;
  });
  for (const AddedToken& token : tokens_) begins_[token.content[0] & 0xff] = true;
}

std::vector<AddedTokens::Match> AddedTokens::find(std::u16string_view text) const {
  std::vector<Match> matches;
  if (tokens_.empty()) return matches;
  size_t taken = 0;  // end of the last match
  for (size_t at = 0; at < text.size();) {
    if (!begins_[text[at] & 0xff]) {
      ++at;
      continue;
    }
    const std::u16string_view rest = text.substr(at);
    const auto token = std::find_if(tokens_.begin(), tokens_.end(),
                                    [rest](const AddedToken& entry) { return rest.starts_with(entry.content); });
    if (token == tokens_.end()) {
      ++at;
      continue;
    }
    size_t start = at, end = at + token->content.size();
    at = end;
    // White space that the last match took may reach into this one; then that match has it.
    if (start < taken) continue;
    if (token->single_word &&
        ((start > 0 && is_word_unit(text[start - 1])) || (end < text.size() && is_word_unit(text[end]))))
      continue;
    if (token->lstrip)
      while (start > taken && unicode::is_white_space(text[start - 1])) --start;
    if (token->rstrip)
      while (end < text.size() && unicode::is_white_space(text[end])) ++end;
    matches.push_back({&*token, start, end});
    taken = end;
  }
  return matches;
}

}  // namespace squeezebert
