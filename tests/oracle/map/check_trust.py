#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Trustworthiness at k = 15 of our maps beside scikit-learn's t-SNE on the same vectors: check_trust.py LIKENESS FOLDER...

For each folder: embeds its pictures, maps them, and asks scikit-learn about both. Fails where ours is more than 0.02 below t-SNE's. Takes
minutes.
"""
import json
import os
import subprocess
import sys
import tempfile

import numpy as np
import sklearn
from sklearn.manifold import TSNE, trustworthiness

ALLOWED, K = 0.02, 15


def ours(likeness, folder, *options):
    run = subprocess.run([likeness, "map", folder, "--json", "--quiet", *options], stdout=subprocess.PIPE, check=False)
    document = json.loads(run.stdout)
    return {p["path"]: (p["x"], p["y"]) for p in document["pictures"]}


def embeddings(likeness, folder):
    with tempfile.TemporaryDirectory() as place:
        file = os.path.join(place, "x.npy")
        subprocess.run([likeness, "embed", folder, "--normalize", "--quiet", "--out", file], check=False)
        with open(file + ".paths", encoding="utf-8", errors="surrogateescape") as paths:
            return np.load(file), paths.read().split("\n")[:-1]


def main():
    likeness, failed = sys.argv[1], False
    print(f"scikit-learn {sklearn.__version__}, k = {K}\n{'pictures':>8}  {'umap':>7}  {'pca':>7}  {'t-SNE':>7}  folder")
    for folder in sys.argv[2:]:
        vectors, paths = embeddings(likeness, folder)
        figures = []
        for method in ("umap", "pca"):
            places = ours(likeness, folder, "--method", method)
            figures.append(trustworthiness(vectors, np.array([places[p] for p in paths]), n_neighbors=K))
        tsne = TSNE(2, random_state=1, init="pca", learning_rate="auto").fit_transform(vectors)
        figures.append(trustworthiness(vectors, tsne, n_neighbors=K))
        failed |= figures[0] < figures[2] - ALLOWED
        print(f"{len(paths):8d}  {figures[0]:7.4f}  {figures[1]:7.4f}  {figures[2]:7.4f}  {folder}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
