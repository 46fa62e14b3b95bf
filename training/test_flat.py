"""python3 test_flat.py: flat.py and resident.py against model.py's own layers, result and gradients, and the texts they were drawn from."""
import sys

import numpy
import torch

import corpus
import resident
import tokenization
from flat import Flat
from model import CONFIG, SqueezeBert

GROUPS = ("q_groups", "k_groups", "v_groups", "post_attention_groups", "intermediate_groups", "output_groups")


def texts(lengths):
    random = numpy.random.default_rng(1)
    return corpus.packed([(random.integers(5, 300, n), int(random.integers(3))) for n in lengths])


def same_as_model(kernel, groups, compiled=None):
    torch.manual_seed(1)
    config = dict(CONFIG, vocab_size=300, max_position_embeddings=256, num_hidden_layers=2, intermediate_kernel=kernel,
                  **dict.fromkeys(GROUPS, groups))
    model = SqueezeBert(config).eval()
    res = resident.Resident(resident.Table({"custrev": texts([3, 20, 14, 9, 21, 300, 1])}), torch.device("cpu"))
    flat, good = Flat(model, config), True
    if compiled:
        flat.before, flat.after = compiled(flat.before), compiled(flat.after)
    for drawn, count, length, ids, there in resident.batches_of_all(res, numpy.arange(7), 768):
        toward = torch.randn(len(drawn), 3)

        def run(compute):
            model.zero_grad()
            logits = compute()
            (logits * toward).sum().backward()
            return [logits.detach()] + [p.grad.clone() for p in model.parameters() if p.grad is not None]

        def ours():
            p = torch.zeros(())
            return flat.classes(flat.states(ids, length, there, p), length, p)

        for a, b in zip(run(ours), run(lambda: model(ids.view(-1, length), there.view(-1, length))), strict=True):
            good &= torch.allclose(a, b, atol=1e-4 * (1 + b.abs().max().item()))
    return good


def compiled_once():
    """One graph for each of the two functions of a layer, whatever the layer and the length."""
    graphs = []

    def backend(graph, _):
        graphs.append(graph)
        return graph.forward

    return same_as_model(3, 2, lambda function: torch.compile(function, backend=backend)) and len(graphs) == 2


def rows_are_texts():
    part = texts([3, 20, 14, 9, 21, 300, 1, 500] * 5)
    res, good = resident.Resident(resident.Table({"custrev": part}), torch.device("cpu")), True
    draw = resident.Draw(res, {"custrev": 1}, 768, {}, 1)
    seen = set()
    for _ in range(200):
        drawn, length, ids, there = draw.batch()
        for t, row, mask in zip(drawn.tolist(), ids.view(-1, length), there.view(-1, length)):
            seen.add(t)
            inside = row[mask].numpy()
            good &= inside[0] == tokenization.CLS and inside[-1] == tokenization.SEP and bool((row[~mask] == tokenization.PAD).all())
            own, found = part[t].astype(numpy.int64), inside[1:-1]
            good &= len(found) == min(len(own), 254)
            good &= any((own[i:i + len(found)] == found).all() for i in range(len(own) - len(found) + 1))
    return good and len(seen) == len(part)


if __name__ == "__main__":
    results = {f"kernel {kernel}, groups {groups}": same_as_model(kernel, groups) for kernel in (1, 3) for groups in (1, 2)}
    results["compiled once"] = compiled_once()
    results["rows"] = rows_are_texts()
    for name, good in results.items():
        print(f"{name}: {'as expected' if good else 'OTHERWISE'}")
    sys.exit(0 if all(results.values()) else 1)
