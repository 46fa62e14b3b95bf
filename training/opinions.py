"""What models that there are already say of the reviews' sentences, for gpu.py to learn from: beside its own teacher or in its place.

python3 opinions.py FOLDER CHECKPOINT... [--minutes 20] [--linear 0.4]
    FOLDER/labelled.xz, plain.xz (bundle.py) -> FOLDER/opinions.xz; as many of the sentences, drawn at random, as the time allows
The checkpoints (names in runs/) and the linear teacher are put together as label.py does it, with the labels of the reviews.
"""
import argparse
import pathlib
import time

import numpy
import torch

import bundle
import corpus
import evaluation
import label
import resident
import teacher
from journal import RUNS, log

AT_ONCE = 20000


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("checkpoints", nargs="+")
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--linear", type=float, default=0.4)
    args = parser.parse_args()
    began = time.time()
    vocabulary, texts, soft, _ = bundle.read_all(args.folder)
    table = resident.Table(texts)
    table.cut_into_sentences(texts, vocabulary, soft)
    rows = table.rows("sentences")
    order = numpy.random.default_rng(7).permutation(len(rows))
    linear = teacher.Ngrams()
    linear.load(teacher.FILE)
    models = [evaluation.load(RUNS / f"{name}.pt")[1] for name in args.checkpoints]
    p = torch.zeros(len(rows), 3)
    done = 0
    while done < len(rows) and time.time() - began < args.minutes * 60:
        now = order[done:done + AT_ONCE]
        part = corpus.packed([(table.ids[table.first[r]:table.first[r] + table.length[r]], -1) for r in rows[now]])
        each = [label.transformer(m, part) for m in models]
        each.append(linear.predict(part.ids, part.offsets, numpy.full(len(part), teacher.OTHER, dtype=numpy.int8)))
        p[torch.from_numpy(now)] = label.together(each, [1.0] * len(models) + [args.linear])
        done += len(now)
        log(f"{done} of {len(rows)} sentences, {(time.time() - began) / 60:.1f} minutes")
    now = order[:done]
    p[torch.from_numpy(now)] = label.corrected(p[now], table.review[rows[now]][:, None])
    bundle.write_opinions(args.folder / "opinions.xz", {"sentences": p})


if __name__ == "__main__":
    main()
