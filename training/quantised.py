"""Word embeddings as they ship, in half a byte a weight, for training that knows what rounding will do to them (Jacob et al. 2018)."""
import torch

GROUP, LEAST, MOST = 32, -8, 7     # weights that share a step; codes
MOST_MULTIPLIER = 15               # a step is a whole multiple of the row's scale
SMALLER = 6                        # steps that are tried: one that cuts the largest weight off rounds the others more finely


def q4(weights, again=False):
    """Rows of a table as encode_q4() in src/kernels/codes.cpp rounds them. again: so that rounding the result changes nothing more,
    for which a row's largest weight has to stay: it sets the scale."""
    groups = weights.view(len(weights), -1, GROUP)
    largest = groups.abs().amax(2, keepdim=True)
    scale = (largest.amax(1, keepdim=True) / (8 * MOST_MULTIPLIER)).clamp(min=1e-30)
    holds = (largest / (7 * scale)).ceil().clamp(1, MOST_MULTIPLIER)
    least = torch.full_like(largest, torch.inf)
    result = torch.zeros_like(groups)
    first = groups.abs() == largest.amax(1, keepdim=True) if again else None
    for smaller in range(SMALLER):
        for sign in (1, -1):
            step = sign * (holds - smaller).clamp(min=1) * scale
            rounded = (groups / step).clamp(LEAST, MOST).round() * step
            error = (rounded - groups).square().sum(2, keepdim=True)
            if again:  # the largest of each row where it was, and no step that would not be among those tried for the result
                moved = (first & ((rounded - groups).abs() > 0.5 * scale)).any(2, keepdim=True)
                missed = rounded.abs().amax(2, keepdim=True) <= 7 * (step.abs() - scale) * (1 + 1e-6)
                error += (moved | missed & (groups != 0).any(2, keepdim=True)) * 1e9
            result = torch.where(error < least, rounded, result)
            least = torch.minimum(error, least)
    return result.view_as(weights)


def words(table, ids):
    """Rows `ids` of the table, rounded; gradients pass as if they were not."""
    rows, places = ids.unique(return_inverse=True)
    exact = table[rows]
    with torch.no_grad():
        off = q4(exact) - exact
    return (exact + off)[places]
