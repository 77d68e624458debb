#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The blur effect by scikit-image: make_blur.py > blur_values.inc"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))

import numpy as np
import skimage
from skimage.measure import blur_effect

import pattern

CASES = [(64, 48, share, taps) for share in (0, 30, 128, 256) for taps in (3, 11)]
CASES += [(200, 150, 60, 11), (7, 40, 100, 11), (40, 7, 100, 11), (4, 4, 256, 11)]

print("/* SPDX-License-Identifier: Apache-2.0 */")
print(f"/* Written by make_blur.py with scikit-image {skimage.__version__}. Pictures: tests/oracle/pattern.py. */")
for width, height, share, taps in CASES:
    a = pattern.pattern(width, height, 1, 1, share)[:, :, 0].astype(np.float64)
    print(f"{{{width}, {height}, {share}, {taps}, {blur_effect(a, h_size=taps):.12f}}},")
