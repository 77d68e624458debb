#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Pillow's resize of patterns, as hashes of the result: make_resize.py > resize_values.inc

The hash is FNV-1a of 64 bits over the samples row by row. RGBA: each channel resized on its own, as image_resize does
(Pillow's own resize of RGBA premultiplies first)."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))

import numpy as np
import PIL
from PIL import Image

import pattern

FILTERS = [Image.BOX, Image.BILINEAR, Image.BICUBIC, Image.LANCZOS]
# width, height, channels, new width, new height, box or None
CASES = [
    (64, 48, 1, 32, 32, None), (64, 48, 3, 9, 8, None), (64, 48, 4, 8, 9, None), (33, 29, 1, 100, 71, None),
    (33, 29, 3, 66, 10, None), (7, 300, 1, 32, 32, None), (1, 1, 3, 5, 4, None), (640, 427, 1, 32, 32, None),
    (640, 427, 3, 213, 300, None), (200, 150, 1, 9, 8, (10.25, 3.5, 77.75, 149.125)),
    (200, 150, 3, 300, 40, (0.0, 0.0, 100.5, 50.5)), (64, 48, 1, 64, 20, None), (64, 48, 1, 20, 48, None),
]


def fnv(samples):
    h = 0xCBF29CE484222325
    for v in samples.tobytes():
        h = ((h ^ v) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return h


def resize(a, size, resample, box):
    planes = [Image.fromarray(np.ascontiguousarray(a[:, :, c])).resize(size, resample, box) for c in range(a.shape[2])]
    return np.stack([np.asarray(p) for p in planes], axis=2)


print("/* SPDX-License-Identifier: Apache-2.0 */")
print(f"/* Written by make_resize.py with Pillow {PIL.__version__}. Pictures: tests/oracle/pattern.py. */")
for width, height, channels, w, h, box in CASES:
    a = pattern.pattern(width, height, channels, 1, 128)
    for i, resample in enumerate(FILTERS):
        got = resize(a, (w, h), resample, box)
        if channels == 3:  # Pillow's own RGB is the same as its planes
            assert (np.asarray(Image.fromarray(a).resize((w, h), resample, box)) == got).all()
        x0, y0, x1, y1 = box or (0, 0, width, height)
        print(f"{{{width}, {height}, {channels}, {w}, {h}, {{{x0}, {y0}, {x1}, {y1}}}, {i}, {fnv(got)}u}},")
