#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""End-point errors of OpenCV's DIS on sequences with known motion, and colours of the Middlebury wheel by NumPy:
make_flow.py > flow_values.inc, with the sequences in $LIKENESS_DATA/data/flow (or ../shared/data/flow)"""
import os

import cv2
import numpy as np

DATA = os.path.join(os.environ.get("LIKENESS_DATA", "../shared"), "data/flow")
SEQUENCES = ("Dimetrodon", "RubberWhale", "Venus", "Grove2")
POINTS = [(0, 0), (1, 0), (0, 1), (-1, 0), (0, -1), (0.5, 0), (0.3, -0.4), (-0.6, 0.6), (2, -1), (-0.05, -0.9), (0.7, 0.71)]


def read_flo(path):
    data = open(path, "rb").read()
    width, height = np.frombuffer(data, "<i4", 2, 4)
    return np.frombuffer(data, "<f4", -1, 12).reshape(height, width, 2)


def end_point_error(preset, name):
    first, second = (cv2.imread(f"{DATA}/{name}/frame1{i}.png", cv2.IMREAD_GRAYSCALE) for i in (0, 1))
    truth = read_flo(f"{DATA}/{name}/flow10.flo")
    flow = cv2.DISOpticalFlow_create(preset).calc(first, second, None)
    known = (np.abs(truth) < 1e9).all(axis=2)
    return np.sqrt(((flow - truth) ** 2).sum(axis=2))[known].mean()


def wheel():
    def ramp(n):
        return np.floor(255 * np.arange(n) / n)

    full = lambda n: np.full(n, 255.0)
    empty = np.zeros
    parts = [(full(15), ramp(15), empty(15)), (255 - ramp(6), full(6), empty(6)), (empty(4), full(4), ramp(4)),
             (empty(11), 255 - ramp(11), full(11)), (ramp(13), empty(13), full(13)), (full(6), empty(6), 255 - ramp(6))]
    return np.concatenate([np.stack(p, axis=1) for p in parts]) / 255


def colour(u, v):
    colours = wheel()
    length = np.hypot(u, v)
    at = (np.arctan2(-float(v), -float(u)) / np.pi + 1) / 2 * (len(colours) - 1)
    first = int(np.floor(at))
    mixed = (1 - (at - first)) * colours[first] + (at - first) * colours[(first + 1) % len(colours)]
    mixed = 1 - length * (1 - mixed) if length <= 1 else 0.75 * mixed
    return np.floor(255 * mixed).astype(int)


def main():
    print("/* SPDX-License-Identifier: Apache-2.0 */")
    print("/* Written by make_flow.py with OpenCV %s and NumPy %s. */" % (cv2.__version__, np.__version__))
    print("static const struct sequence {\n    const char *name;\n    double dis_medium; /* mean end-point error, pixels */\n} sequences[] = {")
    for name in SEQUENCES:
        print('    {"%s", %.4f},' % (name, end_point_error(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM, name)))
    print("};\nstatic const struct hue {\n    double u, v; /* in units of the longest */\n    int r, g, b;\n} hues[] = {")
    for u, v in POINTS:
        print("    {%g, %g, %d, %d, %d}," % (u, v, *colour(u, v)))
    print("};")


main()
