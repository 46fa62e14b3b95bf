"""Stage 5: the second teacher labels much unlabelled text: fine-tuned transformers and the linear classifier together.

python3 label.py CHECKPOINT... [--sentences 400000]
    sentences of the film and product reviews -> runs/labelled.pt: source "sentences" and its probabilities
    prints what each teacher and all together are worth on the evaluation sets
Checkpoints are names in runs/ (finetune, wide, ...), written by train.py.
"""
import argparse

import numpy
import torch

import corpus
import data
import evaluation
import teacher
import tokenization
from journal import RUNS, log

FILE = corpus.TAUGHT
SOURCES = ["imdb_unsup", "imdb_train", "amazon5", "imdb_cad"]
SHORTEST, LONGEST = 4, 60  # tokens


def sentences(texts, pieces, most, rng):
    """Texts cut behind . ! ? (and what follows them: quotes, brackets), shuffled, each once."""
    marks = numpy.array([pieces.ids[m] for m in ".!?"])
    after = numpy.array([pieces.ids[m] for m in (*".!?", '"', "'", ")") if m in pieces.ids])
    found = {}
    for name in SOURCES:
        part = texts[name]
        end = numpy.isin(part.ids, marks)
        end[:-1] &= ~numpy.isin(part.ids[1:], after)
        end[part.offsets[1:] - 1] = True
        cuts = numpy.concatenate([[0], numpy.flatnonzero(end) + 1])
        for a, b in zip(cuts[:-1], cuts[1:]):
            if SHORTEST <= b - a <= LONGEST:
                ids = part.ids[a:b].tobytes()
                found[ids] = None
    keys = sorted(found)
    rng.shuffle(keys)
    return [numpy.frombuffer(k, dtype=numpy.uint16) for k in keys[:most]]


def transformer(packed, part):
    """Probabilities [texts, 3], short texts only."""
    out = torch.zeros(len(part), 3)
    order = numpy.argsort(numpy.diff(part.offsets))
    with torch.no_grad():
        for start in range(0, len(order), 256):
            rows = order[start:start + 256]
            ids = [[tokenization.CLS, *part[i][:evaluation.WINDOW].tolist(), tokenization.SEP] for i in rows]
            offsets = torch.tensor([0, *map(len, ids)]).cumsum(0).int()
            logits = packed.classes(packed.states(torch.tensor(sum(ids, [])), offsets), offsets)
            out[torch.from_numpy(rows)] = logits.float().softmax(1)
    return out


def together(parts, weights):
    """The weighted geometric mean."""
    logs = sum(w * torch.as_tensor(p).clamp(min=1e-4).log() for p, w in zip(parts, weights))
    return (logs / sum(weights)).softmax(1)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("checkpoints", nargs="+")
    parser.add_argument("--sentences", type=int, default=400000)
    parser.add_argument("--linear", type=float, default=0.6, help="weight of the linear classifier; a transformer's is 1")
    args = parser.parse_args()
    vocabulary, texts = corpus.load()
    pieces = tokenization.WordPiece(vocabulary)
    linear = teacher.Ngrams()
    linear.load(teacher.FILE)
    models = [evaluation.load(RUNS / f"{name}.pt")[1] for name in args.checkpoints]
    weights = [1.0] * len(models) + [args.linear]

    for name, kind in (("sst2_dev", teacher.OTHER), ("uci_half_a", teacher.OTHER), ("dynasent_r1_test", teacher.OTHER),
                       ("tweeteval_val", 2), ("imdb_cad_test", 0), ("amazon5_1000", 1)):
        known = [r for r in data.eval_rows(name) if r["label"] in data.LABELS]
        part = corpus.packed([(pieces.encode(r["text"]), data.LABELS[r["label"]]) for r in known])
        each = [transformer(m, part) for m in models]
        each.append(linear.predict(part.ids, part.offsets, numpy.full(len(part), kind, dtype=numpy.int8)))
        labels = torch.from_numpy(part.labels.astype("int64"))
        polar = labels != data.NEUTRAL

        def worth(p):
            p = torch.as_tensor(p)
            two = ((p[:, 2] > p[:, 0]) == (labels == data.POSITIVE))[polar].float().mean().item()
            return f"{100 * two:.1f}/{100 * (p.argmax(1) == labels).float().mean().item():.1f}"
        log(f"{name} (two classes/three): {', '.join(map(worth, each))}; together {worth(together(each, weights))}")

    rows = sentences(texts, pieces, args.sentences, numpy.random.default_rng(3))
    part = corpus.packed([(ids, -1) for ids in rows])
    log(f"{len(part)} sentences, {len(part.ids) / 1e6:.1f} million tokens")
    each = [transformer(m, part) for m in models]
    each.append(linear.predict(part.ids, part.offsets, numpy.full(len(part), teacher.OTHER, dtype=numpy.int8)))
    p = together(each, weights)
    log(f"labelled: mean {[round(x, 3) for x in p.mean(0).tolist()]}, "
        f"{100 * (each[0].argmax(1) == torch.as_tensor(each[-1]).argmax(1)).float().mean():.1f} % agree")
    torch.save({"texts": {"sentences": (part.ids, part.offsets, part.labels)}, "soft": {"sentences": p}}, FILE)


if __name__ == "__main__":
    main()
