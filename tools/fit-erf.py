#!/usr/bin/env python3
"""Fits the rational approximation of erf that src/kernels/activation.cpp uses, and prints its coefficients and error.

erf(x) ~ x * P(x^2) / Q(x^2) on |x| <= 3.92 (from there on erf rounds to 1 in float32). P and Q by iterated, linearised
least squares on Chebyshev nodes with the weights pushed towards the largest errors (Lawson). Needs numpy and scipy.
"""
import numpy as np
from scipy.special import erf

LIMIT, P_DEGREE, Q_DEGREE = 3.92, 5, 5
n = 4000
x = LIMIT * (0.5 - 0.5 * np.cos(np.pi * (np.arange(n) + 0.5) / n))
t, y = x * x, erf(x)
ts = t / LIMIT**2  # scaled for conditioning
weight, q = np.ones(n), np.ones(n)
best = None
for _ in range(400):
    w = np.sqrt(weight) / (q * y)  # relative error
    a = np.hstack([(x * w)[:, None] * ts[:, None] ** np.arange(P_DEGREE + 1),
                   -(y * w)[:, None] * ts[:, None] ** np.arange(1, Q_DEGREE + 1)])
    c, *_ = np.linalg.lstsq(a, y * w, rcond=None)
    p, qc = c[:P_DEGREE + 1], np.concatenate([[1.0], c[P_DEGREE + 1:]])
    q = np.polyval(qc[::-1], ts)
    error = np.abs(x * np.polyval(p[::-1], ts) / q / y - 1)
    if best is None or error.max() < best[0]:
        best = (error.max(), p.copy(), qc.copy())
    weight *= error / error.mean() + 1e-3
    weight /= weight.mean()
print("largest relative error in exact arithmetic: %.2e" % best[0])
scale = LIMIT ** (2.0 * np.arange(P_DEGREE + 1))
p32 = (best[1] / scale).astype(np.float32)
q32 = (best[2] / LIMIT ** (2.0 * np.arange(Q_DEGREE + 1))).astype(np.float32)
print("P", [f"{v:.9g}" for v in p32]); print("Q", [f"{v:.9g}" for v in q32])
x32 = np.linspace(0, LIMIT, 2_000_001).astype(np.float32); t32 = x32 * x32
num, den = np.full_like(t32, p32[-1]), np.full_like(t32, q32[-1])
for v in p32[-2::-1]: num = num * t32 + v
for v in q32[-2::-1]: den = den * t32 + v
print("largest absolute error in float32: %.2e" % np.abs((x32 * num / den).astype(np.float64) - erf(x32.astype(np.float64))).max())
