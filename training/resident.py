"""Texts that lie on the training device whole, and batches drawn there: for a GPU, which a processor's batches (mixture.py) keep waiting.

A batch is rows of one length, as many tokens in every batch; its texts are those of about that length.
"""
import numpy
import torch

import data
import label
import tokenization
from mixture import held_back

LENGTHS = (16, 24, 32, 48, 64, 96, 128, 256)  # tokens of a row, [CLS] and [SEP] too
TOKENS = 24576  # a batch's are a multiple of this, which every length divides


class Table:
    """Every text of every source: which of `ids` are its tokens, its label (-1: none), its source (an index into `names`), the
    class of the review that it is a sentence of (label.documents)."""

    def __init__(self, texts):
        self.names, parts, at = [], [], 0
        ids = []
        for name, part in texts.items():
            parts.append((part.offsets[:-1] + at, numpy.diff(part.offsets), part.labels.astype(numpy.int64), name))
            ids.append(part.ids)
            at += len(part.ids)
        self.ids = numpy.concatenate(ids)
        self.first, self.length, self.labels = (numpy.concatenate([p[i] for p in parts]) for i in range(3))
        self.names = [p[3] for p in parts]
        self.source = numpy.repeat(numpy.arange(len(parts)), [len(p[0]) for p in parts])
        self.held_back = numpy.concatenate([[held_back(name, i) for i in range(len(first))] for first, _, _, name in parts])
        self.review = numpy.zeros((len(self.first), 2))

    def __len__(self):
        return len(self.first)

    def rows(self, name):
        return numpy.flatnonzero(self.source == self.names.index(name))

    def cut_into_sentences(self, texts, vocabulary, soft, name="sentences"):
        """One more source: the sentences of the reviews, except of held-back ones. They have no labels."""
        first, length, review = [], [], []
        for source in label.SOURCES:
            begin = self.first[self.rows(source)[0]]
            starts, lengths, of = label.cut(texts[source], vocabulary)
            known = label.documents(texts, source, soft)[of]
            good = (lengths >= label.SHORTEST) & (lengths <= label.LONGEST) & known.any(1)
            first.append(starts[good] + begin)
            length.append(lengths[good])
            review.append(known[good])
        count = sum(map(len, first))
        self.first, self.length = numpy.concatenate([self.first, *first]), numpy.concatenate([self.length, *length])
        self.review = numpy.concatenate([self.review, *review])
        self.labels = numpy.concatenate([self.labels, numpy.full(count, -1)])
        self.source = numpy.concatenate([self.source, numpy.full(count, len(self.names))])
        self.held_back = numpy.concatenate([self.held_back, numpy.zeros(count, dtype=bool)])
        self.names.append(name)


class Resident:
    """The table on a device; soft [texts, 3]: a teacher's probabilities, zeros where there are none."""

    def __init__(self, table, device):
        self.table, self.device = table, device
        self.ids = torch.from_numpy(table.ids.astype(numpy.int32)).to(device)
        self.first, self.length, self.labels = (torch.from_numpy(a).to(device) for a in (table.first, table.length, table.labels))
        self.soft = torch.zeros(len(table), 3, device=device)
        self.shortest = numpy.searchsorted(LENGTHS, numpy.minimum(table.length + 2, LENGTHS[-1]))  # which of LENGTHS holds a text

    def learn_from(self, soft):
        """soft: {source: a teacher's probabilities for its texts}"""
        for name, p in soft.items():
            self.soft[torch.from_numpy(self.table.rows(name)).to(self.device)] = p.to(self.device)

    def rows(self, texts, length, whole=False):
        """(ids [texts * length], there): a row for each text, one that is too long cut at its beginning, its end or anywhere; whole:
        at its end."""
        room = length - 2
        size = self.length[texts].clamp(max=room)
        over = (self.length[texts] - size).float()
        where = torch.rand(len(texts), 2, device=self.device)
        start = over * (where[:, 0] * 3).floor().sub(1).clamp(min=0)  # thirds: 0, 0 and the end
        start = torch.where(where[:, 0] < 1 / 3, over * where[:, 1], start).long() * (not whole)
        place = torch.arange(length, device=self.device)
        at = self.first[texts, None] + start[:, None] + place - 1
        ids = self.ids[at.clamp(min=0, max=len(self.ids) - 1)].long()
        end = size[:, None] + 1
        ids = torch.where(place == end, tokenization.SEP, ids.masked_fill(place > end, tokenization.PAD))
        ids[:, 0] = tokenization.CLS
        return ids.view(-1), (place <= end).view(-1)


class Draw:
    """Batches of `tokens` tokens, the sources by their shares of the tokens; keep: {(source, label): share of those texts};
    taught: only texts that have a label or a teacher's opinion."""

    def __init__(self, resident, shares, tokens, keep, seed, taught=False):
        table, self.resident, self.tokens = resident.table, resident, tokens
        chance = numpy.zeros(len(table))
        cut = numpy.minimum(table.length, LENGTHS[-1] - 2) + 2
        useful = ~table.held_back
        if taught:
            useful &= ((resident.labels >= 0) | (resident.soft.sum(1) > 0)).cpu().numpy()
        for name in shares.keys() & set(table.names):
            share, rows = shares[name], table.rows(name)
            weight = useful[rows].astype(numpy.float64)
            for (source, of), part in keep.items():
                if source == name:
                    weight[table.labels[rows] == of] *= part
            chance[rows] = share * weight / (weight * cut[rows]).sum()
        self.texts, self.until, mass = [], [], []
        for i, length in enumerate(LENGTHS):
            rows = numpy.flatnonzero((resident.shortest == i) & (chance > 0))
            self.texts.append(torch.from_numpy(rows).to(resident.device))
            self.until.append(torch.from_numpy(chance[rows].cumsum()).to(resident.device))
            mass.append(chance[rows].sum() * length)
        self.mass = numpy.array(mass) / sum(mass)
        self.random = numpy.random.default_rng(seed)

    def batch(self):
        """(texts [rows], length, ids [tokens], there [tokens])"""
        i = int(self.random.choice(len(LENGTHS), p=self.mass))
        until, count = self.until[i], self.tokens // LENGTHS[i]
        drawn = torch.rand(count, device=self.resident.device, dtype=torch.float64) * until[-1]
        texts = self.texts[i][torch.searchsorted(until, drawn, right=True).clamp(max=len(until) - 1)]
        return texts, LENGTHS[i], *self.resident.rows(texts, LENGTHS[i])


def batches_of_all(resident, rows, tokens):
    """(texts, length, ids, there) until every one of `rows` was there; the last batch of a length is filled up."""
    for i, length in enumerate(LENGTHS):
        mine, count = rows[resident.shortest[rows] == i], tokens // length
        for start in range(0, len(mine), count):
            texts = torch.from_numpy(numpy.resize(mine[start:start + count], count)).to(resident.device)
            yield texts, min(count, len(mine) - start), length, *resident.rows(texts, length, whole=True)
