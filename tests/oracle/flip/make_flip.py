#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""LDR-FLIP in double precision with SciPy, from the paper and the constants of version 1.6: make_flip.py > flip_values.inc

Nothing is shared with the C code: the filters are two-dimensional, colours go through the matrices as published, and cube roots
and powers are NumPy's. Each line: width, height, noise of both patterns, ppd, mean, weighted quartiles and median, max, and the
map at three places."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))

import numpy as np
import scipy
from scipy.ndimage import correlate

import pattern

RGB_TO_XYZ = np.array([[10135552 / 24577794, 8788810 / 24577794, 4435075 / 24577794],
                       [2613072 / 12288897, 8788810 / 12288897, 887015 / 12288897],
                       [1425312 / 73733382, 8788810 / 73733382, 70074185 / 73733382]])
WHITE = RGB_TO_XYZ @ np.ones(3)


def linear(rgb):
    v = rgb / 255
    return np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)


def to_xyz(rgb):
    return rgb @ RGB_TO_XYZ.T


def to_ycxcz(xyz):
    x, y, z = np.moveaxis(xyz / WHITE, -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], -1)


def from_ycxcz(c):
    y = (c[..., 0] + 16) / 116
    xyz = np.stack([y + c[..., 1] / 500, y, y - c[..., 2] / 200], -1) * WHITE
    return xyz @ np.linalg.inv(RGB_TO_XYZ).T


def to_hunt_lab(rgb):
    t = to_xyz(rgb) / WHITE
    f = np.where(t > (6 / 29) ** 3, np.cbrt(t), t / (3 * (6 / 29) ** 2) + 4 / 29)
    lightness = 116 * f[..., 1] - 16
    a, b = 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])
    return np.stack([lightness, 0.01 * lightness * a, 0.01 * lightness * b], -1)


def grid(radius):
    return np.meshgrid(np.arange(-radius, radius + 1), np.arange(-radius, radius + 1))


def sensitivity(ppd, a1, b1, a2, b2):
    x, y = grid(int(np.ceil(3 * np.sqrt(0.04 / (2 * np.pi**2)) * ppd)))
    d = (x**2 + y**2) / ppd**2
    g = a1 * np.sqrt(np.pi / b1) * np.exp(-np.pi**2 * d / b1) + a2 * np.sqrt(np.pi / b2) * np.exp(-np.pi**2 * d / b2)
    return g / g.sum()


def hyab(p, q):
    return np.abs(p[..., 0] - q[..., 0]) + np.hypot(p[..., 1] - q[..., 1], p[..., 2] - q[..., 2])


def filtered(rgb, ppd):
    c = to_ycxcz(to_xyz(linear(rgb)))
    kernels = [sensitivity(ppd, 1, 0.0047, 0, 1e-5), sensitivity(ppd, 1, 0.0053, 0, 1e-5),
               sensitivity(ppd, 34.1, 0.04, 13.5, 0.025)]
    out = np.stack([correlate(c[..., i], k, mode="nearest") for i, k in enumerate(kernels)], -1)
    return to_hunt_lab(np.clip(from_ycxcz(out), 0, 1)), (c[..., 0] + 16) / 116


def halves(k):
    return np.where(k > 0, k / k[k > 0].sum(), k / -k[k < 0].sum())


def features(light, ppd):
    sigma = 0.5 * 0.082 * ppd
    x, y = grid(int(np.ceil(3 * sigma)))
    g = np.exp(-(x**2 + y**2) / (2 * sigma**2))
    edge, point = halves(-x * g), halves((x**2 / sigma**2 - 1) * g)
    found = [np.hypot(correlate(light, k, mode="nearest"), correlate(light, k.T, mode="nearest")) for k in (edge, point)]
    return found


def flip(a, b, ppd):
    (lab_a, light_a), (lab_b, light_b) = filtered(a, ppd), filtered(b, ppd)
    colour = hyab(lab_a, lab_b) ** 0.7
    most = hyab(to_hunt_lab(np.array([0.0, 1, 0])), to_hunt_lab(np.array([0.0, 0, 1]))) ** 0.7
    knee = 0.4 * most
    colour = np.where(colour < knee, 0.95 / knee * colour, 0.95 + (colour - knee) / (most - knee) * 0.05)
    (edge_a, point_a), (edge_b, point_b) = features(light_a, ppd), features(light_b, ppd)
    feature = np.sqrt(np.maximum(np.abs(edge_a - edge_b), np.abs(point_a - point_b)) / np.sqrt(2))
    return colour ** (1 - np.clip(feature, 0, 1))


def weighted(m, share):
    v = np.sort(m.ravel())
    return v[np.argmax(np.cumsum(v) > share * v.sum())]


CASES = [(64, 48, 0, 128, 67.0206), (64, 48, 60, 30, 67.0206), (64, 48, 256, 256, 67.0206), (97, 31, 20, 90, 20),
         (40, 40, 0, 256, 130), (5, 3, 128, 128, 67.0206), (1, 1, 256, 256, 67.0206), (120, 210, 10, 40, 35)]

if __name__ == "__main__":
    print("/* SPDX-License-Identifier: Apache-2.0 */")
    print(f"/* Written by make_flip.py with NumPy {np.__version__}, SciPy {scipy.__version__}. Pictures: tests/oracle/pattern.py. */")
    for width, height, share_a, share_b, ppd in CASES:
        a = pattern.pattern(width, height, 3, 1, share_a).astype(float)
        b = pattern.pattern(width, height, 3, 2, share_b).astype(float)
        m = flip(a, b, ppd)
        values = [m.mean(), weighted(m, 0.25), weighted(m, 0.5), weighted(m, 0.75), m.max(),
                  m[0, 0], m[height // 2, width // 3], m[-1, -1]]
        print(f"{{{width}, {height}, {share_a}, {share_b}, {ppd}, {{" + ", ".join(f"{v:.8f}" for v in values) + "}},")
