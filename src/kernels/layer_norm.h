// Layer normalisation over the channels of each row (Ba et al. 2016).
#pragma once

#include <cstddef>

#include "../tensor/matrix.h"

namespace squeezebert {

// x[rows, channels] := gain * (s - mean(s)) / sqrt(var(s) + eps) + bias, with s = x + residual, row by row.
// residual: a matrix of the same shape, or one with 0 rows for none. gain, bias [channels]. Variance is the biased one.
void layer_norm(Matrix<float>& x, const Matrix<const float>& residual, const float* gain, const float* bias, float eps);

}  // namespace squeezebert
