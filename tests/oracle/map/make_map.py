#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Values for tests/unit/test_map.c, from numpy, scipy, scikit-learn and networkx: usage: make_map.py >map_values.inc

Vectors: three clouds on the unit sphere and one vector that stands there three times. Then, by their definitions: the k nearest, UMAP's
fuzzy graph, principal components, the curve's a and b, and trustworthiness of two sets of places.
"""
import networkx
import numpy as np
import scipy
import sklearn
from scipy.optimize import curve_fit
from sklearn.manifold import trustworthiness

COUNT, DIM, K = 60, 7, 10
rng = np.random.default_rng(7)
centres = rng.standard_normal((3, DIM))
x = centres[np.arange(COUNT) % 3] + 0.4 * rng.standard_normal((COUNT, DIM))
x[30] = x[45] = x[15]
x = x.astype(np.float32)
unit = (x / np.linalg.norm(x.astype(float), axis=1, keepdims=True)).astype(np.float32).astype(float)


def neighbours(rows):
    d = np.sqrt(((rows[:, None] - rows[None]) ** 2).sum(2))
    np.fill_diagonal(d, np.inf)
    order = np.argsort(d, axis=1, kind="stable")[:, :K]
    return order, np.take_along_axis(d, order, 1)


def fuzzy_graph(order, d):
    w = np.zeros((COUNT, COUNT))
    for i in range(COUNT):
        rho = d[i][d[i] > 0].min()
        low, high, sigma = 0.0, np.inf, 1.0
        for _ in range(64):
            if np.exp(-np.maximum(0, d[i] - rho) / sigma).sum() > np.log2(K):
                high = sigma
            else:
                low = sigma
            sigma = (low + high) / 2 if np.isfinite(high) else sigma * 2
        sigma = max(sigma, 1e-3 * d[i].mean())
        w[i, order[i]] = np.exp(-np.maximum(0, d[i] - rho) / sigma)
    return w + w.T - w * w.T


def curve(min_dist, spread):
    at = np.linspace(0, 3 * spread, 300)
    want = np.where(at < min_dist, 1, np.exp(-(at - min_dist) / spread))
    (a, b), _ = curve_fit(lambda t, a, b: 1 / (1 + a * t ** (2 * b)), at, want)
    return a, b


def table(name, kind, values, form):
    print(f"static const {kind} {name}[] = {{")
    texts = [form % v for v in np.asarray(values).ravel()]
    for i in range(0, len(texts), 8):
        print("    " + ", ".join(texts[i:i + 8]) + ",")
    print("};")


order, d = neighbours(unit)
w = fuzzy_graph(order, d)
centred = unit - unit.mean(0)
_, _, axes = np.linalg.svd(centred, full_matrices=False)
axes = axes[:2] * np.sign(axes[:2][np.arange(2), np.abs(axes[:2]).argmax(1)])[:, None]
places = (centred @ axes.T).astype(np.float32)
noise = rng.standard_normal((COUNT, 2)).astype(np.float32)
once = np.delete(np.arange(COUNT), [30, 45])  # scikit-learn ranks equal ones as its sorting leaves them
graph = networkx.from_numpy_array(w)
thirds = [{i for i in range(COUNT) if i % 3 == c} for c in range(3)]
communities = networkx.community.louvain_communities(graph, seed=1)
print("/* SPDX-License-Identifier: Apache-2.0 */")
print(f"/* Written by make_map.py with numpy {np.__version__}, scipy {scipy.__version__}, scikit-learn {sklearn.__version__}, networkx {networkx.__version__}. */")
print(f"enum {{ MAP_COUNT = {COUNT}, MAP_DIM = {DIM}, MAP_K = {K} }};")
table("map_vectors", "float", x, "%#.9gf")
table("map_nearest", "int32_t", order, "%d")
table("map_distances", "double", d, "%.9g")
table("map_weights", "double", w, "%.7g")
table("map_places", "double", places, "%.9g")
table("map_noise", "float", noise, "%#.9gf")
table("map_curves", "double", [(m, s, *curve(m, s)) for m, s in [(0.1, 1), (0.01, 1), (0.5, 1), (0, 1), (0.3, 2.5)]], "%.9g")
table("map_trust", "double", [trustworthiness(unit[once], y[once], n_neighbors=k) for y in (places, noise) for k in (3, 10, 20)], "%.12g")
# Of i % 3, then of what networkx finds.
table("map_modularity", "double", [networkx.community.modularity(graph, p) for p in (thirds, communities)], "%.9g")
