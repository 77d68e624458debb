#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Pixel differences by NumPy, scikit-image and OpenCV, thumbnails by Pillow: make_pixel.py > pixel_values.inc"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))

import cv2
import numpy as np
import PIL
import skimage
from PIL import Image
from skimage.metrics import mean_squared_error, peak_signal_noise_ratio

import pattern


def thumbnail(a):
    return np.asarray(Image.fromarray(a).resize((4, 4), Image.BOX)).astype(np.int64)


def rows():
    for name, a, b in pattern.pairs(pattern.SIZES):
        a, b = pattern.rgb(a), pattern.rgb(b)
        d = np.abs(a.astype(np.int64) - b)
        psnr = peak_signal_noise_ratio(a, b)
        assert abs(psnr - cv2.PSNR(a, b)) < 1e-9
        yield name, "pixel", "match_rate", (d.max(axis=2) == 0).mean()
        yield name, "pixel", "diff_ratio", d.mean() / 255
        yield name, "pixel", "mae", d.mean()
        yield name, "pixel", "mse", mean_squared_error(a, b)
        yield name, "pixel", "rmse", np.sqrt(mean_squared_error(a, b))
        yield name, "pixel", "psnr", psnr
        yield name, "pixel", "max", d.max()
        yield name, "pixel", f"map {a.shape[1] - 1} {a.shape[0] - 1}", d[-1, -1].mean() / 255
        yield name, "thumbnail", "distance", np.abs(thumbnail(a) - thumbnail(b)).sum()


pattern.write(rows(), f"scikit-image {skimage.__version__}, OpenCV {cv2.__version__}, Pillow {PIL.__version__}, "
                      f"numpy {np.__version__}")
