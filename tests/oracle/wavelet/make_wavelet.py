#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Wavelet signatures after Jacobs et al. 1995, written as definitions: make_wavelet.py >wavelet_values.inc;
make_wavelet.py places >wavelet_places.inc

The transform is a product of matrices over exact integers; that it is the standard Haar decomposition is checked against
PyWavelets. The largest coefficients are sorted by exact squares, and matches are intersections of sets.
"""
import os
import sys

import numpy as np
import PIL
import pywt
from PIL import Image

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import pattern

SIDE, KEPT = 128, 40
COLOURS = {"yiq": [[299, 587, 114], [596, -275, -321], [212, -523, 311]],
           "yuv": [[299, 587, 114], [-147, -289, 436], [615, -515, -100]]}
WEIGHTS = {"scanned": [[5.00, 0.83, 1.01, 0.52, 0.47, 0.30], [19.21, 1.26, 0.44, 0.53, 0.28, 0.14],
                       [34.37, 0.36, 0.45, 0.14, 0.18, 0.27]],
           "painted": [[4.04, 0.78, 0.46, 0.42, 0.41, 0.32], [15.14, 0.92, 0.53, 0.26, 0.14, 0.07],
                       [22.62, 0.40, 0.63, 0.25, 0.15, 0.38]]}
SIZES = [(1, 1, 1, 128), (2, 5, 3, 128), (33, 29, 3, 256), (128, 128, 3, 200), (161, 163, 3, 60), (350, 241, 1, 256),
         (300, 200, 3, 0)]


def haar_matrix():
    """Rows: the whole, then (half) steps of falling width; without scale. With it, how many pixels each row spans."""
    rows, spans = [np.ones(SIDE, dtype=np.int64)], [SIDE]
    width = SIDE
    while width > 1:
        for at in range(0, SIDE, width):
            row = np.zeros(SIDE, dtype=np.int64)
            row[at:at + width // 2], row[at + width // 2:at + width] = 1, -1
            rows.append(row)
            spans.append(width)
        width //= 2
    return np.array(rows), np.array(spans)


H, SPANS = haar_matrix()


def pywavelets(channel):
    """Orthonormal standard decomposition: every level along one axis, then along the other."""
    for axis in (1, 0):
        channel = np.concatenate(pywt.wavedec(channel, "haar", axis=axis), axis=axis)
    return channel


def signature(image, colours="yiq", kept=KEPT):
    """For each channel: the average and the set of (place, sign)."""
    small = np.asarray(Image.fromarray(pattern.rgb(image)).resize((SIDE, SIDE), Image.Resampling.BOX)).astype(np.int64)
    out = []
    for weights in COLOURS[colours]:
        channel = small @ np.array(weights)
        whole = H @ channel @ H.T
        scaled = whole / np.sqrt(np.outer(SPANS, SPANS))
        assert np.allclose(scaled, pywavelets(channel.astype(float)), atol=1e-6 * np.abs(scaled).max() + 1e-9)
        area = np.outer(SPANS, SPANS).ravel()
        exact = [int(v) ** 2 * (SIDE * SIDE // int(s)) for v, s in zip(whole.ravel(), area)]
        order = sorted((i for i in range(1, SIDE * SIDE) if exact[i]), key=lambda i: (-exact[i], i))[:kept]
        out.append((whole[0, 0] / (SIDE * SIDE * 255e3), {(i, whole.ravel()[i] > 0) for i in order}))
    return out


def weigh(shared, weights):
    return sum(weights[min(max(i % SIDE, i // SIDE), 5)] for i, _ in shared)


def compare(a, b, weights):
    colour = sum(w[0] * abs(x[0] - y[0]) for w, x, y in zip(weights, a, b))
    matched = sum(weigh(x[1] & y[1], w) for w, x, y in zip(weights, a, b))
    most = sum(weigh(x[1], w) + weigh(y[1], w) for w, x, y in zip(weights, a, b)) / 2
    return {"value": colour + most - matched, "published": colour - matched, "colour": colour, "matched": matched, "most": most}


def values():
    for name, a, b in pattern.pairs(SIZES):
        for key, value in compare(signature(a), signature(b), WEIGHTS["scanned"]).items():
            yield name, "wavelet", key, value


def places_hash(kept):
    """FNV-1a, 32 bits, over the places with their signs, ascending."""
    h = 0x811C9DC5
    for i, positive in sorted(kept):
        h = (h ^ ((i if positive else -i) & 0xFFFF)) * 0x01000193 & 0xFFFFFFFF
    return h


def places():
    for name, a, b in pattern.pairs(SIZES):
        for colours, kept, weights in (("yiq", 40, "scanned"), ("yuv", 60, "painted"), ("yiq", 128, "painted")):
            s = signature(a, colours, kept)
            match = compare(s, signature(b, colours, kept), WEIGHTS[weights])
            fields = [f'"{name}"', f"LK_WAVELET_{colours.upper()}", f"LK_WAVELET_{weights.upper()}", str(kept)]
            fields += ["{%s}" % ", ".join(repr(float(average)) for average, _ in s),
                       "{%s}" % ", ".join(f"{places_hash(kept)}u" for _, kept in s), repr(float(match["value"]))]
            yield "{%s}," % ", ".join(fields)


VERSIONS = f"Pillow {PIL.__version__}, PyWavelets {pywt.__version__}, numpy {np.__version__}"
if sys.argv[1:] == ["places"]:
    print("/* SPDX-License-Identifier: Apache-2.0 */")
    print(f"/* Written by make_wavelet.py places with {VERSIONS}. Pictures: tests/oracle/pattern.py. */")
    print("\n".join(places()))
else:
    pattern.write(values(), VERSIONS)
