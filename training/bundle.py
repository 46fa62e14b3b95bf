"""Everything that gpu.py reads, in two files that fit where little can be carried: for a machine with a GPU and without the data.

python3 bundle.py FOLDER [--most N] [--lines SOURCE=N ...]
    -> FOLDER/plain.xz (texts without labels), FOLDER/labelled.xz (vocabulary, labelled texts, evaluation sets, the linear
    teacher's judgement).  --most: of each source the first N texts, to try gpu.py with; --lines: of one source
"""
import argparse
import io
import lzma
import pathlib

import numpy
import torch

import corpus
import data
import evaluation
import teacher
import tokenization
from journal import log

FILTER = [{"id": lzma.FILTER_LZMA2, "preset": 9, "lc": 0, "lp": 1, "pb": 1}]  # of 16-bit numbers


def write(path, what):
    raw = io.BytesIO()
    torch.save(what, raw)
    path.write_bytes(lzma.compress(raw.getvalue(), format=lzma.FORMAT_XZ, filters=FILTER))
    log(f"{path.name}: {path.stat().st_size / 2 ** 20:.1f} MiB")


def read(path):
    with lzma.open(path) as file:
        return torch.load(io.BytesIO(file.read()), weights_only=False)  # written above


def write_opinions(path, soft):
    """soft: {source: probabilities [texts, 3], rows of zeros where there is no opinion}; a byte for each"""
    write(path, {name: p.mul(255).round().to(torch.uint8) for name, p in soft.items()})


def read_opinions(path):
    return {name: p.float() / 255 for name, p in read(path).items()}


def read_all(folder):
    """(vocabulary, {source: Texts}, {source: the linear teacher's probabilities}, evaluation sets)"""
    saved = read(folder / "labelled.xz")
    texts = {name: corpus.Texts(*parts) for name, parts in {**saved["texts"], **read(folder / "plain.xz")}.items()}
    return saved["vocabulary"], texts, {name: p.float() for name, p in saved["soft"].items()}, saved["sets"]


def evaluation_sets(pieces):
    """{set: (parts of Texts of windows, which text each window is of, labels (-1: any but negative), pairs)}"""
    sets = {}
    for name in (*evaluation.TWO, *evaluation.THREE):
        rows = evaluation.rows(name)
        parts, owner = evaluation.all_windows(pieces, [row["text"] for row in rows])
        texts = corpus.packed([(part, -1) for part in parts])
        sets[name] = ((texts.ids, texts.offsets, texts.labels), numpy.array(owner),
                      numpy.array([data.LABELS.get(row["label"], -1) for row in rows]), [row.get("pair_id") for row in rows])
    return sets


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--most", type=int)
    parser.add_argument("--lines", nargs="*", default=[], metavar="SOURCE=N")
    args = parser.parse_args()
    lines = {**corpus.PLAIN, **{name: int(n) for name, n in (item.split("=") for item in args.lines)}}
    args.folder.mkdir(parents=True, exist_ok=True)
    vocabulary, texts = corpus.load()
    kept = {}
    for name, part in texts.items():
        count = min(len(part), args.most or len(part), lines.get(name) or len(part))
        kept[name] = part.ids[:part.offsets[count]], part.offsets[:count + 1].astype(numpy.int32), part.labels[:count]
    del kept["sentences"]  # gpu.py cuts and labels them itself
    soft = torch.load(teacher.FILE)["soft"]
    write(args.folder / "labelled.xz", {
        "vocabulary": vocabulary, "texts": {n: t for n, t in kept.items() if n not in corpus.PLAIN},
        "soft": {n: p[:len(kept[n][2])].half() for n, p in soft.items()},
        "sets": evaluation_sets(tokenization.WordPiece(vocabulary))})
    write(args.folder / "plain.xz", {n: t for n, t in kept.items() if n in corpus.PLAIN})


if __name__ == "__main__":
    main()
