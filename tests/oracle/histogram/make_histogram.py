#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Histogram distances by OpenCV: make_histogram.py > histogram_values.inc"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))

import cv2
import numpy as np

import pattern

DISTANCES = [("correlation", cv2.HISTCMP_CORREL), ("chi_square", cv2.HISTCMP_CHISQR),
             ("intersection", cv2.HISTCMP_INTERSECT), ("bhattacharyya", cv2.HISTCMP_BHATTACHARYYA)]


def histograms(rgb):
    hsv = cv2.cvtColor(np.ascontiguousarray(rgb[:, :, ::-1]), cv2.COLOR_BGR2HSV)
    # As one row: Python hands an array of 8 x 8 x 8 over as 8 x 8 of 8 channels, and compareHist then counts 64 bins.
    joint = cv2.calcHist([rgb], [0, 1, 2], None, [8, 8, 8], [0, 256] * 3).reshape(1, 512)
    hue = cv2.calcHist([hsv], [0, 1], None, [50, 60], [0, 180, 0, 256])
    return [("rgb", cv2.normalize(joint, None, 1, 0, cv2.NORM_L1)), ("hsv", cv2.normalize(hue, None, 1, 0, cv2.NORM_L1))]


def rows():
    for name, a, b in pattern.pairs(pattern.SIZES):
        for (space, ha), (_, hb) in zip(histograms(pattern.rgb(a)), histograms(pattern.rgb(b))):
            for key, method in DISTANCES:
                yield name, "histogram", f"{space}_{key}", cv2.compareHist(ha, hb, method)


pattern.write(rows(), f"OpenCV {cv2.__version__}, numpy {np.__version__}")
