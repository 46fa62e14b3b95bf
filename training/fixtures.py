"""Writes ../tests/fixtures/golden: small models of random weights with the optional fields of config.json, and what PyTorch
answers, computed in float64 from the float32 weights. The same layout as the reference outputs in ../../shared/golden.

python3 fixtures.py
"""
import json
import pathlib
import struct

import torch

from model import CONFIG, SqueezeBert

FOLDER = pathlib.Path(__file__).resolve().parents[1] / "tests" / "fixtures" / "golden"
SMALL = dict(CONFIG, vocab_size=60, hidden_size=48, embedding_size=48, num_hidden_layers=2, num_attention_heads=4, intermediate_size=88,
             max_position_embeddings=24)
MODELS = {
    "neighbours-cls3": dict(intermediate_kernel=3),
    "excitation-cls3": dict(excitation_reduction=4),
    "neighbours-excitation-cls3": dict(intermediate_kernel=3, excitation_reduction=8),
}
MASKS = {
    "one token": [[1]],
    "two tokens": [[1, 1]],
    "padded": [[1] * 9, [1] * 5 + [0] * 4, [1] + [0] * 8],
    "padded on the left": [[0, 0, 0, 1, 1, 1, 1]],
    "holes": [[1, 0, 1, 1, 0, 0, 1, 1]],
    "as long as can be": [[1] * 24],
}


def write_safetensors(path, state):
    header, blobs, offset = {}, [], 0
    for name in sorted(state):
        blob = state[name].contiguous().numpy().tobytes()
        header[name] = {"dtype": "F32", "shape": list(state[name].shape), "data_offsets": [offset, offset + len(blob)]}
        blobs.append(blob)
        offset += len(blob)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(blobs))


def main():
    for seed, (name, fields) in enumerate(MODELS.items()):
        torch.manual_seed(seed)
        config = {**SMALL, **fields}
        model = SqueezeBert(config).eval()
        with torch.no_grad():
            for tensor in model.parameters():  # large enough that every part shows in the result
                tensor.add_(torch.randn(tensor.shape) * 0.1)
        folder = FOLDER / name
        folder.mkdir(parents=True, exist_ok=True)
        write_safetensors(folder / "model.safetensors", {k: v.float() for k, v in model.state_dict().items()})
        (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n")
        model.double()
        states = []
        model.transformer.encoder.layers[-1].register_forward_hook(lambda module, inputs, output: states.append(output))
        cases = []
        for case, mask in MASKS.items():
            mask = torch.tensor(mask)
            ids = torch.randint(1, config["vocab_size"], mask.shape) * mask
            with torch.no_grad():
                logits = model(ids, mask)
            outputs = {"logits": logits, "last_hidden_state": states[-1].view(*mask.shape, -1)}
            cases.append({"name": case, "input_ids": ids.tolist(), "attention_mask": mask.tolist(), "token_type_ids": None,
                          "expected": {k: {"shape": list(v.shape), "data": [round(n, 7) for n in v.flatten().tolist()]}
                                       for k, v in outputs.items()}})
        (folder / "cases.json").write_text(json.dumps(
            {"format": 1, "architecture": config["architectures"][0], "cases": cases}, separators=(",", ":")) + "\n")
    (FOLDER / "index.json").write_text(json.dumps({"models": [{"dir": name} for name in MODELS]}) + "\n")


if __name__ == "__main__":
    main()
