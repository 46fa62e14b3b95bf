"""The log as pictures: python3 curves.py NAME... [--to training-curves.svg]

runs/log.txt -> ../docs/: losses and accuracy of the named runs (pretrain, settle, ...) against the tokens seen,
one run after the other in the order given.
"""
import argparse
import collections
import re

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams.update({"svg.hashsalt": "curves", "svg.fonttype": "none", "font.size": 9, "axes.spines.top": False, "axes.spines.right": False})
from matplotlib import pyplot  # noqa: E402  (after the choice of what draws)

from journal import RUNS  # noqa: E402

DOCS = RUNS.parents[1] / "docs"
STEP = re.compile(r"(?P<run>[\w-]+) step \d+, (?P<tokens>[\d.]+) of \d+ million tokens, labels (?P<labels>[\d.]+)(?:, words (?P<words>[\d.]+))?")
FIGURES = re.compile(r"(?P<run>[\w-]+?)(?:,)? (?P<tokens>[\d.]+)(?:M| million tokens): (?P<figures>sst2 .*)")
SHOWN = {"sst2": "sst2_dev", "uci": "uci_half_a", "amazon5": "amazon5_1000", "dynasent": "dynasent_r1_test (3 classes)",
         "tweeteval": "tweeteval_val (3 classes)", "checklist": "checklist_mft (3 classes)"}


def read(names):
    """{(run, quantity): {million tokens: value}}; what was done twice after an interruption counts once, the later one."""
    found = collections.defaultdict(dict)
    for line in (RUNS / "log.txt").read_text().splitlines():
        text = line.split("] ", 1)[-1]
        if (step := STEP.match(text)) and step["run"] in names:
            for quantity in ("labels", "words"):
                if step[quantity]:
                    found[step["run"], quantity][float(step["tokens"])] = float(step[quantity])
        if (figures := FIGURES.match(text)) and figures["run"] in names:
            for quantity, value in re.findall(r"(\w+) ([\d.]+)", figures["figures"]):
                if quantity in SHOWN:
                    found[figures["run"], quantity][float(figures["tokens"])] = float(value)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="+", metavar="NAME")
    parser.add_argument("--to", default="training-curves.svg")
    args = parser.parse_args()
    names = args.names
    found = read(names)
    if not found:
        parser.error("runs/log.txt knows none of them")
    figure, (words, labels, right) = pyplot.subplots(1, 3, figsize=(13, 3.6), layout="constrained")
    colours = dict(zip(SHOWN, pyplot.rcParams["axes.prop_cycle"].by_key()["color"]))
    begins = 0.0
    for name in names:
        of = {quantity: sorted(points.items()) for (run, quantity), points in found.items() if run == name}
        length = max((points[-1][0] for points in of.values()), default=0)
        for quantity, points in of.items():
            panel = {"words": words, "labels": labels}.get(quantity, right)
            x, y = [begins + tokens for tokens, _ in points], [value for _, value in points]
            panel.plot(x, y, color=colours.get(quantity, "#444"), linewidth=1.2, marker="o" if panel is right else None, markersize=2.5,
                       label=SHOWN.get(quantity) if name == names[0] else None)
        begins += length
        for panel in (words, labels, right):
            panel.axvline(begins, color="#ccc", linewidth=0.8, zorder=0)
        labels.text(begins, labels.get_ylim()[1], name, rotation=90, va="top", ha="right", fontsize=7, color="#888")
    for panel, title in ((words, "loss of masked words"), (labels, "loss of labels"), (right, "right, percent")):
        panel.set_title(title, loc="left", fontsize=10)
        panel.set_xlabel("million tokens")
        panel.grid(axis="y", color="#eee")
    right.legend(frameon=False, fontsize=7, loc="center left", bbox_to_anchor=(1.0, 0.5))
    figure.savefig(DOCS / args.to, metadata={"Date": None})


if __name__ == "__main__":
    main()
