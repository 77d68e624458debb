#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""FAST corners and ORB keypoints of OpenCV on made pictures: make_orb.py OUTPUT_FOLDER writes fast_values.inc, orb_values.inc."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))

import cv2
import numpy as np

import pattern

HEAD = f"/* SPDX-License-Identifier: Apache-2.0 */\n/* Written by make_orb.py with OpenCV {cv2.__version__}. Pictures: tests/oracle/pattern.py. */\n"
# width, height, seed, share of noise, threshold
FAST = [(64, 48, 1, 30, 20), (161, 163, 2, 60, 20), (161, 163, 2, 60, 7), (350, 241, 1, 256, 20), (350, 241, 3, 200, 60),
        (33, 29, 1, 90, 1), (9, 9, 1, 256, 20), (400, 31, 5, 128, 10)]
ORB = (300, 240, 4, 200)  # width, height, seed, share
EDGE = 4


def fnv(values):
    h = 0xCBF29CE484222325
    for v in values:
        h = ((h ^ int(v)) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return h


def write_fast(out):
    out.write(HEAD)
    for width, height, seed, share, threshold in FAST:
        gray = pattern.pattern(width, height, 1, seed, share)[:, :, 0]
        # Corners next to the border of 3 pixels are suppressed by neighbours that we do not score: leave them out on both sides.
        found = cv2.FastFeatureDetector_create(threshold, True).detect(np.ascontiguousarray(gray))
        rows = sorted((int(k.pt[1]), int(k.pt[0]), int(k.response)) for k in found)
        rows = [r for r in rows if EDGE < r[1] < width - 1 - EDGE and EDGE < r[0] < height - 1 - EDGE]
        out.write(f"{{{width}, {height}, {seed}, {share}, {threshold}, {len(rows)}, {fnv(sum(rows, ()))}u}},\n")


def write_orb(out):
    width, height, seed, share = ORB
    gray = np.ascontiguousarray(pattern.pattern(width, height, 1, seed, share)[:, :, 0])
    points, descriptors = cv2.ORB_create(40, nlevels=1).detectAndCompute(gray, None)
    out.write(HEAD)
    for k, d in sorted(zip(points, descriptors), key=lambda p: (p[0].pt[1], p[0].pt[0])):
        out.write(f"{{{int(k.pt[0])}, {int(k.pt[1])}, {k.angle:.3f}, {{{', '.join(str(b) for b in d)}}}}},\n")


for name, write in [("fast", write_fast), ("orb", write_orb)]:
    with open(os.path.join(sys.argv[1], f"{name}_values.inc"), "w") as f:
        write(f)
