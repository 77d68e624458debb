#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""scikit-image's phase_cross_correlation: make_phase.py > phase_values.inc

The reference is a pattern of gray levels; the other is it rolled by (dx, dy), mixed with itself rolled one pixel further to the right in quarters
(a shift by a part of a pixel), and disturbed. Each line: width, height, noise, dx, dy, quarters, disturbed, upsample, and the shift of y and x that
scikit-image gives."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))

import numpy as np
import skimage
from skimage.registration import phase_cross_correlation

import pattern

CASES = [(64, 48, 200, 3, -5, 0, 0, 1), (64, 48, 200, 3, -5, 0, 1, 1), (64, 48, 200, -20, 11, 1, 0, 4),
         (100, 75, 256, 40, -30, 2, 0, 10), (97, 61, 256, -17, 8, 3, 1, 20), (37, 128, 256, 6, 50, 1, 1, 100),
         (128, 128, 160, 0, 0, 2, 0, 100), (1, 40, 256, 0, 7, 0, 0, 1), (50, 1, 256, -9, 0, 0, 0, 10), (81, 125, 256, 30, 60, 3, 0, 7)]

if __name__ == "__main__":
    print("/* SPDX-License-Identifier: Apache-2.0 */")
    print(f"/* Written by make_phase.py with scikit-image {skimage.__version__}. Pictures: tests/oracle/pattern.py. */")
    for width, height, share, dx, dy, quarters, disturbed, upsample in CASES:
        a = pattern.pattern(width, height, 1, 1, share).astype(int)
        near, far = np.roll(a, (dy, dx), (0, 1)), np.roll(a, (dy, dx + 1), (0, 1))
        b = ((4 - quarters) * near + quarters * far + 2) // 4
        b = pattern.disturb(b, 9) if disturbed else b
        y, x = phase_cross_correlation(a[:, :, 0].astype(float), b[:, :, 0].astype(float), upsample_factor=upsample)[0]
        print(f"{{{width}, {height}, {share}, {dx}, {dy}, {quarters}, {disturbed}, {upsample}, {y:.6f}, {x:.6f}}},")
