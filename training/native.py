"""Compiles a C++ file of this folder once for each text of it (and of the headers), into runs/, and loads it."""
import ctypes
import hashlib
import os
import pathlib
import subprocess

from journal import RUNS

THREADS = int(os.environ.get("TRAINING_THREADS", os.cpu_count() or 1))
_loaded = {}


def load(name):
    if name not in _loaded:
        source = pathlib.Path(__file__).parent / name
        text = source.read_bytes() + b"".join(h.read_bytes() for h in sorted(source.parent.glob("*.h")))
        built = RUNS / f"{source.stem}-{hashlib.sha256(text).hexdigest()[:12]}.so"
        if not built.exists():
            subprocess.run([os.environ.get("CXX", "c++"), "-std=c++20", "-O3", "-march=native", "-ffast-math",
                            "-fno-exceptions", "-Wall", "-pthread", "-shared", "-fPIC", str(source), "-o", f"{built}.new"],
                           check=True)
            os.replace(f"{built}.new", built)
        _loaded[name] = ctypes.CDLL(str(built))
    return _loaded[name]


def pointer(array):
    """Of a numpy array or a tensor, contiguous, that the caller keeps alive."""
    return ctypes.c_void_p(array.ctypes.data if hasattr(array, "ctypes") else array.data_ptr())
