// Cutting token sequences to a length, and the further windows that the cut leaves over.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "tokenizer.h"

namespace squeezebert {

// Half-open range of tokens.
struct Window {
  int32_t first = 0, last = 0;
  int32_t size() const { return last - first; }
};

// The windows of `length` tokens cut to `max_length`, neighbours sharing `stride`: the one that is kept, then those left
// over. For Direction::left the kept one is the last. A single window where nothing is cut.
// Errors: INVALID_ARGUMENT where the stride is not below max_length.
Result<std::vector<Window>> windows(int32_t length, int32_t max_length, int32_t stride, Direction direction);

// How many tokens the first and the second text may keep so that together they have at most `max_length`.
// Errors: INVALID_ARGUMENT for only_first or only_second where that text would have nothing left or is not there.
Result<std::pair<int32_t, int32_t>> shares(int32_t first, std::optional<int32_t> second, int32_t max_length,
                                           TruncationStrategy strategy);

}  // namespace squeezebert
