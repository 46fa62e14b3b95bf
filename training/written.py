"""Sentences that a large language model has written, in patterns that each give many: written/*.txt.

python3 written.py FILE...     checks them; prints how many there are and a few

    # a comment
    @dish = pizza | soup | lamb curry      a list of words, used as {dish}
    - The {dish} {was|arrived} {stone |}cold.
    0 We ordered the {dish} and a glass of water.
    + I {will|would} {gladly |}eat that {dish} every {day|week}.

-, 0, + say whether a reader takes the writer's opinion for negative, none, or positive, whichever alternatives are drawn. Its writers
were told kinds of sentences that the texts lack (restaurants and services, complaints told as facts, praise by negated faults,
facts in words of opinion, irony) and did not see the evaluation sets; whoever told them had read wrong answers to two of them, and
about ten turns of phrase found their way into the examples. The 21 files that came later (21,000 patterns) were ordered by
domain and by kind of sentence only, one of them (letdowns.txt) because complaints about restaurants had most wrong answers; read
again without their labels, 97.6 % of them were judged as labelled. The last 13 (12,600 patterns: complaints, praises, handsets,
cinemagoers, neighbourhood, narratives, feeds, columnists, guests, consumers, townsfolk, verdicts, grumbles) were ordered the same way.

Source "crowd" (crowd-*.txt): 14,000 patterns beside the 3,516 sentences of dynasent_r1_dev that are trained on, four for each: two that mean
the same in the same way of other things, one that means it otherwise, one neighbour that the people who labelled those sentences would have
labelled differently; and 2,800 of kinds where those people and a language model's own judgement part (hopes, hearsay, former praise, mild
content, worry; ../docs/training-log.md).
"""
import collections
import pathlib
import random
import re
import sys

FOLDER = pathlib.Path(__file__).resolve().parent / "written"
LABELS = {"-": 0, "0": 1, "+": 2}
GROUP = re.compile(r"\{([^{}]*)\}")


class Patterns:
    """One file's patterns: [(label, text)]; `lists`: what {name} stands for."""

    def __init__(self, path):
        self.rows, self.lists = [], {}
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            line = line.strip()
            if not line or line.startswith("#"):
                continue
            where = f"{path.name}:{number}"
            if line.startswith("@"):
                name, _, words = line[1:].partition("=")
                self.lists[name.strip()] = [w.strip() for w in words.split("|")]
                if not words.strip():
                    raise SystemExit(f"{where}: a list without words")
                continue
            mark, _, text = line.partition(" ")
            if mark not in LABELS or not text:
                raise SystemExit(f"{where}: a line begins with '- ', '0 ', '+ ', '@' or '#': {line}")
            for inside in GROUP.findall(text):
                if "|" not in inside and inside not in self.lists:
                    raise SystemExit(f"{where}: {{{inside}}} is no list")
            if re.search(r"[{}]", GROUP.sub("", text)):
                raise SystemExit(f"{where}: braces in braces, or without an end: {line}")
            self.rows.append((LABELS[mark], text))

    def draw(self, text, rng):
        """One sentence of a pattern."""
        def choose(found):
            inside = found.group(1)
            return rng.choice(inside.split("|") if "|" in inside else self.lists[inside])
        return " ".join(GROUP.sub(choose, text).split())


def sources():
    """{source: its files}"""
    paths = sorted(FOLDER.glob("*.txt"))
    return {"written": [p for p in paths if not p.name.startswith("crowd-")], "crowd": [p for p in paths if p.name.startswith("crowd-")]}


def sentences(each, rng, paths):
    """[(text, label)]: at most `each` different sentences of every pattern, in random order."""
    out = {}
    for path in paths:
        patterns = Patterns(path)
        for label, text in patterns.rows:
            for _ in range(each):
                out.setdefault(patterns.draw(text, rng), label)
    out = sorted(out.items())
    rng.shuffle(out)
    return out


def main():
    for path in map(pathlib.Path, sys.argv[1:]):
        made = sentences(12, random.Random(1), [path])
        counts = collections.Counter(label for label, _ in Patterns(path).rows)
        print(f"{path.name}: {counts[0]} negative, {counts[1]} neutral, {counts[2]} positive patterns, {len(made)} sentences")
        for text, label in made[:12]:
            print(f"  {'-0+'[label]} {text}")


if __name__ == "__main__":
    main()
