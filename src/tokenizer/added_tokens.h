// Tokens that are found in the text itself, before anything else looks at it: "[MASK]" and what a user has added.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace squeezebert {

struct AddedToken {
  int32_t id = 0;
  std::u16string content;
  bool single_word = false;  // only where no word character touches it
  bool lstrip = false;       // takes the white space before it
  bool rstrip = false;       // and after it
  bool normalized = false;   // looked for in the normalised text
  bool special = false;      // left out when decoding without special tokens
};

class AddedTokens {
 public:
  AddedTokens() = default;
  explicit AddedTokens(std::vector<AddedToken> tokens);

  struct Match {
    const AddedToken* token;
    size_t start, end;  // UTF-16 units, with the white space that it takes
  };

  // The leftmost matches, of those that begin at one place the longest, without overlap.
  std::vector<Match> find(std::u16string_view text) const;

  bool empty() const { return tokens_.empty(); }

 private:
  std::vector<AddedToken> tokens_;  // the longest first
  std::array<bool, 256> begins_ = {};  // by a unit's lower byte: most text contains no unit that begins a token
};

}  // namespace squeezebert
