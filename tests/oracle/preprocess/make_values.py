#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes preprocess_values.inc: what Pillow and NumPy make of drawn pictures as the input of a network.

Steps, in double until the last: Image.resize to a shorter side of `side` with BILINEAR (the longer one int(side * longer / shorter)), the
middle cut out at round((size - crop) / 2), (level - mean) / scale, rounded to float32. Pictures are those of tests/unit/pattern.h (pattern.py).
Debian's python3-pil 9.4, python3-numpy 1.24."""
import os
import sys

import numpy as np
import PIL
from PIL import Image

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from pattern import pattern  # noqa: E402

CASES = [  # width, height, channels, resize, side, input width, input height, colour
    (300, 200, 3, "crop", 40, 32, 32, "rgb"),
    (200, 301, 3, "crop", 41, 32, 30, "bgr"),
    (64, 64, 1, "crop", 33, 32, 32, "rgb"),
    (17, 90, 3, "stretch", 0, 24, 20, "rgb"),
    (50, 40, 3, "crop", 48, 48, 48, "gray"),
]
MEAN, SCALE = np.array([123.675, 116.28, 103.53]), np.array([58.395, 57.12, 57.375])


def preprocess(image, resize, side, width, height, colour):
    image = image.convert("L" if colour == "gray" else "RGB")
    if resize == "stretch":
        image = image.resize((width, height), Image.BILINEAR)
    else:
        shorter = min(image.size)
        image = image.resize((int(side * image.width / shorter), int(side * image.height / shorter)), Image.BILINEAR)
        x, y = round((image.width - width) / 2), round((image.height - height) / 2)
        image = image.crop((x, y, x + width, y + height))
    levels = np.asarray(image, np.float64).reshape(height, width, -1)
    if colour == "bgr":
        levels = levels[:, :, ::-1]
    channels = levels.shape[2]
    return ((levels - MEAN[:channels]) / SCALE[:channels]).astype(np.float32)


def main():
    print("/* SPDX-License-Identifier: Apache-2.0 */")
    print(f"/* Made by make_values.py with Pillow {PIL.__version__}, NumPy {np.__version__}. Bits of float32; the sum of all and a few. */")
    print("static const struct preprocess_case preprocess_cases[] = {")
    for i, (w, h, c, resize, side, iw, ih, colour) in enumerate(CASES):
        a = pattern(w, h, c, i + 1, 60)
        image = Image.fromarray(a[:, :, 0] if c == 1 else a)
        x = preprocess(image, resize, side, iw, ih, colour).ravel()
        bits = x.view(np.uint32)
        total = int(bits.astype(np.uint64).sum() & 0xFFFFFFFFFFFFFFFF)
        picks = [int(bits[k * (len(bits) - 1) // 7]) for k in range(8)]
        names = {"crop": "LK_RESIZE_CROP", "stretch": "LK_RESIZE_STRETCH", "rgb": "LK_MODEL_RGB", "bgr": "LK_MODEL_BGR",
                 "gray": "LK_MODEL_GRAY"}
        print(f"    {{{w}, {h}, {c}, {i + 1}, {names[resize]}, {side}, {iw}, {ih}, {names[colour]}, {len(bits)}, {total}u,")
        print("     {" + ", ".join(f"0x{b:08x}u" for b in picks) + "}},")
    print("};")


main()
