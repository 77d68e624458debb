#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""SSIMULACRA 2.1 in double precision with NumPy: make_ssimulacra2.py > ssimulacra2_values.inc

The blur runs the recursion of Charalampidis (2016) as such, scan by scan, where the C code convolves with its impulse response; weights
are read from the C table. Each line: width, height, noise of both patterns, value; `disturb` adds -16..15 to the second picture instead of
drawing another one."""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))

import numpy as np

import pattern

HERE = os.path.dirname(os.path.abspath(__file__))
TABLE = open(os.path.join(HERE, "../../../measure/ssimulacra2_weights.c")).read().split("= {")[1]
WEIGHTS = [float(w) for w in re.findall(r"[\d.]+(?:e-?\d+)?(?=,)", re.sub(r"/\*.*?\*/", "", TABLE))]
OPSIN = np.array([[0.30, 1 - 0.30 - 0.078, 0.078], [0.23, 1 - 0.23 - 0.078, 0.078],
                  [0.24342268924547819, 0.20476744424496821, 1 - 0.24342268924547819 - 0.20476744424496821]])
BIAS = 0.0037930732552754493


def recursion(sigma):
    radius = round(3.2795 * sigma + 0.2546)
    omega = np.array([1, 3, 5]) * np.pi / (2 * radius)
    p = np.array([1, -1, 1]) / np.tan(omega / 2)
    r = np.array([1, -1, 1]) * p * p / np.sin(omega)
    rho = np.exp(-0.5 * sigma**2 * omega**2) / radius
    d13, d35, d51 = p[0] * r[1] - r[0] * p[1], p[1] * r[2] - r[1] * p[2], p[2] * r[0] - r[2] * p[0]
    zeta15, zeta35 = d35 / d13, d51 / d13
    beta = np.linalg.solve([p, r, [zeta15, zeta35, 1]],
                           [1, radius**2 - sigma**2, zeta15 * rho[0] + zeta35 * rho[1] + rho[2]])
    return radius, -beta * np.cos(omega * (radius + 1)), -2 * np.cos(omega)


def blur_rows(m):
    radius, n2, d1 = recursion(1.5)
    height, width = m.shape
    out = np.zeros_like(m)
    before, last = np.zeros((height, 3)), np.zeros((height, 3))
    zero = np.zeros(height)
    for n in range(-radius + 1, width):
        left = m[:, n - radius - 1] if n - radius - 1 >= 0 else zero
        right = m[:, n + radius - 1] if n + radius - 1 < width else zero
        now = (left + right)[:, None] * n2 - d1 * last - before
        before, last = last, now
        if n >= 0:
            out[:, n] = now.sum(1)
    return out


def blur(m):
    return blur_rows(blur_rows(m).T).T


def linear(rgb):
    v = rgb / 255
    return np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)


def positive_xyb(rgb):
    l, m, s = np.moveaxis(np.cbrt(rgb @ OPSIN.T + BIAS) - np.cbrt(BIAS), -1, 0)
    x, y = (l - m) / 2, (l + m) / 2
    return x * 14 + 0.42, y + 0.01, s - y + 0.55


def halve(rgb):
    rgb = np.pad(rgb, ((0, rgb.shape[0] % 2), (0, rgb.shape[1] % 2), (0, 0)), mode="edge")
    return (rgb[::2, ::2] + rgb[::2, 1::2] + rgb[1::2, ::2] + rgb[1::2, 1::2]) / 4


def norms(d):
    return d.mean(), np.mean(d**4) ** 0.25


def value(a, b):
    a, b = linear(a), linear(b)
    scales = []
    for scale in range(6):
        if min(a.shape[:2]) < 8:
            break
        if scale:
            a, b = halve(a), halve(b)
        of = []
        for p, q in zip(positive_xyb(a), positive_xyb(b)):
            mp, mq = blur(p), blur(q)
            covariance = blur(p * q) - mp * mq
            variances = blur(p * p) - mp * mp + blur(q * q) - mq * mq
            d = np.maximum(1 - (1 - (mp - mq) ** 2) * (2 * covariance + 0.0009) / (variances + 0.0009), 0)
            e = (1 + np.abs(q - mq)) / (1 + np.abs(p - mp)) - 1
            of.append(list(zip(norms(d), norms(np.maximum(e, 0)), norms(np.maximum(-e, 0)))))
        scales.append(of)
    flat = [v for c in range(3) for of in scales for norm in of[c] for v in norm]
    s = 0.9562382616834844 * np.dot(WEIGHTS[:len(flat)], flat)
    t = 2.326765642916932 * s - 0.020884521182843837 * s * s + 6.248496625763138e-05 * s**3
    return 100 - 10 * t**0.6276336467831387 if t > 0 else 100.0


CASES = [(64, 48, 0, 10), (64, 48, 128, -1), (200, 131, 40, -1), (200, 131, 40, 60), (8, 8, 10, 256), (9, 300, 0, 40),
         (301, 257, 3, -1), (301, 257, 256, 256), (130, 120, 20, 22)]

if __name__ == "__main__":
    assert len(WEIGHTS) == 108
    print("/* SPDX-License-Identifier: Apache-2.0 */")
    print(f"/* Written by make_ssimulacra2.py with NumPy {np.__version__}. Pictures: tests/oracle/pattern.py. */")
    for width, height, share_a, share_b in CASES:
        a = pattern.pattern(width, height, 3, 1, share_a)
        b = pattern.disturb(a, 5) if share_b < 0 else pattern.pattern(width, height, 3, 2, share_b)
        print(f"{{{width}, {height}, {share_a}, {share_b}, {value(a.astype(float), b.astype(float)):.6f}}},")
