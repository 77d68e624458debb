#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Edges and the distances between them: make_edge.py >edge_values.inc; make_edge.py places >edge_places.inc

Edges are OpenCV's. The Hausdorff distance is scikit-image's; its method="modified" came with 0.20, so an older one is given
its definition, the larger mean of what SciPy's k-d trees find. The quantile is numpy's sort of SciPy's distance transform. Places: the number of edge pixels of a picture, and a hash of their indices, for several pairs of limits.
"""
import os
import sys

import cv2
import numpy as np
import scipy
import skimage
from scipy.ndimage import distance_transform_edt
from scipy.spatial import cKDTree
from skimage.metrics import hausdorff_distance

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import pattern

LOW, HIGH, QUANTILE, REACH = 40, 100, 0.9, 2
SIZES = [(1, 1, 1, 128), (2, 5, 3, 128), (9, 8, 3, 256), (33, 29, 3, 256), (64, 48, 1, 200), (161, 163, 3, 220),
         (350, 241, 1, 256), (300, 200, 3, 0)]


def edges(image, low=LOW, high=HIGH):
    return cv2.Canny(cv2.GaussianBlur(pattern.gray(image), (5, 5), 0), low, high, L2gradient=True) > 0


def way(of, to):
    if not of.any():
        return 0.0, 1.0
    if not to.any():
        return np.inf, 0.0
    d = np.sort(distance_transform_edt(~to)[of])
    return d[int(np.ceil(QUANTILE * len(d))) - 1], np.mean(d <= REACH)


def modified(a, b):
    try:
        return hausdorff_distance(a, b, method="modified")
    except TypeError:
        pa, pb = np.argwhere(a), np.argwhere(b)
        return max(cKDTree(pa).query(pb)[0].mean(), cKDTree(pb).query(pa)[0].mean())


def places_hash(e):
    """FNV-1a over the indices of the edge pixels, 32 bits."""
    h = np.uint64(0x811C9DC5)
    for i in np.flatnonzero(e):
        h = (h ^ np.uint64(i)) * np.uint64(0x01000193) & np.uint64(0xFFFFFFFF)
    return int(h)


def values():
    for name, a, b in pattern.pairs(SIZES):
        ea, eb = edges(a), edges(b)
        (pa, ma), (pb, mb) = way(ea, eb), way(eb, ea)
        both = {"edges_a": ea.sum(), "edges_b": eb.sum(), "met_a": ma, "met_b": mb}
        if ea.any() and eb.any():
            both["hausdorff"] = hausdorff_distance(ea, eb)
            both["value"] = modified(ea, eb)
            both["partial"] = max(pa, pb)
        for key, value in both.items():
            yield name, "edge", key, value


def places():
    for name, a, _ in pattern.pairs(SIZES):
        for low, high in ((LOW, HIGH), (0, 0), (33.5, 64.25), (200, 400)):
            e = edges(a, low, high)
            yield f'{{"{name}", {low}, {high}, {e.sum()}, {places_hash(e)}u}},'


VERSIONS = f"OpenCV {cv2.__version__}, scikit-image {skimage.__version__}, scipy {scipy.__version__}, numpy {np.__version__}"
if sys.argv[1:] == ["places"]:
    print("/* SPDX-License-Identifier: Apache-2.0 */")
    print(f"/* Written by make_edge.py places with OpenCV {cv2.__version__}. Pictures: tests/oracle/pattern.py. */")
    print("\n".join(places()))
else:
    pattern.write(values(), VERSIONS)
