"""Stage 2: the first teacher, a linear classifier over runs of tokens, trained on the labelled texts in a few minutes.

python3 teacher.py     runs/corpus.pt -> runs/teacher.pt: probabilities [texts, 3] for every unlabelled review

It is weaker than the transformer on sentences and stronger on documents, of which it reads every word: its judgement of 49,642
unlabelled film reviews is what the transformer learns from.
"""
import ctypes
import sys

import numpy
import torch

import corpus
import data
import native
import tokenization
from journal import RUNS, log

ORDER, BITS, PASSES, RATE = 3, 22, 4, 0.15
MASK = (1 << BITS) - 1
# Kinds of text, each with weights of its own beside the common ones.
KINDS = {"imdb_train": 0, "imdb_cad": 0, "imdb_unsup": 0, "amazon5": 1, "semeval_tweets": 2, "tweet_extraction": 2,
         "goemotions": 3, "senti4sd": 3, "newsmtsc": 4}  # the others, sentences of reviews: 5
OTHER = 5
FILE = RUNS / "teacher.pt"


def joined(texts, names):
    """Several sources as one: ids, offsets, labels, kinds."""
    ids = numpy.concatenate([texts[n].ids for n in names])
    lengths = numpy.concatenate([numpy.diff(texts[n].offsets) for n in names])
    offsets = numpy.zeros(len(lengths) + 1, dtype=numpy.int64)
    numpy.cumsum(lengths, out=offsets[1:])
    labels = numpy.concatenate([texts[n].labels for n in names])
    kinds = numpy.concatenate([numpy.full(len(texts[n]), KINDS.get(n, OTHER), dtype=numpy.int8) for n in names])
    return ids, offsets, labels, kinds


class Ngrams:
    def __init__(self):
        self.weights = numpy.zeros(((1 << BITS), 3), dtype=numpy.float32)
        self.bias = numpy.zeros((OTHER + 1, 3), dtype=numpy.float32)
        self.library = native.load("ngram.cpp")
        self.library.ngram_pass.restype = ctypes.c_double

    def train(self, ids, offsets, labels, kinds, rows, log=log):
        """rows: which texts to learn from."""
        p = native.pointer
        rng = numpy.random.default_rng(1)
        counts = numpy.ones_like(self.weights)
        rows = rng.permutation(rows).astype(numpy.int64)
        self.library.ngram_count(p(ids), p(offsets), p(labels), p(kinds), p(rows), ctypes.c_int64(len(rows)), ORDER,
                                 ctypes.c_uint32(MASK), p(counts))
        share = numpy.log(counts / counts.sum(0))
        self.weights[:] = 0.3 * (share - share.mean(1, keepdims=True))
        squares, bias_squares = numpy.full_like(self.weights, 0.02), numpy.full_like(self.bias, 1.0)
        for number in range(PASSES):
            rows = rng.permutation(rows)
            loss = self.library.ngram_pass(
                p(ids), p(offsets), p(labels), p(kinds), p(rows), ctypes.c_int64(len(rows)), ORDER, ctypes.c_uint32(MASK),
                ctypes.c_float(RATE), ctypes.c_float(1e-6), p(self.weights), p(squares), p(self.bias), p(bias_squares),
                native.THREADS)
            log(f"n-grams: pass {number + 1}, loss {loss:.4f}")

    def load(self, path):
        saved = torch.load(path)
        self.weights, self.bias = saved["weights"].float().numpy(), saved["bias"].numpy()

    def predict(self, ids, offsets, kinds):
        p, out = native.pointer, numpy.zeros((len(kinds), 3), dtype=numpy.float32)
        self.library.ngram_predict(p(ids), p(offsets), p(kinds), ctypes.c_int64(len(kinds)), ORDER, ctypes.c_uint32(MASK),
                                   p(self.weights), p(self.bias), native.THREADS, p(out))
        return out


def main():
    vocabulary, texts = corpus.load()
    names = list(data.TRAIN)
    ids, offsets, labels, kinds = joined(texts, names)
    source = numpy.concatenate([numpy.full(len(texts[n]), i) for i, n in enumerate(names)])
    rng = numpy.random.default_rng(2)
    drawn = rng.random(len(labels))
    common = (source == names.index("neutral_weak")) & (drawn > 0.1)
    common |= (source == names.index("sst5_phrases")) & (labels == data.NEUTRAL) & (drawn > 0.25)
    rows = numpy.flatnonzero(~common)
    teacher = Ngrams()
    teacher.train(ids, offsets, labels, kinds, rows)

    pieces = tokenization.WordPiece(vocabulary)
    for name, kind in (("imdb_test_2000", 0), ("imdb_cad_test", 0), ("amazon5_1000", 1), ("sst2_dev", OTHER),
                       ("uci_half_a", OTHER), ("tweeteval_val", 2), ("dynasent_r1_test", OTHER)):
        known = [r for r in data.eval_rows(name) if r["label"] in data.LABELS]
        part = corpus.packed([(pieces.encode(r["text"]), data.LABELS[r["label"]]) for r in known])
        p = teacher.predict(part.ids, part.offsets, numpy.full(len(part), kind, dtype=numpy.int8))
        three = (p.argmax(1) == part.labels).mean()
        polar = part.labels != data.NEUTRAL
        two = ((p[:, 2] > p[:, 0]) == (part.labels == data.POSITIVE))[polar].mean()
        log(f"n-grams on {name}: two classes {100 * two:.1f}, three {100 * three:.1f}")
    unlabelled = texts["imdb_unsup"]
    p = teacher.predict(unlabelled.ids, unlabelled.offsets, numpy.zeros(len(unlabelled), dtype=numpy.int8))
    log(f"imdb_unsup: {(p[:, 2] > p[:, 0]).mean():.3f} positive, surest half above {numpy.median(p.max(1)):.3f}")
    torch.save({"soft": {"imdb_unsup": torch.from_numpy(p)}, "weights": torch.from_numpy(teacher.weights).half(),
                "bias": torch.from_numpy(teacher.bias)}, FILE)


if __name__ == "__main__":
    sys.exit(main())
