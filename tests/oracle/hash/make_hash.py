#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes hash_values.inc: every hash of the pattern pictures and of photos, by imagehash_steps.py.

Usage: make_hash.py > hash_values.inc   (with LIKENESS_DATA set, or ../shared beside the repository)
"""
import glob
import os
import sys

import numpy as np
import PIL
import pywt
import scipy
from PIL import Image

sys.path[:0] = [os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."),
                os.path.dirname(os.path.abspath(__file__))]
import imagehash_steps  # noqa: E402
import pattern  # noqa: E402

SIZES = [(5, 5, 1, 128), (8, 8, 3, 90), (9, 40, 3, 60), (64, 64, 3, 20), (97, 61, 3, 10), (300, 200, 1, 5), (333, 301, 3, 40),
         (640, 130, 3, 120), (601, 700, 3, 3)]


def main():
    print("/* SPDX-License-Identifier: Apache-2.0 */")
    print(f"/* Written by make_hash.py with Pillow {PIL.__version__}, numpy {np.__version__}, SciPy {scipy.__version__}, "
          f"PyWavelets {pywt.__version__}. */")
    for width, height, channels, share in SIZES:
        a = pattern.pattern(width, height, channels, 1, share)
        image = Image.fromarray(a[:, :, 0] if channels == 1 else a)
        for name, value in imagehash_steps.hashes_of(image).items():
            print(f'{{"pattern {width} {height} {channels} {share}", "{name}", "{value}"}},')
    root = os.path.join(pattern.data_folder(), "data")
    files = sorted(glob.glob(f"{root}/photos/kodak24/*.png"))[::3] + sorted(glob.glob(f"{root}/dups/base_images/*.jpg"))
    files += [f"{root}/dups/alpha_channel_image.png", f"{root}/photos/skimage/camera.png", f"{root}/photos/skimage/text.png"]
    for path in files:
        for name, value in imagehash_steps.hashes(path).items():
            print(f'{{"photo {os.path.relpath(path, root)}", "{name}", "{value}"}},')


main()
