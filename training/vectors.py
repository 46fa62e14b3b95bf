"""First word vectors for the embedding table, from plain text: singular vectors of the positive pointwise mutual information
of tokens and their neighbours (Levy and Goldberg 2014). Minutes instead of the hours of a pretraining, and a small model
that starts from them knows related words before it has seen a label.
"""
import lzma

import torch

import data

WINDOW = 4             # neighbours to each side; one at distance d counts 1 / d
SMOOTHING = 0.75       # exponent of the neighbours' frequencies
SCALE = 0.3            # root mean square of the vectors: large against a training step, so that they keep their shape
PLAIN = {"imdb_unsup": 60000, "books": 60000, "wiki": 40000, "dialogue": 12000}  # lines; licence classes O and R


def token_streams(pieces, examples):
    """Tensors of token ids; neighbours never reach from one into the next."""
    for ids, _ in examples:
        yield ids
    for name, most in PLAIN.items():
        with lzma.open(data.SHARED / "pretrain" / f"{name}.txt.xz", "rt", encoding="utf-8", newline="\n") as file:
            for index, line in enumerate(file):
                if index == most:
                    break
                yield pieces.encode(line)


def train(pieces, examples, size, log=print):
    """Vectors [vocabulary, size]; rows of special tokens are random."""
    vocabulary = len(pieces.vocabulary)
    counts = torch.zeros(vocabulary * vocabulary)
    block, length, tokens = [], 0, 0

    def add(block):
        # -1 between texts
        stream = torch.tensor([i for ids in block for i in ids + [-1] * WINDOW])
        for distance in range(1, WINDOW + 1):
            a, b = stream[:-distance], stream[distance:]
            good = (a >= 0) & (b >= 0)
            pairs = a[good] * vocabulary + b[good]
            counts.index_add_(0, pairs, torch.full((len(pairs),), 1 / distance))

    for ids in token_streams(pieces, examples):
        block.append(ids)
        length += len(ids)
        tokens += len(ids)
        if length > 2_000_000:
            add(block)
            block, length = [], 0
    add(block)
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
