"""All evaluation sets in PyTorch, as `npm run eval` does it through the WebAssembly engine.

python3 evaluation.py [checkpoint]
"""
import sys

import torch

import data
import tokenization
from journal import RUNS
from model import SqueezeBert
from packed import Packed

TWO = ["sst2_dev", "uci_half_a", "amazon5_1000", "imdb_test_2000", "imdb_cad_test", "yelp_std_test"]
THREE = ["dynasent_r1_test", "dynasent_r2_dev", "sst3_dev_revalidated", "tweeteval_val", "checklist_mft"]
WINDOW = 254   # tokens; longer texts are read in windows that overlap by half


def windows(ids, room=WINDOW):
    if len(ids) <= room:
        return [ids]
    count = -(-(len(ids) - room) // (room // 2)) + 1
    return [ids[round(i * (len(ids) - room) / (count - 1)):][:room] for i in range(count)]


def all_windows(pieces, texts, room=WINDOW):
    """([token ids of a window], [which text it is of])"""
    found = [(part, i) for i, text in enumerate(texts) for part in windows(pieces.encode(text), room)]
    return [part for part, _ in found], [i for _, i in found]


def probabilities(packed, pieces, texts, room=WINDOW, temperature=1.0):
    """[texts, 3]: the mean over a text's windows."""
    parts, owner = all_windows(pieces, texts, room)
    parts = [[tokenization.CLS, *part, tokenization.SEP] for part in parts]
    out, counts = torch.zeros(len(texts), 3), torch.zeros(len(texts), 1)
    device = next(packed.model.parameters()).device
    order = sorted(range(len(parts)), key=lambda i: len(parts[i]))
    with torch.no_grad():
        for start in range(0, len(order), 128):
            rows = order[start:start + 128]
            ids = torch.tensor([t for r in rows for t in parts[r]], device=device)
            offsets = torch.tensor([0, *[len(parts[r]) for r in rows]], device=device).cumsum(0).int()
            p = (packed.classes(packed.states(ids, offsets), offsets).float() / temperature).softmax(1).cpu()
            at = torch.tensor([owner[r] for r in rows])
            out.index_add_(0, at, p)
            counts.index_add_(0, at, torch.ones(len(rows), 1))
    return out / counts


def rows(name):
    """The rows of a set that count: all for three classes, those with a polar label for two."""
    if name in THREE:
        return [r for r in data.eval_rows(name) if r["label"] in data.LABELS or r["label"] == "not_negative"]
    return [r for r in data.eval_rows(name) if data.LABELS.get(r["label"], data.NEUTRAL) != data.NEUTRAL]


def percent_right(name, p, labels, pairs):
    """{what: percent right} for probabilities p [texts, 3]; labels: -1 is "not negative"; pairs: of imdb_cad_test, which text
    belongs to which."""
    right = p.argmax(1) == labels if name in THREE else (p[:, 2] > p[:, 0]) == (labels == data.POSITIVE)
    right |= (labels == -1) & (p.argmax(1) != data.NEGATIVE)
    result = {name: 100 * right.float().mean().item()}
    if name == "imdb_cad_test":
        both = {}
        for pair, good in zip(pairs, right.tolist()):
            both.setdefault(pair, []).append(good)
        result["imdb_cad pairs"] = 100 * sum(map(all, both.values())) / len(both)
    return result


def evaluate(packed, pieces, names=(*TWO, *THREE)):
    """{set: percent right}; imdb_cad_test also by pairs."""
    result = {}
    for name in names:
        texts = rows(name)
        p = probabilities(packed, pieces, [r["text"] for r in texts])
        labels = torch.tensor([data.LABELS.get(r["label"], -1) for r in texts])
        result.update(percent_right(name, p, labels, [r.get("pair_id") for r in texts]))
    return result


def shown(result):
    return " ".join(f"{name.split('_')[0] if name != 'dynasent_r2_dev' else 'dynasent2'}"
                    f"{' pairs' if 'pairs' in name else ''} {value:.1f}" for name, value in result.items())


def load(path):
    """(saved, Packed, pieces)"""
    saved = torch.load(path, map_location="cpu", weights_only=False)  # written by train.py
    model = SqueezeBert(saved["config"])
    model.load_state_dict(saved["average"] or saved["model"])
    return saved, Packed(model.eval(), saved["config"]), tokenization.WordPiece(saved["vocabulary"])


if __name__ == "__main__":
    _, packed, pieces = load(sys.argv[1] if len(sys.argv) > 1 else RUNS / "finetune.pt")
    for name, value in evaluate(packed, pieces).items():
        print(f"{name:24} {value:6.2f}")
