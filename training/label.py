"""Stage 6: the second teacher labels sentences that nobody has: fine-tuned transformers, the linear classifier and what is
known of the review that a sentence stands in.

python3 label.py CHECKPOINT... [--sentences 400000] [--folders NAME...]
    sentences of the film and product reviews -> runs/labelled.pt: source "sentences" and its probabilities
    prints what each teacher and all together are worth on the evaluation sets
Checkpoints are names in runs/ (finetune, wide, ...), written by train.py. Any other model is a teacher too, in three steps:
python3 label.py --texts                      -> runs/sentences.txt, one sentence per line
node teach.mjs FOLDER NAME                    -> runs/sentences.NAME.f32: what the Hugging Face checkpoint in FOLDER says of them
python3 label.py CHECKPOINT... --folders NAME    with the same --sentences

judged.txt says of some of these sentences what a large language model has found in them, read alone: source "judged" of
runs/labelled.pt (python3 label.py --judged: only that, beside sentences labelled before).

A sentence of a negative review is more often negative than one of a positive review. With p(c | s) the teachers' probabilities
for a sentence s of a review of class d, and s independent of d for a given c,
    p(c | s, d) is proportional to p(c | s) p(c | d) / p(c),
where p(c | d) is the mean of p(c | s, d) over the sentences of the reviews of class d: expectation maximisation from the
teachers' means. So the review's label, which people have given, corrects the teachers where they doubt.
"""
import argparse
import hashlib
import pathlib
import time

import numpy
import torch

import corpus
import data
import evaluation
import teacher
import tokenization
import written
from journal import RUNS, log
from mixture import held_back

FILE = corpus.TAUGHT
ALL = 400000  # sentences that are drawn; of these, the first are labelled and judged.txt knows some
JUDGED = pathlib.Path(__file__).resolve().parent / "judged.txt"
SOURCES = ["imdb_unsup", "imdb_train", "amazon5", "imdb_cad"]
SHORTEST, LONGEST = 3, 60  # tokens
OFTEN = 3  # reviews that count for a sentence which stands in many


def documents(texts, name, soft):
    """p(d) [texts, 2] of a review to be negative, positive; rows of zeros: held back, not to be learnt from."""
    labels = texts[name].labels
    p = numpy.stack([labels == data.NEGATIVE, labels == data.POSITIVE], 1).astype(numpy.float64)
    if name in soft:
        polar = soft[name].numpy()[:, [data.NEGATIVE, data.POSITIVE]].astype(numpy.float64)
        p = numpy.where(labels[:, None] < 0, polar / polar.sum(1, keepdims=True), p)
    p[[held_back(name, i) for i in range(len(labels))]] = 0
    return p


def cut(part, vocabulary):
    """Texts cut behind . ! ? (and what follows them: quotes, brackets): (where in part.ids each begins, how long it is, its text)"""
    ids = {token: i for i, token in enumerate(vocabulary)}
    marks = numpy.array([ids[m] for m in ".!?"])
    after = numpy.array([ids[m] for m in (*".!?", '"', "'", ")") if m in ids])
    end = numpy.isin(part.ids, marks)
    end[:-1] &= ~numpy.isin(part.ids[1:], after)
    end[part.offsets[1:] - 1] = True
    cuts = numpy.concatenate([[0], numpy.flatnonzero(end) + 1])
    return cuts[:-1], numpy.diff(cuts), numpy.searchsorted(part.offsets, cuts[:-1], side="right") - 1


def sentences(texts, vocabulary, soft, most, rng):
    """The reviews' sentences, shuffled, each once: ([ids], [[p(d)], ...])"""
    found = {}
    for name in SOURCES:
        part = texts[name]
        of = documents(texts, name, soft)
        for a, length, d in zip(*cut(part, vocabulary)):
            if SHORTEST <= length <= LONGEST and of[d].any():
                found.setdefault(part.ids[a:a + length].tobytes(), []).append(of[d])
    keys = sorted(found)
    rng.shuffle(keys)
    keys = keys[:most]
    return [numpy.frombuffer(k, dtype=numpy.uint16) for k in keys], [found[k][:OFTEN] for k in keys]


def key(ids, vocabulary):
    """What judged.txt calls a sentence: it does not repeat the review's text."""
    return hashlib.sha256(" ".join(vocabulary[i] for i in ids).encode()).hexdigest()[:10]


def judged(rows, vocabulary):
    """[(ids, label)]: those of the sentences that judged.txt knows. Its lines: key, and - 0 or +."""
    labels = {k: written.LABELS[label] for k, label in map(str.split, JUDGED.read_text().splitlines())}
    found = ((ids, labels.get(key(ids, vocabulary))) for ids in rows)
    return [(ids, label) for ids, label in found if label is not None]


def with_reviews(p, reviews, rounds=20):
    """p(c | s, d) [sentences, 3] from p(c | s) and each sentence's p(d)."""
    p = torch.as_tensor(p).double()
    counts = torch.tensor([len(r) for r in reviews])
    of = torch.tensor(numpy.concatenate(reviews))                            # [uses, 2]
    sentence = torch.arange(len(reviews)).repeat_interleave(counts)
    common = p.mean(0)
    given = common.repeat(2, 1)                                              # p(c | d) [2, 3]
    q = p
    for _ in range(rounds):
        given = of.T @ q[sentence]
        given /= given.sum(1, keepdim=True)
        odds = (of @ (given / common)).log()                                 # [uses, 3]
        q = p * torch.zeros_like(p).index_add_(0, sentence, odds).exp()
        q /= q.sum(1, keepdim=True)
    return q.float(), given


