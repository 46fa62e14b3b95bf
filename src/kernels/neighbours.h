// A depthwise convolution over neighbouring tokens: what a word is often shows in the one beside it.
#pragma once

#include <cstdint>
#include <span>

#include "../tensor/matrix.h"
#include "activation.h"

namespace squeezebert {

// In place, for every text: y[t, c] = activation(w[c, 0] z[t - 1, c] + w[c, 1] z[t, c] + w[c, 2] z[t + 1, c]), where z is
// zero before the first token and after the last.
// z [tokens of all texts, channels]; lengths: of each text, adding up to the rows; taps [channels, 3].
void convolve_neighbours(Matrix<float>& z, std::span<const int32_t> lengths, const float* taps, Activation activation);

}  // namespace squeezebert
