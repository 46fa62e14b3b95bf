#include "linear_input.h"

#include <algorithm>

#include "../parallel/parallel.h"

namespace squeezebert {

bool LinearInput::reserve_codes(size_t rows, size_t groups, size_t depth) {
  const uint64_t ranges = uint64_t{rows} * groups;
  return codes_.reserve(ranges * quads(depth) * kQuad) && scales_.reserve(ranges) && minima_.reserve(ranges);
}

bool LinearInput::reserve_panels(uint64_t bytes) {
  // Whole cache lines, so that threads share none.
  const uint64_t wanted = std::max<uint64_t>(panel_bytes_, (bytes + 63) / 64 * 64);
  if (!panels_.reserve(wanted * thread_count())) return false;
  panel_bytes_ = static_cast<size_t>(wanted);
  return true;
}

void LinearInput::round(size_t groups) {
  if (groups_ == groups) return;
  groups_ = groups;
  const size_t depth = columns(x_) / groups, width = quads(depth) * kQuad, count = squeezebert::rows(x_);
  parallel((count + kTaskRows - 1) / kTaskRows, [&](size_t task, size_t) {
    const size_t first = task * kTaskRows, end = std::min(count, first + kTaskRows);
    size_t range = first * groups;
    for (size_t r = first; r < end; ++r) {
      for (size_t g = 0; g < groups; ++g, ++range)
        round_inputs(row(x_, r) + g * depth, depth, codes_.data() + range * width, scales_[range], minima_[range]);
    }
  });
}

CodedRows LinearInput::codes(size_t groups, size_t group, size_t first) const {
  const size_t width = quads(columns(x_) / groups) * kQuad, range = first * groups + group;
  return {codes_.data() + range * width, groups * width, scales_.data() + range, minima_.data() + range, groups};
}

}  // namespace squeezebert
