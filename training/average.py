"""Weights of runs that began from one another, averaged: where both have learnt something else it keeps a part of each
(Wortsman et al. 2022).

python3 average.py NAME RUN=SHARE RUN=SHARE ... [--round]     -> runs/NAME.pt; the shares add up to 1
    --round: the words of each are rounded to int4 first, as `train.py fit` begins: those of a run and of what it began from are
             the same then, and so are those of the mean
"""
import argparse

import torch

import quantised
from journal import RUNS, log

WORDS = "transformer.embeddings.word_embeddings.weight"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name")
    parser.add_argument("runs", nargs="+", metavar="RUN=SHARE")
    parser.add_argument("--round", action="store_true")
    args = parser.parse_args()
    name, parts = args.name, [item.split("=") for item in args.runs]
    total, first = {}, None
    for run, share in parts:
        saved = torch.load(RUNS / f"{run}.pt", map_location="cpu", weights_only=False)  # written by train.py or grow.py
        first = first or saved
        weights = saved["average"] or saved["model"]
        if total and {k: v.shape for k, v in weights.items()} != {k: v.shape for k, v in total.items()}:
            raise SystemExit(f"runs/{run}.pt is of another architecture")
        for key, value in weights.items():
            if args.round and key == WORDS:
                value = quantised.q4(value, again=True)
            total[key] = total.get(key, 0) + float(share) * value.float()
    torch.save({**first, "model": total, "average": None, "words": None, "optimizer": None}, RUNS / f"{name}.pt")
    log(f"{name}: {' '.join(args.runs)}")


if __name__ == "__main__":
    main()
