#!/usr/bin/env python3
"""Fits the polynomial of e^r that src/kernels/vector_math.h uses, and prints its coefficients and error.

e^r ~ 1 + r + r^2 Q(r) on |r| <= ln(2) / 2, Q of degree 3, relative error made level by Remez exchange. Standard library only.
"""
import math
import struct

LIMIT, DEGREE = math.log(2) / 2, 3
target = lambda r: (math.expm1(r) - r) / (r * r) if abs(r) > 1e-3 else 0.5 + r / 6 + r * r / 24 + r**3 / 120
weight = lambda r: r * r / math.exp(r)  # of an error of Q in the relative error of e^r


def solve(matrix, values):
    rows = [row[:] + [value] for row, value in zip(matrix, values)]
    for i in range(len(rows)):
        pivot = max(range(i, len(rows)), key=lambda j: abs(rows[j][i]))
        rows[i], rows[pivot] = rows[pivot], rows[i]
        for j in range(len(rows)):
            if j != i:
                factor = rows[j][i] / rows[i][i]
                rows[j] = [a - factor * b for a, b in zip(rows[j], rows[i])]
    return [rows[i][-1] / rows[i][i] for i in range(len(rows))]


def error(q, r):
    return (sum(c * r**k for k, c in enumerate(q)) - target(r)) * weight(r)


# The weight is 0 in the middle: levelled points lie on both sides of it.
count = DEGREE + 2
points = [LIMIT * -math.cos(math.pi * (i + 0.5) / count) for i in range(count)]
points = [p if abs(p) > 0.05 else 0.05 for p in points]
grid = [-LIMIT + 2 * LIMIT * i / 20000 for i in range(20001)]
for _ in range(60):
    system = [[p**k for k in range(DEGREE + 1)] + [(-1) ** i / weight(p)] for i, p in enumerate(points)]
    q = solve(system, [target(p) for p in points])[: DEGREE + 1]
    errors = [error(q, r) for r in grid]
    # The largest error of each stretch of one sign.
    peaks, first = [], 0
    for i in range(1, len(grid) + 1):
        if i == len(grid) or errors[i] * errors[first] < 0:
            peaks.append(max(range(first, i), key=lambda j: abs(errors[j])))
            first = i
    while len(peaks) > count:
        peaks.remove(min((peaks[0], peaks[-1]), key=lambda j: abs(errors[j])))
    if len(peaks) < count:
        break
    points = [grid[j] for j in peaks]
print("largest relative error in exact arithmetic: %.2e" % max(abs(e) for e in errors))
single = lambda v: struct.unpack("f", struct.pack("f", v))[0]
print("Q", [f"{single(c):.9g}" for c in q])
