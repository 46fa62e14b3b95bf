"""Stage 1: every text as token ids. Vocabulary -> runs/corpus.pt.

python3 corpus.py

A source is one file of the data pack (licence classes O and R); `Corpus.texts[name]` holds its token ids one after the other.
"""
import collections
import lzma
import multiprocessing
import random
import time

import numpy
import torch

import data
import tokenization
from journal import RUNS, log

VOCABULARY = 11000
PLAIN = {"imdb_unsup": None, "books": 90000, "wiki": 60000, "dialogue": 12000}  # lines of plain text for the vocabulary, at most
FILE = RUNS / "corpus.pt"
MORE = RUNS / "augmented.pt"  # what augment.py makes
TAUGHT = RUNS / "labelled.pt"  # what label.py makes


class Texts:
    """ids [tokens] uint16, offsets [texts + 1], labels [texts] int8 (-1: none), doc: what a split source came from."""

    def __init__(self, ids, offsets, labels):
        self.ids, self.offsets, self.labels = ids, offsets, labels

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        return self.ids[self.offsets[i]:self.offsets[i + 1]]


def packed(rows):
    """[(token ids, label)] -> Texts"""
    offsets = numpy.zeros(len(rows) + 1, dtype=numpy.int64)
    numpy.cumsum([len(ids) for ids, _ in rows], out=offsets[1:])
    flat = numpy.fromiter((i for ids, _ in rows for i in ids), dtype=numpy.uint16, count=int(offsets[-1]))
    return Texts(flat, offsets, numpy.array([label for _, label in rows], dtype=numpy.int8))


def plain_lines(name, most=None):
    with lzma.open(data.SHARED / "pretrain" / f"{name}.txt.xz", "rt", encoding="utf-8", newline="\n") as file:
        for index, line in enumerate(file):
            if index == most:
                break
            yield line.rstrip("\n")


def labelled(name):
    """[(text, label)]; SST's sentences in the treebank's spelling too ("do n't"), as GLUE publishes them."""
    rows = [(r["text"], data.LABELS[r["label"]]) for r in data.rows(data.SHARED / "train" / f"{name}.tsv.xz")
            if r["label"] in data.LABELS]
    return rows


def _count(name):
    counts = collections.Counter()
    texts = plain_lines(name, PLAIN[name]) if name in PLAIN else (text for text, _ in labelled(name))
    for text in texts:
        counts.update(tokenization.words(text))
    return counts


def _encode(task):
    name, vocabulary = task
    pieces = tokenization.WordPiece(vocabulary)
    if name in PLAIN:
        return name, packed([(pieces.encode(line), -1) for line in plain_lines(name)])
    rng = random.Random(1)
    spelled = lambda text: data.treebank(text) if name.startswith("sst5") and rng.random() < 0.5 else text
    return name, packed([(pieces.encode(spelled(text)), label) for text, label in labelled(name)])


def make():
    names = [*data.TRAIN, *PLAIN]
    start = time.time()
    with multiprocessing.Pool(2) as pool:
        total = collections.Counter()
        for name, counts in zip(names, pool.imap(_count, names)):
            weight = 1.0 if name in data.TRAIN else 0.5  # the labelled texts are what the model is for
            for word, count in counts.items():
                total[word] += count * weight
        log(f"{len(total)} words counted in {time.time() - start:.0f} s")
        vocabulary = tokenization.train({w: int(n) for w, n in total.items() if n >= 3}, VOCABULARY, log=log)
        log(f"vocabulary made after {time.time() - start:.0f} s")
        texts = dict(pool.imap(_encode, [(name, vocabulary) for name in names], chunksize=1))
    log(f"{sum(len(t.ids) for t in texts.values()) / 1e6:.1f} million tokens in {sum(map(len, texts.values()))} texts")
    torch.save({"vocabulary": vocabulary, "texts": {n: (t.ids, t.offsets, t.labels) for n, t in texts.items()}}, FILE)


def load():
    """(vocabulary, {source: Texts}), with the augmented sources when there are some."""
    saved = torch.load(FILE, weights_only=False)
    texts = {**saved["texts"], **(torch.load(MORE, weights_only=False) if MORE.exists() else {})}
    if TAUGHT.exists():
        texts.update(torch.load(TAUGHT, weights_only=False)["texts"])
    return saved["vocabulary"], {name: Texts(*parts) for name, parts in texts.items()}


if __name__ == "__main__":
    make()
