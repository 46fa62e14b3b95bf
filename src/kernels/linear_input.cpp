#include "linear_input.h"

namespace squeezebert {

bool LinearInput::reserve_codes(size_t rows, size_t groups, size_t depth) {
  const uint64_t ranges = uint64_t{rows} * groups;
  return codes_.reserve(ranges * quads(depth) * kQuad) && scales_.reserve(ranges) && minima_.reserve(ranges);
}

CodedRows LinearInput::codes(size_t groups, size_t group, size_t first) {
  const size_t depth = columns(x_) / groups, width = quads(depth) * kQuad;
  if (groups_ != groups) {
    size_t range = 0;
    for (size_t r = 0; r < squeezebert::rows(x_); ++r) {
      for (size_t g = 0; g < groups; ++g, ++range)
        round_inputs(row(x_, r) + g * depth, depth, codes_.data() + range * width, scales_[range], minima_[range]);
    }
    groups_ = groups;
  }
  const size_t range = first * groups + group;
  return {codes_.data() + range * width, groups * width, scales_.data() + range, minima_.data() + range, groups};
}

}  // namespace squeezebert
