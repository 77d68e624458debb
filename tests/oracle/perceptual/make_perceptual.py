#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Perceptual Image Diff in double precision with NumPy, from Yee's paper and the constants of version 2.x:
make_perceptual.py > perceptual_values.inc

Nothing is shared with the C code: whole pictures, two-dimensional convolution by index, NumPy's powers. Each line: width, height, noise
of both patterns (below 0: the second is the first, disturbed), degrees of view, luminance, colour factor, failed pixels, and how many
pixels lie within 0.01 % of a threshold, where float and double may decide differently."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))

import numpy as np

import pattern

ADOBE = np.array([[0.5767, 0.185556, 0.188212], [0.297361, 0.627355, 0.0752847], [0.0270328, 0.0706879, 0.991248]])
TAPS = np.array([0.05, 0.25, 0.4, 0.25, 0.05])


def csf(f, light):
    a, b = 440 * (1 + 0.7 / light) ** -0.2, 0.3 * (1 + 100 / light) ** 0.15
    return a * f * np.exp(-b * f) * np.sqrt(1 + 0.06 * np.exp(b * f))


def mask(c):
    return (1 + (0.0153 * (392.498 * c) ** 0.7) ** 4) ** 0.25


def tvi(light):
    x = np.log10(light)
    dark = np.maximum(0.405 * x + 1.6, 0) ** 2.18 - 2.86
    bright = np.maximum(0.249 * x + 0.65, 0) ** 2.7 - 0.72
    return 10 ** np.select([x < -3.94, x < -1.44, x < -0.0184, x < 1.9], [-2.86, dark, x - 0.395, bright], x - 1.255)


def index(n):
    i = np.abs(np.arange(-2, n + 2))
    return np.clip(np.where(i >= n, 2 * n - i - 1, i), 0, n - 1)


def blur(m):
    p = m[index(m.shape[0])][:, index(m.shape[1])]
    return sum(TAPS[i] * TAPS[k] * p[i:i + m.shape[0], k:k + m.shape[1]] for i in range(5) for k in range(5))


def light_and_lab(rgb, gamma, luminance):
    xyz = (rgb / 255) ** gamma @ ADOBE.T
    t = xyz / ADOBE.sum(1)
    f = np.where(t > 216 / 24389, np.cbrt(t), (24389 / 27 * t + 16) / 116)
    return xyz[..., 1] * luminance, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])


def failed(a, b, fov, luminance, colour_factor):
    (la, aa, ba), (lb, ab, bb) = light_and_lab(a, 2.2, luminance), light_and_lab(b, 2.2, luminance)
    pa, pb = [la], [lb]
    for _ in range(7):
        pa.append(blur(pa[-1]))
        pb.append(blur(pb[-1]))
    degrees = 2 * np.degrees(np.tan(np.radians(fov / 2)))
    level = min(next(i for i in range(99) if 2**i > degrees), 7)
    cpd = 0.5 * a.shape[1] / degrees / 2.0 ** np.arange(6)
    adapt = np.maximum((pa[level] + pb[level]) / 2, 1e-5)
    above, total = 0, 0
    for i in range(6):
        step = np.maximum(np.abs(pa[i] - pa[i + 1]), np.abs(pb[i] - pb[i + 1]))
        c = step / np.maximum(np.maximum(np.abs(pa[i + 2]), np.abs(pb[i + 2])), 1e-5)
        above = above + c * csf(3.248, 100) / csf(cpd[i], 100) * mask(c * csf(cpd[i], adapt))
        total = total + c
    elevation = np.clip(above / np.maximum(total, 1e-5), 1, 10)
    colour = np.where(adapt < 10, 0, ((aa - ab) ** 2 + (ba - bb) ** 2) * colour_factor)
    ratio = np.maximum(np.abs(la - lb) / (elevation * tvi(adapt)), colour / elevation)
    return int((ratio > 1).sum()), int((np.abs(ratio - 1) < 1e-4).sum())


CASES = [(64, 48, 20, -1, 45, 100, 1), (200, 131, 0, -1, 45, 100, 1), (200, 131, 40, 41, 45, 100, 1),
         (200, 131, 40, 60, 45, 1, 1), (150, 140, 100, 103, 10, 100, 0), (150, 300, 5, 8, 85, 0.05, 1),
         (301, 257, 3, -1, 20, 300, 0.1), (7, 5, 10, 30, 45, 100, 1), (1, 1, 0, 256, 45, 100, 1), (2, 40, 0, 30, 45, 100, 1)]

if __name__ == "__main__":
    print("/* SPDX-License-Identifier: Apache-2.0 */")
    print(f"/* Written by make_perceptual.py with NumPy {np.__version__}. Pictures: tests/oracle/pattern.py. */")
    for width, height, share_a, share_b, *how in CASES:
        a = pattern.pattern(width, height, 3, 1, share_a)
        b = pattern.disturb(a, 5) if share_b < 0 else pattern.pattern(width, height, 3, 2, share_b)
        count, near = failed(a.astype(float), b.astype(float), *how)
        print(f"{{{width}, {height}, {share_a}, {share_b}, {', '.join(map(str, how))}, {count}, {near}}},")
