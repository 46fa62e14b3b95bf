"""A step of training, as every stage takes it: AdamW, gradients cut at a norm of 1, the mean of the weights on the way."""
import torch
from torch import nn


def adamw(parameters, rate=0.0):
    """Only what has more than one dimension decays."""
    return torch.optim.AdamW(
        [{"params": [p for p in parameters if p.dim() > 1], "weight_decay": 0.01},
         {"params": [p for p in parameters if p.dim() <= 1], "weight_decay": 0.0}],
        lr=rate, betas=(0.9, 0.98), eps=1e-6, fused=True)


def descend(optimizer, parameters, loss, rate):
    for group in optimizer.param_groups:
        group["lr"] = rate
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(parameters, 1.0)
    optimizer.step()


def follow(mean, weights, keep, step):
    """mean: of the weights after each step so far; `keep` of it stays, less at first. step: from 0."""
    with torch.no_grad():
        torch._foreach_lerp_(mean, weights, 1 - min(keep, (step + 1) / (step + 10)))
