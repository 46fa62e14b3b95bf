#include "windows.h"

#include <algorithm>

namespace squeezebert {

Result<std::vector<Window>> windows(int32_t length, int32_t max_length, int32_t stride, Direction direction) {
  if (length <= max_length) return std::vector<Window>{{0, length}};
  if (max_length == 0) return std::vector<Window>{{0, 0}, {0, length}};
  if (stride < 0 || stride >= max_length)
    return Error{ErrorCode::INVALID_ARGUMENT, {"stride ", stride, " is not below the ", max_length, " tokens that a window has room for"}};
  const int32_t step = max_length - stride;
  std::vector<Window> out;
  if (direction == Direction::right) {
    for (int32_t first = 0;; first += step) {
      out.push_back({first, std::min(length, first + max_length)});
      if (out.back().last == length) return out;
    }
  }
  for (int32_t last = length;; last -= step) {
    out.push_back({std::max(0, last - max_length), last});
    if (out.back().first == 0) return out;
  }
}

Result<std::pair<int32_t, int32_t>> shares(int32_t first, std::optional<int32_t> second, int32_t max_length,
                                           TruncationStrategy strategy) {
  const int32_t total = first + second.value_or(0), excess = total - max_length;
  if (excess <= 0) return std::pair{first, second.value_or(0)};
  if (max_length == 0) return std::pair{0, 0};
  switch (strategy) {
    case TruncationStrategy::longest_first: {
      if (!second) return std::pair{max_length, 0};
      // The shorter text keeps everything as long as it has at most half; the steps are the reference's.
      int32_t shorter = std::min(first, *second), longer = 0;
      longer = shorter > max_length ? shorter : std::max(shorter, max_length - shorter);
      if (shorter + longer > max_length) {
        shorter = max_length / 2;
        longer = shorter + max_length % 2;
      }
      return first <= *second ? std::pair{shorter, longer} : std::pair{longer, shorter};
    }
    case TruncationStrategy::only_first:
      if (first > excess) return std::pair{first - excess, second.value_or(0)};
      return Error{ErrorCode::INVALID_ARGUMENT, {"truncation 'only_first': the first text is too short to be cut by ", excess, " tokens"}};
    case TruncationStrategy::only_second:
      if (!second) return Error{ErrorCode::INVALID_ARGUMENT, {"truncation 'only_second' without a second text"}};
      if (*second > excess) return std::pair{first, *second - excess};
      return Error{ErrorCode::INVALID_ARGUMENT, {"truncation 'only_second': the second text is too short to be cut by ", excess, " tokens"}};
  }
  return Error{ErrorCode::INTERNAL, {"truncation strategy"}};
}

}  // namespace squeezebert
