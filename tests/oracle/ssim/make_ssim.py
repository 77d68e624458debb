#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""SSIM by scikit-image and MS-SSIM from its definition by NumPy and SciPy: make_ssim.py > ssim_values.inc"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))

import numpy as np
import scipy
import scipy.signal
import skimage
from skimage.metrics import structural_similarity

import pattern


def gaussian_window():
    x = np.arange(-5, 6)
    g = np.exp(-x * x / (2 * 1.5**2))
    g = np.outer(g, g)
    return g / g.sum()


def scale_terms(a, b):
    """Mean S and mean of its factor of contrast and structure, windows inside only."""
    w = gaussian_window()
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    mean = lambda v: scipy.signal.convolve2d(v, w, mode="valid")
    ma, mb = mean(a), mean(b)
    va, vb, cov = mean(a * a) - ma * ma, mean(b * b) - mb * mb, mean(a * b) - ma * mb
    contrast = (2 * cov + c2) / (va + vb + c2)
    return (((2 * ma * mb + c1) / (ma * ma + mb * mb + c1)) * contrast).mean(), contrast.mean()


def halve(v):
    v = np.pad(v, ((0, v.shape[0] % 2), (0, v.shape[1] % 2)), mode="edge")
    return (v[0::2, 0::2] + v[0::2, 1::2] + v[1::2, 0::2] + v[1::2, 1::2]) / 4


def ms_ssim(a, b):
    value = 1.0
    a, b = a.astype(np.float64), b.astype(np.float64)
    for j, weight in enumerate([0.0448, 0.2856, 0.3001, 0.2363, 0.1333]):
        s, contrast = scale_terms(a, b)
        value *= max(s if j == 4 else contrast, 0) ** weight
        a, b = halve(a), halve(b)
    return value


def map_places(width, height):
    """Corners, edges and a scatter."""
    yield from [(0, 0), (width - 1, 0), (0, height - 1), (width - 1, height - 1), (2, 3), (width - 3, height // 2)]
    for i in range(20):
        yield (i * 7919 + 13) % width, (i * 104729 + 5) % height


def rows():
    for name, a, b in pattern.pairs(pattern.SIZES):
        ga, gb = pattern.gray(a), pattern.gray(b)
        uniform, s = structural_similarity(ga, gb, full=True)
        yield name, "ssim", "uniform", uniform
        if min(ga.shape) >= 11:
            yield name, "ssim", "gaussian", structural_similarity(
                ga, gb, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255)
        yield name, "ssim", "colour", structural_similarity(pattern.rgb(a), pattern.rgb(b), channel_axis=-1)
        for x, y in map_places(ga.shape[1], ga.shape[0]):
            yield name, "ssim", f"map {x} {y}", np.clip(1 - s[y, x], 0, 1)
        if min(ga.shape) > 160:
            yield name, "ms-ssim", "value", ms_ssim(ga, gb)


pattern.write(rows(), f"scikit-image {skimage.__version__}, scipy {scipy.__version__}, numpy {np.__version__}")
