"""Begins a larger model from a smaller one that has learnt already, so that it answers the same at first: Net2Net (Chen et al. 2016).

python3 grow.py NAME [--of MODEL] [--set q_groups=2 ...]     -> runs/NAME.pt, for train.py's --start NAME
    MODEL: a folder in the Hugging Face layout, float or int8 (default: the one that ships), or a file of runs/
    --set: of the configuration. *_groups: fewer groups than there were, the new weights begin as zeros.
           num_hidden_layers: layers are put in between, each of which begins with outputs of zero.
           hidden_size, embedding_size, intermediate_size, num_attention_heads: the same whole number of times as many, with all
           groups 1. Every channel is there that often; how much each of its copies counts is drawn at random, so that they part.
"""
import argparse
import pathlib

import torch

from export import MODEL, read_folder
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


WIDTHS = ("hidden_size", "embedding_size", "intermediate_size", "num_attention_heads")


def saved(path):
    """(weights, configuration, vocabulary) of a folder in the Hugging Face layout or of a file of runs/"""
    if path.is_dir():
        return read_folder(path)
    run = torch.load(path, map_location="cpu", weights_only=False)  # written by train.py, average.py or below
    return {k: v.float() for k, v in (run["average"] or run["model"]).items()}, run["config"], run["vocabulary"]


def save(path, weights, config, vocabulary, tokens=0):
    """A file as train.py begins from; tokens: how many the model has been trained on."""
    torch.save({"model": weights, "average": None, "words": None, "optimizer": None, "mixture": None, "vocabulary": vocabulary,
                "config": config, "state": {"step": 0, "tokens": tokens, "seconds": 0.0}}, path)


def times_wider(small, config):
    """How many times the channels are there, the same for all of them."""
    times = {config[field] / small[field] for field in WIDTHS}
    if len(times) > 1 or not min(times).is_integer():
        raise SystemExit(f"{', '.join(WIDTHS)} have to grow by one whole number")
    if min(times) > 1 and any(config[groups] != 1 for groups in PRODUCTS.values()):
        raise SystemExit("a wider model's groups have to be 1")
    return int(min(times))


def wider(weight, times, out=True, noise=0.5):
    """A product's weights [out, in] for `times` copies of every channel: the copies of an input together count as much as it did."""
    weight = weight.repeat(times if out else 1, 1)
    if times == 1:
        return weight
    parts = torch.randn(times, *weight.shape) * weight.std() * noise
    return torch.cat(list(weight / times + parts - parts.mean(0)), 1)


def grown(weights, small, config):
    """(A model of `config` that answers nearly as one of the configuration `small` with `weights` does, where its layers come from)"""
    model = SqueezeBert(config)
    own, times = model.state_dict(), times_wider(small, config)
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
                value = wider(regrouped(value.view(len(value), -1), small[groups], config[groups]), times)
        if name.endswith("embeddings.weight"):
            value = value.repeat(1, times)
        elif name in ("transformer.pooler.dense.weight", "classifier.weight"):
            value = wider(value, times, out=name != "classifier.weight")
        elif value.dim() != 2 and name != "classifier.bias":
            value = value.repeat(times, *[1] * (value.dim() - 1))
        own[name] = value.view(own[name].shape)
    model.load_state_dict(own)
    layers = model.transformer.encoder.layers
    for index, origin in enumerate(origins):
        if origin is None:
            before = layers[index - 1].output.layernorm if index else model.transformer.embeddings.LayerNorm
            passing_on(layers[index], before.weight.data, before.bias.data)
    return model, origins


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name")
    parser.add_argument("--of", type=pathlib.Path, default=MODEL)
    parser.add_argument("--set", nargs="*", default=[], metavar="FIELD=NUMBER")
    args = parser.parse_args()
    weights, small, vocabulary = saved(args.of)
    config = {**small, **{field: int(value) for field, value in (item.split("=") for item in args.set)}}
    torch.manual_seed(1)
    model, origins = grown(weights, small, config)
    save(RUNS / f"{args.name}.pt", model.state_dict(), config, vocabulary)
    log(f"{args.name}: {sum(p.numel() for p in model.parameters()) / 1e6:.2f} million parameters, layers {origins}")


if __name__ == "__main__":
    main()
