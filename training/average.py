"""Weights of runs that began from one another, averaged: where both have learnt something else it keeps a part of each
(Wortsman et al. 2022).

python3 average.py NAME RUN=SHARE RUN=SHARE ...     -> runs/NAME.pt; the shares add up to 1
"""
import sys

import torch

from journal import RUNS, log


def main():
    if len(sys.argv) < 4:
        raise SystemExit(__doc__)
    name, parts = sys.argv[1], [item.split("=") for item in sys.argv[2:]]
    total, first = {}, None
    for run, share in parts:
        saved = torch.load(RUNS / f"{run}.pt", map_location="cpu", weights_only=False)  # written by train.py or grow.py
        first = first or saved
        weights = saved["average"] or saved["model"]
        if total and {k: v.shape for k, v in weights.items()} != {k: v.shape for k, v in total.items()}:
            raise SystemExit(f"runs/{run}.pt is of another architecture")
        for key, value in weights.items():
            total[key] = total.get(key, 0) + float(share) * value
    torch.save({**first, "model": total, "average": None, "words": None, "optimizer": None}, RUNS / f"{name}.pt")
    log(f"{name}: {' '.join(sys.argv[2:])}")


if __name__ == "__main__":
    main()
