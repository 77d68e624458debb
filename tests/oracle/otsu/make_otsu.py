#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Otsu's threshold by OpenCV: make_otsu.py > otsu_values.inc

A picture is a pattern of gray levels, shifted down by some bits, and black wherever a second noise is at or above `keep`."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))

import cv2
import numpy as np

import pattern

CASES = [(64, 48, share, shift, keep) for share in (0, 60, 256) for shift in (0, 2, 5, 8) for keep in (256, 128, 8, 1)]
CASES += [(200, 150, 100, 0, 20), (1, 1, 128, 0, 256), (3, 2, 256, 1, 256)]

print("/* SPDX-License-Identifier: Apache-2.0 */")
print(f"/* Written by make_otsu.py with OpenCV {cv2.__version__}. Pictures: tests/oracle/pattern.py. */")
for width, height, share, shift, keep in CASES:
    a = pattern.pattern(width, height, 1, 1, share)[:, :, 0] >> shift
    a = np.where(pattern.noise(width, height, 1, 9)[:, :, 0] < keep, a, 0).astype(np.uint8)
    threshold, _ = cv2.threshold(a, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    print(f"{{{width}, {height}, {share}, {shift}, {keep}, {int(threshold)}}},")