def corrected(p, reviews, say=log):
    """with_reviews' p(c | s, d), and a line of what it changed."""
    q, given = with_reviews(p, reviews)
    say(f"in negative reviews {[round(x, 3) for x in given[0].tolist()]}, in positive ones {[round(x, 3) for x in given[1].tolist()]}; "
        f"{100 * (q.argmax(1) != p.argmax(1)).float().mean():.1f} % decided otherwise")
    return q


def transformer(packed, part, name=""):
    """Probabilities [texts, 3], short texts only. Says once a minute how far it is."""
    out = torch.zeros(len(part), 3)
    began = said = time.time()
    order = numpy.argsort(numpy.diff(part.offsets))
    with torch.no_grad():
        for start in range(0, len(order), 256):
            rows = order[start:start + 256]
            ids = [[tokenization.CLS, *part[i][:evaluation.WINDOW].tolist(), tokenization.SEP] for i in rows]
            offsets = torch.tensor([0, *map(len, ids)]).cumsum(0).int()
            logits = packed.classes(packed.states(torch.tensor(sum(ids, [])), offsets), offsets)
            out[torch.from_numpy(rows)] = logits.float().softmax(1)
            if time.time() - said > 60:
                said = time.time()
                lengths = numpy.diff(part.offsets)[order]  # sorted: the later ones take longer
                done = lengths[:start + len(rows)].sum() / lengths.sum()
                log(f"{name}: {100 * done:.0f} % labelled, {(said - began) * (1 / done - 1) / 60:.0f} min left")
    return out


def together(parts, weights):
    """The weighted geometric mean."""
    logs = sum(w * torch.as_tensor(p).clamp(min=1e-4).log() for p, w in zip(parts, weights))
    return (logs / sum(weights)).softmax(1)


def from_folder(name, others):
    """Probabilities [sentences, 3] that teach.mjs has written. Where a teacher knows no neutral texts, the others say how neutral."""
    p = torch.from_numpy(numpy.fromfile(RUNS / f"sentences.{name}.f32", dtype=numpy.float32)).view(-1, 3)
    if len(p) != len(others):
        raise SystemExit(f"runs/sentences.{name}.f32 has {len(p)} rows, not {len(others)}: the same --sentences, and teach.mjs to its end")
    neutral = others[:, data.NEUTRAL]
    two = torch.stack([p[:, data.NEGATIVE] * (1 - neutral), neutral, p[:, data.POSITIVE] * (1 - neutral)], 1)
    return torch.where(p.isnan().any(1, keepdim=True), two, p)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoints", nargs="*")
    parser.add_argument("--texts", action="store_true", help="only write the sentences")
    parser.add_argument("--judged", action="store_true", help="only bring judged.txt into runs/labelled.pt")
    parser.add_argument("--folders", nargs="*", default=[], metavar="NAME", help="teachers that teach.mjs has asked")
    parser.add_argument("--sentences", type=int, default=ALL)
    parser.add_argument("--linear", type=float, default=0.6, help="weight of the linear classifier; a transformer's is 1")
    args = parser.parse_args()
    vocabulary, texts = corpus.load()
    pieces = tokenization.WordPiece(vocabulary)
    def drawn(most):
        return sentences(texts, vocabulary, torch.load(teacher.FILE)["soft"], most, numpy.random.default_rng(3))

    if args.judged:
        saved = torch.load(FILE, weights_only=False)
        rows, _ = drawn(ALL)
        part = corpus.packed(judged(rows, vocabulary))
        saved["texts"]["judged"] = part.ids, part.offsets, part.labels
        torch.save(saved, FILE)
        log(f"{len(part)} judged sentences")
        return
    if args.texts:
        rows, _ = drawn(args.sentences)
        lines = (" ".join(vocabulary[i] for i in ids).replace(" ##", "") for ids in rows)
        (RUNS / "sentences.txt").write_text("".join(line + "\n" for line in lines), encoding="utf-8")
        return
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

    rows, reviews = drawn(max(ALL, args.sentences))
    own = corpus.packed(judged(rows, vocabulary))
    rows, reviews = rows[:args.sentences], reviews[:args.sentences]
    part = corpus.packed([(ids, -1) for ids in rows])
    log(f"{len(part)} sentences, {len(part.ids) / 1e6:.1f} million tokens; {len(own)} judged ones")
    each = [transformer(m, part, name) for name, m in zip(args.checkpoints, models)]
    each.append(linear.predict(part.ids, part.offsets, numpy.full(len(part), teacher.OTHER, dtype=numpy.int8)))
    p = together(each, weights)
    if args.folders:
        p = together([*each, *(from_folder(name, p) for name in args.folders)], weights + [1.0] * len(args.folders))
    log(f"labelled: mean {[round(x, 3) for x in p.mean(0).tolist()]}, "
        f"{100 * (each[0].argmax(1) == torch.as_tensor(each[-1]).argmax(1)).float().mean():.1f} % agree")
    torch.save({"texts": {"sentences": (part.ids, part.offsets, part.labels), "judged": (own.ids, own.offsets, own.labels)},
                "soft": {"sentences": corrected(p, reviews)}}, FILE)


if __name__ == "__main__":
    main()
