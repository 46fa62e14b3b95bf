"""The labelled texts: which files, which labels. Only licence classes O and R (see the data pack's README)."""
import lzma
import pathlib
import random
import re

SHARED = pathlib.Path(__file__).resolve().parents[2] / "shared" / "data"
NEGATIVE, NEUTRAL, POSITIVE = 0, 1, 2
LABELS = {"negative": NEGATIVE, "neutral": NEUTRAL, "positive": POSITIVE,
          "1": NEGATIVE, "2": NEGATIVE, "3": NEUTRAL, "4": POSITIVE, "5": POSITIVE}

# Times an epoch (else once): whole sentences, each judged by several people.
OFTEN = {"sst5_sentences": 4, "dynasent_r1_dev": 2}

# file -> (rows per epoch at most, label): yelp_sentences, airline_tweets, meld and financial_phrasebank are class N.
TRAIN = {
    "sst5_sentences": (None, None), "sst5_phrases": (None, {"3": 16000}), "dynasent_r1_dev": (None, None),
    "imdb_train": (None, None), "imdb_cad": (None, None), "amazon5": (None, None), "semeval_tweets": (None, None),
    "tweet_extraction": (None, None), "goemotions": (None, None), "vader_rated": (None, None), "custrev": (None, None),
    "mpqa_phrases": (None, None), "rt_polarity_rest": (None, None), "newsmtsc": (None, None), "senti4sd": (None, None),
    "neutral_weak": (3000, None),
}


def rows(path):
    """Dicts of a .tsv.xz file: first line names the columns; no quoting."""
    with lzma.open(path, "rt", encoding="utf-8", newline="\n") as file:
        names = file.readline().rstrip("\n").split("\t")
        for line in file:
            yield dict(zip(names, line.rstrip("\n").split("\t")))


def train_rows(seed=1):
    """[(text, label, source file)], shuffled. Soft labels of vader_rated (weak_*) are left out."""
    rng = random.Random(seed)
    out = []
    for name, (limit, per_label) in TRAIN.items():
        part = [(r["text"], r["label"]) for r in rows(SHARED / "train" / f"{name}.tsv.xz") if r["label"] in LABELS]
        rng.shuffle(part)
        if limit:
            part = part[:limit]
        for label, most in (per_label or {}).items():
            kept = [x for x in part if x[1] == label][:most]
            part = [x for x in part if x[1] != label] + kept
        out += [(text, LABELS[label], name) for text, label in part]
    rng.shuffle(out)
    return out


def treebank(text):
    """The spelling of the Penn Treebank as far as BERT's tokenization shows it: "don't" is "do n't" there."""
    return re.sub(r"(?<=[A-Za-z])n't\b", " n't", text)


def eval_rows(name):
    return list(rows(SHARED / "eval" / f"{name}.tsv.xz"))
