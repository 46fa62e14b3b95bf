"""Batches of texts packed one after the other, drawn from many sources by shares of tokens. Nothing is padded."""
import numpy
import torch

import tokenization

HELD_BACK = 50  # every fiftieth labelled text (of sources whose texts occur nowhere else) is never trained on
OWN_TEXTS = {"dynasent_r1_dev", "imdb_train", "amazon5", "semeval_tweets", "tweet_extraction", "goemotions", "newsmtsc",
             "senti4sd"}


def held_back(name, index):
    return name in OWN_TEXTS and index % HELD_BACK == 7


class Mixture:
    """shares: {source: share of the tokens}; keep: {(source, label): share of those texts}; soft: {source: probabilities}."""

    def __init__(self, texts, shares, window, tokens, soft=None, keep=None, seed=1):
        self.names = [n for n in shares if shares[n] > 0]
        self.texts = [texts[n] for n in self.names]
        self.window, self.tokens, self.seed = window, tokens, seed
        self.soft = [(soft or {}).get(n) for n in self.names]
        rng = numpy.random.default_rng(seed)
        self.rows = []
        for name, t in zip(self.names, self.texts):
            rows = numpy.array([i for i in range(len(t)) if not held_back(name, i)])
            for (source, label), share in (keep or {}).items():
                if source == name:
                    rows = rows[(t.labels[rows] != label) | (rng.random(len(rows)) < share)]
            self.rows.append(rows)
        mean = [numpy.minimum(numpy.diff(t.offsets)[r], window - 2).mean() + 2 for t, r in zip(self.texts, self.rows)]
        chance = numpy.array([shares[n] for n in self.names]) / numpy.array(mean)
        self.chance = chance / chance.sum()
        self.state = {"batch": 0, "taken": [0] * len(self.names)}
        self.orders = {}

    def _next(self, s):
        """The next text of a source, shuffled anew at each pass over it."""
        turn, at = divmod(self.state["taken"][s], len(self.rows[s]))
        if self.orders.get(s, (None,))[0] != turn:
            rng = numpy.random.default_rng([self.seed, s, turn])
            self.orders[s] = turn, rng.permutation(self.rows[s])
        self.state["taken"][s] += 1
        return self.orders[s][1][at]

    def batch(self):
        """ids [tokens], offsets [texts + 1], labels [texts] (-1: none), soft [texts, 3] (rows of zeros: none)."""
        rng = numpy.random.default_rng([self.seed, 1000003, self.state["batch"]])
        self.state["batch"] += 1
        parts, offsets, labels, soft, room = [], [0], [], [], self.window - 2
        sources = iter(rng.choice(len(self.names), size=4096, p=self.chance))
        total = 0
        while True:
            s = next(sources)
            index = self._next(s)
            ids = self.texts[s][index]
            if len(ids) > room:
                start = (0, len(ids) - room, int(rng.integers(len(ids) - room)))[int(rng.integers(3))]
                ids = ids[start:start + room]
            parts += ([tokenization.CLS], ids, [tokenization.SEP])
            total += len(ids) + 2
            offsets.append(total)
            labels.append(self.texts[s].labels[index])
            soft.append(self.soft[s][index] if self.soft[s] is not None else (0.0, 0.0, 0.0))
            if total + room // 2 >= self.tokens:
                break
        return (torch.from_numpy(numpy.concatenate(parts).astype(numpy.int64)), torch.tensor(offsets, dtype=torch.int32),
                torch.tensor(labels, dtype=torch.int64), torch.from_numpy(numpy.array(soft, dtype=numpy.float32)))
