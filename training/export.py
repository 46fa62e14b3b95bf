"""Writes the trained model in the Hugging Face layout, and what PyTorch answers with exactly those weights.

python3 export.py [checkpoint]   runs/checkpoint.pt -> ../models/sentiment-en/{config.json, model.safetensors, vocab.txt,
                    tokenizer_config.json} and ../tests/fixtures/sentiment-en-sst2.json
"""
import json
import pathlib
import struct
import sys

import torch

import data
import tokenization
from model import SqueezeBert
from train import RUNS, tensors

MODEL = pathlib.Path(__file__).resolve().parents[1] / "models" / "sentiment-en"
FIXTURE = pathlib.Path(__file__).resolve().parents[1] / "tests" / "fixtures" / "sentiment-en-sst2.json"


def write_safetensors(path, state):
    """float16, tensors in the order of their names, the header padded with spaces to a multiple of 8 bytes."""
    header, blobs, offset = {"__metadata__": {"format": "pt"}}, [], 0
    for name in sorted(state):
        blob = state[name].contiguous().numpy().tobytes()
        header[name] = {"dtype": "F16", "shape": list(state[name].shape), "data_offsets": [offset, offset + len(blob)]}
        blobs.append(blob)
        offset += len(blob)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(blobs))


def logits_of(model, pieces, texts):
    """One text at a time, without padding, as the library computes them."""
    with torch.no_grad():
        return [model(*tensors([pieces.encode(text)[:510]]))[0].tolist() for text in texts]


def main():
    torch.set_num_threads(1)  # one short text at a time: more threads only wait for each other
    saved = torch.load(sys.argv[1] if len(sys.argv) > 1 else RUNS / "checkpoint.pt", map_location="cpu")
    model = SqueezeBert(saved["config"])
    half = {name: value.to(torch.float16) for name, value in saved["average"].items()}
    model.load_state_dict({name: value.float() for name, value in half.items()})
    model.eval()

    MODEL.mkdir(parents=True, exist_ok=True)
    write_safetensors(MODEL / "model.safetensors", half)
    config = dict(saved["config"], torch_dtype="float16")
    (MODEL / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    (MODEL / "vocab.txt").write_text("".join(token + "\n" for token in saved["vocabulary"]), encoding="utf-8")
    settings = dict(do_lower_case=True, model_max_length=config["max_position_embeddings"],
                    tokenizer_class="SqueezeBertTokenizer", cls_token="[CLS]", sep_token="[SEP]", pad_token="[PAD]",
                    unk_token="[UNK]", mask_token="[MASK]")
    (MODEL / "tokenizer_config.json").write_text(json.dumps(settings, indent=2) + "\n")

    pieces = tokenization.WordPiece(saved["vocabulary"])
    rows = data.eval_rows("sst2_dev")
    logits = logits_of(model, pieces, [row["text"] for row in rows])
    lines = ",\n".join("  " + json.dumps([round(x, 5) for x in row]) for row in logits)
    FIXTURE.parent.mkdir(exist_ok=True)
    FIXTURE.write_text('{"what": "logits [NEGATIVE, NEUTRAL, POSITIVE] of models/sentiment-en in PyTorch for the rows of '
                       'sst2_dev (column text), written by training/export.py",\n"logits": [\n' + lines + "\n]}\n")
    right = sum((l[2] > l[0]) == (row["label"] == "positive") for l, row in zip(logits, rows))
    print(f"step {saved['state']['step']}, {saved['state']['seconds'] / 60:.1f} minutes of training; "
          f"{sum(v.numel() for v in half.values())} parameters; sst2_dev {right} of {len(rows)} right "
          f"({100 * right / len(rows):.2f} %)")


if __name__ == "__main__":
    main()
