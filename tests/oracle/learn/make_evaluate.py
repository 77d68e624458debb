#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Recall, working points and areas of invented vectors: make_evaluate.py >evaluate_values.inc

Everything by its definition: cosines in double, ranks by counting, thresholds by trying every cosine, the area as SciPy's
Mann-Whitney statistic, Wilson's interval as SciPy has it.
"""
import numpy as np
import scipy
from scipy.stats import binomtest, mannwhitneyu

MASK = (1 << 64) - 1
# name, queries, references (0: leave one out), dimensions, classes, weight of the class in a vector
CASES = [("labels", 90, 0, 24, 12, 0.55), ("labels", 61, 0, 33, 40, 0.9), ("labels", 40, 0, 8, 2, 0.1),
         ("pairs", 50, 30, 16, 30, 0.6), ("pairs", 25, 60, 130, 60, 0.3), ("pairs", 40, 20, 5, 35, 0.8)]


def noise(a, b):
    """-0.5 to 0.5 in steps of 1/4096, from SplitMix64 of two numbers."""
    z = (a * 0x100000000 + b + 0x9E3779B97F4A7C15) & MASK
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & MASK
    z = (z ^ z >> 27) * 0x94D049BB133111EB & MASK
    return (((z ^ z >> 31) & 4095) - 2048) / 4096


def vectors(count, first, dim, labels, weight):
    rows = [[weight * noise(1000000 + labels[i], k) + (1 - weight) * noise(first + i, k) for k in range(dim)]
            for i in range(count)]
    return np.array(rows).astype(np.float32).astype(np.float64)


def cosines(a, b):
    return (a / np.linalg.norm(a, axis=1, keepdims=True)) @ (b / np.linalg.norm(b, axis=1, keepdims=True)).T


def wilson(hits, count):
    ci = binomtest(int(hits), int(count)).proportion_ci(method="wilson")
    return hits / count, ci.low, ci.high


def true_match_rate(genuine, impostors, rate):
    fits = [t for t in np.concatenate([[-2.0], genuine, impostors]) if np.mean(impostors > t) <= rate]
    threshold = min(fits)
    return np.mean(genuine > threshold), threshold


def case(number, name, n, m, dim, classes, weight):
    labels = [int((noise(7, i) + 0.5) * 4096) % classes for i in range(n)]
    q = vectors(n, 0, dim, labels, weight)
    if m:
        r = vectors(m, 5000, dim, list(range(m)), weight)
        right = np.array([[labels[i] == k for k in range(m)] for i in range(n)])
        use = np.ones((n, m), bool)
    else:
        r = q
        right = np.array([[labels[i] == labels[k] and i != k for k in range(n)] for i in range(n)])
        use = ~np.eye(n, dtype=bool)
    c = cosines(q, r)
    ranks = []
    for i in range(n):
        if right[i].any():
            best = c[i][right[i]].max()
            ranks.append(1 + np.sum(c[i][use[i] & ~right[i]] >= best))
    ranks = np.array(ranks)
    out = {"queries": len(ranks), "left_out": n - len(ranks)}
    for k in (1, 5, 10):
        out[f"recall{k}"], out[f"recall{k}_low"], out[f"recall{k}_high"] = wilson(np.sum(ranks <= k), len(ranks))
    genuine, impostors = c[right & use], c[~right & use]
    out["genuine"], out["impostors"] = len(genuine), len(impostors)
    out["area"] = mannwhitneyu(genuine, impostors).statistic / len(genuine) / len(impostors)
    for rate in (0.01, 0.001):
        out[f"true_{rate}"], out[f"threshold_{rate}"] = true_match_rate(genuine, impostors, rate)
    for i in (0, 25, 30, 40):
        out[f"point{i}"], _ = true_match_rate(genuine, impostors, 10 ** ((i - 40) / 10) * (1 + 1e-12))
    for key, value in out.items():
        print(f'{{{number}, "{key}", {float(value)!r}}},')


print("/* SPDX-License-Identifier: Apache-2.0 */")
print(f"/* Written by make_evaluate.py with numpy {np.__version__}, scipy {scipy.__version__}. */")
for number, row in enumerate(CASES):
    case(number, *row)
