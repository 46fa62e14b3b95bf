"""python3 test_fused.py: encoder.cpp against model.py's own layers (float32), results and gradients, and its speed."""
import sys
import time

import torch

from fused import FusedEncoder
from model import CONFIG, SqueezeBert


def close(name, ours, reference, worst):
    error = ((ours - reference).norm() / (reference.norm() + 1e-12)).item()
    if error > worst:
        print(f"{name}: relative error {error:.4f}")
    return error <= worst


def check(config, lengths):
    torch.manual_seed(1)
    model = SqueezeBert(config).eval()
    layers = model.transformer.encoder.layers
    for p in layers.parameters():  # not the ones and zeros that norms and biases begin with
        p.data += 0.1 * torch.randn_like(p)
    offsets = torch.tensor([0, *torch.tensor(lengths).cumsum(0)], dtype=torch.int32)
    x = torch.randn(sum(lengths), config["hidden_size"])
    toward = torch.randn_like(x)

    def run(compute):
        a = x.clone().requires_grad_()
        model.zero_grad()
        y = compute(a)
        (y * toward).sum().backward()
        return [("result", y.detach()), ("input", a.grad)] + [(n, p.grad.clone()) for n, p in layers.named_parameters()]

    def plain(a):
        out = []
        for i, n in enumerate(lengths):
            part = a[offsets[i]:offsets[i + 1]]
            for layer in layers:
                part = layer(part, torch.zeros(1, 1, 1, n), 1)
            out.append(part)
        return torch.cat(out)

    fused = FusedEncoder(config)
    good = True
    for (name, ours), (_, reference) in zip(run(lambda a: fused(layers, a, offsets)), run(plain)):
        # (keys' biases have no gradient: softmax does not see them)
        good &= "key.bias" in name or close(name, ours, reference, 0.01)
    return good


def dropout_gradient(config):
    """With dropout the two passes must drop the same values: every gradient against a difference along it."""
    torch.manual_seed(2)
    model = SqueezeBert(config)
    layers, fused = model.transformer.encoder.layers, FusedEncoder(config)
    for name, p in layers.named_parameters():
        if "squeeze.bias" in name:  # far from where ReLU has no derivative
            p.data = torch.randn_like(p).sign()
    offsets = torch.tensor([0, 40, 64], dtype=torch.int32)
    x, toward = torch.randn(64, config["hidden_size"], requires_grad=True), torch.randn(64, config["hidden_size"])
    f = lambda: (fused(layers, x, offsets, 0.2, 77) * toward).double().sum()
    f().backward()
    good, step = True, 0.1
    for name, p in [("input", x), *layers.named_parameters()]:
        slope = p.grad.norm().item()
        with torch.no_grad():
            direction = p.grad / slope
            p += step * direction
            above = f().item()
            p -= 2 * step * direction
            ratio = (above - f().item()) / (2 * step * slope)
            p += step * direction
        if abs(ratio - 1) > 0.02 and "key.bias" not in name:
            print(f"dropout: {name}: difference / slope = {ratio:.4f}")
            good = False
    return good


def speed(config, length, tokens=8192, seconds=4):
    model = SqueezeBert(config)
    layers, fused = model.transformer.encoder.layers, FusedEncoder(config)
    offsets = torch.arange(0, tokens + 1, length, dtype=torch.int32)
    x = torch.randn(int(offsets[-1]), config["hidden_size"], requires_grad=True)
    fused(layers, x, offsets, 0.1, 1).sum().backward()
    start, count = time.time(), 0
    while time.time() - start < seconds:
        fused(layers, x, offsets, 0.1, count).sum().backward()
        count += 1
    return count * len(x) / (time.time() - start)


def main():
    small = dict(CONFIG, vocab_size=100)
    gated = dict(small, excitation_reduction=16)
    both = dict(gated, intermediate_kernel=3)
    good = True
    for config in (small, dict(small, intermediate_kernel=3), gated, both, dict(small, post_attention_groups=4),
                   dict(small, num_attention_heads=8, q_groups=1, k_groups=2, v_groups=1, intermediate_groups=1, output_groups=1,
                        num_hidden_layers=2),
                   dict(small, hidden_size=192, num_attention_heads=12, intermediate_size=768, num_hidden_layers=1),
                   dict(gated, hidden_size=192, num_attention_heads=12, intermediate_size=768, num_hidden_layers=1)):
        for lengths in ([7], [1, 2, 3, 16, 17, 33, 100], [130, 64, 64, 5]):
            good &= check(config, lengths)
    for config in (small, dict(small, intermediate_kernel=3), gated, both):
        good &= dropout_gradient(config)
    print("fused encoder: results and gradients", "agree" if good else "DIFFER")
    for length in (16, 32, 64, 128):
        print(f"texts of {length} tokens: {speed(small, length):.0f} tokens a second, forward and backward; with the gate "
              f"{speed(gated, length):.0f}")
    sys.exit(not good)


if __name__ == "__main__":
    main()
