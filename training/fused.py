"""encoder.cpp as a PyTorch function: the layers of model.SqueezeBert over texts packed one after the other.

Where the processor lacks AVX512 (or on a GPU) `available()` is false and model.py's own layers compute the same.
"""
import ctypes
import hashlib
import os
import pathlib
import subprocess

import torch

HERE = pathlib.Path(__file__).parent
THREADS = int(os.environ.get("TRAINING_THREADS", os.cpu_count() or 1))
NAMES = ["attention.query", "attention.key", "attention.value", "post_attention.conv1d", "post_attention.layernorm",
         "intermediate.conv1d", "output.conv1d", "output.layernorm"]
_library = None


def available():
    return "avx512f" in pathlib.Path("/proc/cpuinfo").read_text()


def library():
    """Compiled once for each text of encoder.cpp, into runs/."""
    global _library
    if _library is None:
        source = HERE / "encoder.cpp"
        built = HERE / "runs" / f"encoder-{hashlib.sha256(source.read_bytes()).hexdigest()[:12]}.so"
        if not built.exists():
            built.parent.mkdir(exist_ok=True)
            compiler = os.environ.get("CXX", "c++")
            subprocess.run([compiler, "-std=c++20", "-O3", "-march=native", "-ffast-math",
                            "-fno-exceptions", "-Wall", "-pthread", "-shared", "-fPIC", str(source), "-o", str(built) + ".new"], check=True)
            os.replace(str(built) + ".new", built)
        _library = ctypes.CDLL(str(built))
        _library.encoder_new.restype = ctypes.c_void_p
        _library.encoder_forward.restype = ctypes.c_size_t
    return _library


def _pointers(tensors):
    return (ctypes.c_void_p * len(tensors))(*[t.data_ptr() for t in tensors])


class _Run(torch.autograd.Function):
    @staticmethod
    def forward(ctx, encoder, offsets, dropout, seed, x, *weights):
        x = x.float().contiguous()
        y = torch.empty_like(x)
        encoder.take(weights)
        texts = len(offsets) - 1
        call = library().encoder_forward
        arguments = [ctypes.c_void_p(encoder.handle), ctypes.c_void_p(x.data_ptr()), ctypes.c_void_p(offsets.data_ptr()), texts,
                     ctypes.c_void_p(y.data_ptr())]
        tail = [ctypes.c_float(dropout), ctypes.c_uint64(seed)]
        saved = encoder.memory(call(*arguments, None, *tail) + 64)
        start = -saved.data_ptr() % 64
        call(*arguments, ctypes.c_void_p(saved.data_ptr() + start), *tail)
        ctx.parts = encoder, offsets, texts, tail, saved, start, weights
        return y

    @staticmethod
    def backward(ctx, dy):
        encoder, offsets, texts, tail, saved, start, weights = ctx.parts
        dy = dy.float().contiguous()
        dx = torch.empty_like(dy)
        grads = [torch.empty_like(w) for w in weights]
        library().encoder_backward(ctypes.c_void_p(encoder.handle), ctypes.c_void_p(dy.data_ptr()),
                                   ctypes.c_void_p(offsets.data_ptr()), texts, ctypes.c_void_p(dx.data_ptr()),
                                   ctypes.c_void_p(saved.data_ptr() + start), *tail, _pointers(grads))
        encoder.free.append(saved)
        ctx.parts = None
        return None, None, None, None, dx, *grads


class FusedEncoder:
    """The layers of a SqueezeBert model. Call it with x [tokens, hidden] and offsets [texts + 1] (int32)."""

    def __init__(self, config, threads=THREADS):
        groups = [config[f"{n}_groups"] for n in ("q", "k", "v", "post_attention", "intermediate", "output")]
        self.handle = library().encoder_new(config["num_hidden_layers"], config["hidden_size"], config["num_attention_heads"],
                                            config["intermediate_size"], (ctypes.c_int * 6)(*groups), threads)
        self.free = []

    def __del__(self):
        if getattr(self, "handle", None) and _library:
            _library.encoder_free(ctypes.c_void_p(self.handle))

        self.free = []

    def memory(self, size):
        """Used again and again: fresh pages cost a tenth of the time."""
        if self.free and len(self.free[-1]) >= size:
            return self.free.pop()
        self.free.clear()
        return torch.empty(size * 5 // 4, dtype=torch.uint8)

    def take(self, weights):
        library().encoder_weights(ctypes.c_void_p(self.handle), _pointers(weights))

    def __call__(self, layers, x, offsets, dropout=0.0, seed=0):
        weights = [p for layer in layers for name in NAMES
                   for p in (layer.get_submodule(name).weight, layer.get_submodule(name).bias)]
        return _Run.apply(self, offsets, dropout, seed, x, *weights)
