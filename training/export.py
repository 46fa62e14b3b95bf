"""Writes a trained model in the Hugging Face layout, and what PyTorch answers with the weights that ship.

python3 export.py [checkpoint] [--out FOLDER]
    runs/distil.pt -> runs/sentiment-en/{config.json, model.safetensors, vocab.txt, tokenizer_config.json}, float16
    The classifier is divided by the temperature fitted on held-back texts, so that its scores can be taken as probabilities.

python3 export.py --fixture
    ../models/sentiment-en, which `squeezebert-wasm quantize` has made of that folder -> ../tests/fixtures/
    sentiment-en-sst2.json: PyTorch's logits for sst2_dev with the quantised weights as floats
    sentiment-en-decisions.json: which label has the largest one, for every text of every evaluation set
"""
import argparse
import json
import pathlib
import struct

import torch

import calibration
import corpus
import data
import evaluation
import tokenization
from journal import RUNS
from model import SqueezeBert
from packed import Packed

EXPORTED = RUNS / "sentiment-en"
MODEL = pathlib.Path(__file__).resolve().parents[1] / "models" / "sentiment-en"
FIXTURES = pathlib.Path(__file__).resolve().parents[1] / "tests" / "fixtures"


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


def nibbles(codes):
    """[rows, columns / 2] bytes -> [rows, columns] codes of int4."""
    codes = codes.to(torch.int16)
    return (torch.stack([codes % 16, codes // 16], 2) - 8).flatten(1).float()


def read_safetensors(path):
    """The tensors as floats; int8 ones times the scale of their row, int4 ones also times the multiplier of their 32 (src/model/saved_model.h)."""
    data = path.read_bytes()
    length = struct.unpack("<Q", data[:8])[0]
    types = {"F32": torch.float32, "F16": torch.float16, "I8": torch.int8, "U8": torch.uint8}
    tensors = {}
    for name, entry in json.loads(data[8:8 + length]).items():
        if name != "__metadata__":
            begin, end = (8 + length + n for n in entry["data_offsets"])
            tensor = torch.frombuffer(bytearray(data[begin:end]), dtype=types[entry["dtype"]]).view(entry["shape"])
            tensors[name] = nibbles(tensor) if entry["dtype"] == "U8" else tensor.float()
    scales = {name: tensors.pop(name) for name in list(tensors) if name.endswith("_scale")}
    for name, scale in scales.items():
        weight = tensors[name[:-len("_scale")]]
        weight *= scale[:, None]
        multipliers = tensors.pop(name[:-len("scale")] + "multiplier", None)
        if multipliers is not None:
            weight *= multipliers.repeat_interleave(32, 1)[:, :weight.shape[1]]
    return tensors


def read_folder(path):
    """(weights as model.SqueezeBert has them, configuration, vocabulary) of a model in the Hugging Face layout"""
    config = json.loads((path / "config.json").read_text())
    own, weights = SqueezeBert(config).state_dict(), read_safetensors(path / "model.safetensors")
    vocabulary = (path / "vocab.txt").read_text(encoding="utf-8").splitlines()
    return {name: weights[name].view(own[name].shape) for name in own}, config, vocabulary


def write_fixture():
    weights, config, vocabulary = read_folder(MODEL)
    model = SqueezeBert(config)
    model.load_state_dict(weights)
    pieces = tokenization.WordPiece(vocabulary)
    packed = Packed(model.eval(), config, exact=True)
    decided = {}
    for name in sorted({*evaluation.TWO, *evaluation.THREE, "sst5_dev"}):
        found = logits_of(packed, pieces, [row["text"] for row in data.eval_rows(name)])
        decided[name] = "".join(str(row.index(max(row))) for row in found)
        print(f"{name}: {len(found)} decisions")
    lines = ",\n".join(f'  "{name}": "{decisions}"' for name, decisions in decided.items())
    (FIXTURES / "sentiment-en-decisions.json").write_text(
        '{"what": "index of the largest logit of models/sentiment-en, its weights as floats, in PyTorch for each row (column text, '
        'cut after 256 tokens), written by training/export.py",\n"decisions": {\n' + lines + "\n}}\n")
    rows = data.eval_rows("sst2_dev")
    logits = logits_of(packed, pieces, [row["text"] for row in rows])
    lines = ",\n".join("  " + json.dumps([round(x, 5) for x in row]) for row in logits)
    (FIXTURES / "sentiment-en-sst2.json").write_text('{"what": "logits [NEGATIVE, NEUTRAL, POSITIVE] of models/sentiment-en, its weights as floats, in PyTorch '
                       'for the rows of sst2_dev (column text), written by training/export.py",\n"logits": [\n' + lines + "\n]}\n")
    right = sum((l[2] > l[0]) == (row["label"] == "positive") for l, row in zip(logits, rows))
    print(f"sst2_dev {right} of {len(rows)} right ({100 * right / len(rows):.2f} %) with the weights that ship")


def logits_of(packed, pieces, texts):
    """One text at a time, as the library computes them."""
    out = []
    with torch.no_grad():
        for text in texts:
            ids = torch.tensor([tokenization.CLS, *pieces.encode(text)[:evaluation.WINDOW], tokenization.SEP])
            offsets = torch.tensor([0, len(ids)], dtype=torch.int32)
            out.append(packed.classes(packed.states(ids, offsets), offsets)[0].tolist())
    return out


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("checkpoint", nargs="?", default=str(RUNS / "distil.pt"))
    parser.add_argument("--out", default=EXPORTED)
    parser.add_argument("--fixture", action="store_true")
    args = parser.parse_args()
    if args.fixture:
        return write_fixture()
    folder = pathlib.Path(args.out)
    saved, packed, pieces = evaluation.load(args.checkpoint)
    _, texts = corpus.load()
    logits, labels = calibration.held_back_logits(packed, texts)
    t = calibration.temperature(logits, labels)
    print(f"{len(labels)} held-back texts: {100 * (logits.argmax(1) == labels).float().mean():.1f} % right, temperature {t:.3f}, "
          f"calibration error {calibration.calibration_error(logits.softmax(1), labels):.2f} before, "
          f"{calibration.calibration_error((logits / t).softmax(1), labels):.2f} after")

    half = {name: value.to(torch.float16) for name, value in packed.model.state_dict().items()}
    for name in ("classifier.weight", "classifier.bias"):
        half[name] = (packed.model.state_dict()[name] / t).to(torch.float16)
    folder.mkdir(parents=True, exist_ok=True)
    write_safetensors(folder / "model.safetensors", half)
    config = dict(saved["config"], torch_dtype="float16")
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    (folder / "vocab.txt").write_text("".join(token + "\n" for token in saved["vocabulary"]), encoding="utf-8")
    settings = dict(do_lower_case=True, model_max_length=config["max_position_embeddings"],
                    tokenizer_class="SqueezeBertTokenizer", cls_token="[CLS]", sep_token="[SEP]", pad_token="[PAD]",
                    unk_token="[UNK]", mask_token="[MASK]")
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=2) + "\n")

    model = SqueezeBert(saved["config"])
    model.load_state_dict({name: value.float() for name, value in half.items()})
    packed = Packed(model.eval(), saved["config"])
    rows = data.eval_rows("sst2_dev")
    logits = logits_of(packed, pieces, [row["text"] for row in rows])
    right = sum((l[2] > l[0]) == (row["label"] == "positive") for l, row in zip(logits, rows))
    print(f"{saved['state']['tokens'] / 1e6:.1f} million tokens of fine-tuning; {sum(v.numel() for v in half.values())} "
          f"parameters; sst2_dev {right} of {len(rows)} right ({100 * right / len(rows):.2f} %)")


if __name__ == "__main__":
    main()
