"""Begins a larger model from a smaller one that has learnt already, so that it answers the same at first: Net2Net (Chen et al. 2016).

python3 grow.py NAME [--of FOLDER] [--set q_groups=2 ...]     -> runs/NAME.pt, for train.py's --start NAME
    FOLDER: a model in the Hugging Face layout, float or int8 (default: the one that ships)
    --set: of the configuration. *_groups: fewer groups than there were, the new weights begin as zeros.
           num_hidden_layers: layers are put in between, each of which begins with outputs of zero.
"""
import argparse
import json
import pathlib

import torch

from export import MODEL, read_safetensors
from journal import RUNS, log
from model import SqueezeBert

PRODUCTS = {"attention.query": "q_groups", "attention.key": "k_groups", "attention.value": "v_groups",
            "post_attention.conv1d": "post_attention_groups", "intermediate.conv1d": "intermediate_groups",
            "output.conv1d": "output_groups"}


def regrouped(weight, before, after):
    """Weights [out, in / before] of a product in groups -> [out, in / after]: zeros where a group did not see an input."""
    if before == after:
        return weight
    if before % after:
        raise SystemExit(f"{after} groups do not divide {before}")
    out, width = weight.shape
    many = before // after
    wide = torch.zeros(out, width * many)
    for g in range(before):
        rows = slice(g * out // before, (g + 1) * out // before)
        wide[rows, g % many * width:(g % many + 1) * width] = weight[rows]
    return wide


def where_layers_come_from(before, after):
    """For every new layer the old one that it is, or None: those in between are spread evenly."""
    old = [round((i + 1) * after / before) - 1 for i in range(before)]
    return [old.index(i) if i in old else None for i in range(after)]


def passing_on(layer, gain, shift):
    """A layer that gives nearly what it gets. What it gets are values of one scale, normalised with `gain` and `shift` before:
    its norms, which normalise again, give that scale back."""
    with torch.no_grad():
        for part in (layer.post_attention, layer.output):
            part.conv1d.weight.zero_()
            part.conv1d.bias.zero_()
            part.layernorm.weight.fill_((gain.square().mean() + shift.var(unbiased=False)).sqrt())
            part.layernorm.bias.fill_(shift.mean())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name")
    parser.add_argument("--of", type=pathlib.Path, default=MODEL)
    parser.add_argument("--set", nargs="*", default=[], metavar="FIELD=NUMBER")
    args = parser.parse_args()
    small = json.loads((args.of / "config.json").read_text())
    config = {**small, **{field: int(value) for field, value in (item.split("=") for item in args.set)}}
    torch.manual_seed(1)
    model = SqueezeBert(config)
    own, weights = model.state_dict(), read_safetensors(args.of / "model.safetensors")
    origins = where_layers_come_from(small["num_hidden_layers"], config["num_hidden_layers"])
    for name in own:
        parts = name.split(".")
        if parts[:3] == ["transformer", "encoder", "layers"]:
            origin = origins[int(parts[3])]
            if origin is None:
                continue
            source = ".".join([*parts[:3], str(origin), *parts[4:]])
        else:
            source = name
        value = weights[source]
        for product, groups in PRODUCTS.items():
            if name.endswith(product + ".weight"):
                value = regrouped(value.view(len(value), -1), small[groups], config[groups])
        own[name] = value.view(own[name].shape)
    model.load_state_dict(own)
    layers = model.transformer.encoder.layers
    for index, origin in enumerate(origins):
        if origin is None:
            before = layers[index - 1].output.layernorm if index else model.transformer.embeddings.LayerNorm
            passing_on(layers[index], before.weight.data, before.bias.data)
    vocabulary = (args.of / "vocab.txt").read_text(encoding="utf-8").splitlines()
    torch.save({"model": model.state_dict(), "average": None, "words": None, "optimizer": None,
                "state": {"step": 0, "tokens": 0, "seconds": 0.0}, "mixture": None, "vocabulary": vocabulary, "config": config},
               RUNS / f"{args.name}.pt")
    log(f"{args.name}: {sum(p.numel() for p in model.parameters()) / 1e6:.2f} million parameters, layers {origins}")


if __name__ == "__main__":
    main()
