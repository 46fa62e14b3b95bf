"""encoder.cpp as a PyTorch function: the layers of model.SqueezeBert over texts packed one after the other.

Where the processor has neither AVX512 nor AVX2 (or on a GPU) `available()` is false and model.py's own layers compute the same.
"""
import ctypes
import pathlib

import torch

import native

NAMES = ["attention.query", "attention.key", "attention.value", "post_attention.conv1d", "post_attention.layernorm",
         "intermediate.conv1d", "output.conv1d", "output.layernorm"]
GATE = ["output.excitation.squeeze", "output.excitation.excite"]


def available():
    cpu = pathlib.Path("/proc/cpuinfo")
    if not cpu.exists():
        return False
    flags = set(cpu.read_text().split())
    return "avx512f" in flags or {"avx2", "fma", "f16c"} <= flags


def library():
    loaded = native.load("encoder.cpp")
    loaded.encoder_new.restype = ctypes.c_void_p
    loaded.encoder_forward.restype = ctypes.c_size_t
    return loaded


def _pointers(tensors):
    return (ctypes.c_void_p * len(tensors))(*[t.data_ptr() for t in tensors])


class _Run(torch.autograd.Function):
    @staticmethod
    def forward(ctx, encoder, offsets, dropout, seed, keep, x, *weights):
        x = x.float().contiguous()
        y = torch.empty_like(x)
        encoder.take(weights)
        texts = len(offsets) - 1
        call = library().encoder_forward
        arguments = [encoder.handle, native.pointer(x), native.pointer(offsets), texts,
                     native.pointer(y)]
        tail = [ctypes.c_float(dropout), ctypes.c_uint64(seed)]
        saved = encoder.memory(call(*arguments, None, *tail) + 64)
        start = -saved.data_ptr() % 64
        call(*arguments, ctypes.c_void_p(saved.data_ptr() + start), *tail)
        if keep:
            ctx.parts = encoder, offsets, texts, tail, saved, start, weights
        else:
            encoder.free.append(saved)
        return y

    @staticmethod
    def backward(ctx, dy):
        encoder, offsets, texts, tail, saved, start, weights = ctx.parts
        dy = dy.float().contiguous()
        dx = torch.empty_like(dy)
        grads = [torch.empty_like(w) for w in weights]
        library().encoder_backward(encoder.handle, native.pointer(dy),
                                   native.pointer(offsets), texts, native.pointer(dx),
                                   ctypes.c_void_p(saved.data_ptr() + start), *tail, _pointers(grads))
        encoder.free.append(saved)
        ctx.parts = None
        return None, None, None, None, None, dx, *grads


class FusedEncoder:
    """The layers of a SqueezeBert model. Call it with x [tokens, hidden] and offsets [texts + 1] (int32)."""

    def __init__(self, config, threads=native.THREADS):
        groups = [config[f"{n}_groups"] for n in ("q", "k", "v", "post_attention", "intermediate", "output")]
        reduction = config.get("excitation_reduction", 0)
        self.names = NAMES + GATE if reduction else NAMES
        self.handle = ctypes.c_void_p(library().encoder_new(
            config["num_hidden_layers"], config["hidden_size"], config["num_attention_heads"], config["intermediate_size"],
            (ctypes.c_int * 6)(*groups), int(config.get("intermediate_kernel", 1) == 3),
            config["hidden_size"] // reduction if reduction else 0, threads))
        self.end = library().encoder_free  # at hand also while Python shuts down
        self.free = []

    def __del__(self):
        if getattr(self, "handle", None):
            self.end(self.handle)

    def memory(self, size):
        """Used again and again: fresh pages cost a tenth of the time."""
        if self.free and len(self.free[-1]) >= size:
            return self.free.pop()
        self.free.clear()
        return torch.empty(size * 5 // 4, dtype=torch.uint8)

    def take(self, weights):
        library().encoder_weights(self.handle, _pointers(weights))

    def __call__(self, layers, x, offsets, dropout=0.0, seed=0):
        weights = []
        for layer in layers:
            for name in self.names:
                part = layer.get_submodule(name)
                weights += [part.weight, part.bias]
                if name == "intermediate.conv1d" and layer.intermediate.neighbours is not None:
                    weights.append(layer.intermediate.neighbours.weight[:, 0].t().contiguous())
        return _Run.apply(self, offsets, dropout, seed, torch.is_grad_enabled(), x, *weights)
