"""First word vectors for the embedding table, from plain text: singular vectors of the positive pointwise mutual information
of tokens and their neighbours (Levy and Goldberg 2014). A minute instead of hours of pretraining, and a small model that
starts from them knows related words before it has seen a label.
"""
import torch

WINDOW = 4             # neighbours to each side; one at distance d counts 1 / d
SMOOTHING = 0.75       # exponent of the neighbours' frequencies
SCALE = 0.3            # root mean square of the vectors: large against a training step, so that they keep their shape


def train(texts, vocabulary, size, log=print):
    """texts: corpus.Texts of every source. Vectors [vocabulary, size]; rows of tokens that never occur are random."""
    counts = torch.zeros(vocabulary * vocabulary)
    tokens = 0
    for part in texts:
        ids = torch.from_numpy(part.ids.astype("int64"))
        tokens += len(ids)
        # Neighbours never reach from one text into the next: each token's text, to compare.
        text = torch.repeat_interleave(torch.arange(len(part)), torch.from_numpy(part.offsets).diff())
        for distance in range(1, WINDOW + 1):
            for start in range(0, len(ids) - distance, 4_000_000):
                a = slice(start, min(start + 4_000_000, len(ids) - distance))
                b = slice(a.start + distance, a.stop + distance)
                same = text[a] == text[b]
                pairs = ids[a][same] * vocabulary + ids[b][same]
                counts.index_add_(0, pairs, torch.full((len(pairs),), 1 / distance))
    log(f"neighbours of {tokens / 1e6:.1f} million tokens counted")
    matrix = counts.view(vocabulary, vocabulary)
    matrix = matrix + matrix.T
    total = matrix.sum()
    rows = matrix.sum(1, keepdim=True) / total
    columns = matrix.sum(0, keepdim=True) ** SMOOTHING
    columns = columns / columns.sum()
    information = torch.log(matrix / total / (rows * columns + 1e-30) + 1e-30).clamp_(min=0)
    torch.manual_seed(1)
    left, values, _ = torch.svd_lowrank(information, q=size + 20, niter=4)
    vectors = left[:, :size] * values[:size].sqrt()
    vectors = vectors / vectors.pow(2).mean(1, keepdim=True).sqrt().clamp(min=1e-6) * SCALE
    unseen = rows[:, 0] == 0
    vectors[unseen] = torch.randn(int(unseen.sum()), size) * SCALE
    log("word vectors made")
    return vectors


def nearest(vectors, pieces, word, count=8):
    """For looking at them."""
    unit = vectors / vectors.norm(dim=1, keepdim=True)
    return [pieces.vocabulary[i] for i in (unit @ unit[pieces.ids[word]]).topk(count + 1).indices[1:].tolist()]
