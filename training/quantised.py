"""Word embeddings as they ship, in half a byte a weight, for training that knows what rounding will do to them (Jacob et al. 2018)."""
import torch

GROUP, LEAST, MOST = 32, -8, 7     # weights that share a step; codes
CUT = (7, 7.3, 7.7, 8, 8.5, 9)     # the largest weight in steps: a step that cuts it off rounds the others more finely


def q4(weights):
    """Rows of a table as src/kernels/codes.cpp rounds them, but for its steps, which are whole shares of the largest weight of the row."""
    groups = weights.view(len(weights), -1, GROUP)
    largest = groups.abs().amax(2, keepdim=True).clamp(min=1e-9)
    least = result = None
    for steps in CUT:
        for sign in (1, -1):
            step = sign * largest / steps
            rounded = (groups / step).round().clamp(LEAST, MOST) * step
            error = (rounded - groups).square().sum(2, keepdim=True)
            result = rounded if least is None else torch.where(error < least, rounded, result)
            least = error if least is None else torch.minimum(error, least)
    return result.view_as(weights)


def words(table, ids):
    """Rows `ids` of the table, rounded; gradients pass as if they were not."""
    rows, places = ids.unique(return_inverse=True)
    exact = table[rows]
    with torch.no_grad():
        off = q4(exact) - exact
    return (exact + off)[places]
