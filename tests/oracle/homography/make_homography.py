#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Homographies that OpenCV fits to noisy pairs: make_homography.py > homography_values.inc

The pairs come from the hash of tests/oracle/pattern.py, so that tests/unit/test_homography.c makes the same: 100 points of b over
640 x 480, those of a by a true map with uniform noise of +-0.5 px; in the robust cases the last 60 of a are anywhere."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))

import cv2
import numpy as np

import pattern

MAPS = [[0.9, 0.2, 30, -0.15, 1.1, 20, 0.0003, -0.0002, 1], [0.1, -1.2, 500, 1.3, 0.1, 20, -0.0001, 0.0004, 1],
        [1, 0, 10.5, 0, 1, -3.25, 0, 0, 1]]
COUNT, OUTLIERS = 100, 60


def pairs(h, seed, outliers):
    u = pattern.noise(COUNT, 8, 1, seed)[:, :, 0] / 255.0  # rows: bx (2), by (2), noise or place of a (2), unused
    b = np.stack([(u[0] + u[1]) / 2 * 640, (u[2] + u[3]) / 2 * 480], 1).astype(np.float32)
    a = cv2.perspectiveTransform(b.reshape(-1, 1, 2).astype(np.float64), h).reshape(-1, 2)
    a += np.stack([u[4] - 0.5, u[5] - 0.5], 1)
    if outliers:
        a[-outliers:] = np.stack([u[6] * 640, u[7] * 480], 1)[-outliers:]
    return a.astype(np.float32), b


print("/* SPDX-License-Identifier: Apache-2.0 */")
print(f"/* Written by make_homography.py with OpenCV {cv2.__version__}: true map, seed, outliers, the map that was fitted. */")
for seed, true_map in enumerate(MAPS, 1):
    h = np.array(true_map, np.float64).reshape(3, 3)
    for outliers in (0, OUTLIERS):
        a, b = pairs(h, seed, outliers)
        cv2.setRNGSeed(1)
        fit, _ = cv2.findHomography(b, a, cv2.RANSAC if outliers else 0, 3, maxIters=5000, confidence=0.9999)
        print(f"{{{{{', '.join(map(repr, true_map))}}}, {seed}, {outliers},")
        print(f" {{{', '.join(f'{v:.12g}' for v in fit.ravel())}}}}},")
