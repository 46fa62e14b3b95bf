// The optional gate of a layer's output.
#pragma once

#include "encoder.h"

namespace squeezebert {

// Squeeze and excitation (Hu et al. 2018): x[t] *= sigmoid(excite(relu(squeeze(mean of x over the text's tokens)))), text by
// text. Masked tokens do not count to the mean. x [tokens, hidden]. Works in the workspace's key, value and context.
// Precondition: the layer has `squeeze` and `excite`.
void excite(const LayerWeights& layer, const Sequences& in, Workspace& work, Matrix<float>& x);

}  // namespace squeezebert
