"""python3 test_grow.py: what grow.py makes answers as what it was made of: wider and with fewer groups exactly, deeper nearly."""
import sys

import torch

import grow
from model import CONFIG, SqueezeBert


def farthest(**fields):
    """The largest difference of a logit, of those whose own size is about one; fields: the larger model's."""
    torch.manual_seed(1)
    small = dict(CONFIG, vocab_size=300, hidden_size=64, embedding_size=64, intermediate_size=128, num_hidden_layers=3,
                 num_attention_heads=2, max_position_embeddings=64, intermediate_kernel=3, **dict.fromkeys(grow.PRODUCTS.values(), 2))
    model = SqueezeBert(small).eval()
    with torch.no_grad():
        for name, p in model.named_parameters():
            if "LayerNorm" in name or "layernorm" in name:  # (as learnt ones are: not ones and zeros)
                p.add_(torch.randn_like(p) * 0.1)
        model.classifier.weight.mul_(20)
    large, _ = grow.grown(model.state_dict(), small, {**small, **fields})
    ids, mask = torch.randint(5, 300, (8, 20)), torch.ones(8, 20)
    mask[::2, 13:] = 0
    with torch.no_grad():
        expected = model(ids, mask)
        return ((large.eval()(ids, mask) - expected).abs().max() / expected.std()).item()


if __name__ == "__main__":
    dense = dict.fromkeys(grow.PRODUCTS.values(), 1)
    wide = dict(hidden_size=128, embedding_size=128, intermediate_size=256, num_attention_heads=4, **dense)
    cases = {"the same": ({}, 1e-6), "fewer groups": (dense, 1e-5), "twice as wide": (wide, 1e-5),
             "three times as wide": (dict(hidden_size=192, embedding_size=192, intermediate_size=384, num_attention_heads=6, **dense), 1e-5),
             "deeper": (dict(num_hidden_layers=5), 0.2), "wider and deeper": (dict(wide, num_hidden_layers=5), 0.2)}
    good = True
    for name, (fields, most) in cases.items():
        found = farthest(**fields)
        good &= found < most
        print(f"{name}: {found:.1e} of the logits' deviation, {'as expected' if found < most else f'MORE THAN {most}'}")
    sys.exit(0 if good else 1)
