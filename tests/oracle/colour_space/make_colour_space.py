#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""CIELAB of sRGB colours by scikit-image: make_colour_space.py > colour_space_values.inc"""
import numpy as np
import skimage
from skimage.color import rgb2lab

levels = [0, 1, 10, 11, 64, 128, 200, 255]
colours = [(r, g, b) for r in levels for g in levels for b in levels]
lab = rgb2lab(np.array([colours], np.uint8))[0]
print("/* SPDX-License-Identifier: Apache-2.0 */")
print(f"/* Written by make_colour_space.py with scikit-image {skimage.__version__}: R, G, B, L, a, b. */")
for (r, g, b), (l, x, y) in zip(colours, lab):
    print(f"{{{{{r}, {g}, {b}}}, {l:.5f}, {x:.5f}, {y:.5f}}},")
