# SPDX-License-Identifier: Apache-2.0
"""Pictures that tests/unit/pattern.h makes as well, bit for bit, and the table of values that the tests read."""
import os
import sys

import numpy as np
from PIL import Image


def noise(width, height, channels, seed):
    """0..255, a hash of the place."""
    y, x, c = np.meshgrid(np.arange(height, dtype=np.uint32), np.arange(width, dtype=np.uint32),
                          np.arange(channels, dtype=np.uint32), indexing="ij")
    h = x * np.uint32(73856093) ^ y * np.uint32(19349663) ^ c * np.uint32(83492791)
    h ^= np.uint32(seed * 2654435761 & 0xFFFFFFFF)
    h ^= h >> np.uint32(13)
    h *= np.uint32(0x5BD1E995)
    h ^= h >> np.uint32(15)
    return (h & np.uint32(255)).astype(np.int64)


def pattern(width, height, channels, seed, share):
    """Slanted ramps with `share`/256 of noise."""
    y, x, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(channels), indexing="ij")
    t = (7 * x + 3 * y + 50 * c) % 510
    ramp = np.where(t < 256, t, 510 - t)
    return ((ramp * (256 - share) + noise(width, height, channels, seed) * share) >> 8).astype(np.uint8)


def disturb(a, seed):
    """-16..15 added to every sample, clipped."""
    return np.clip(a + (noise(a.shape[1], a.shape[0], a.shape[2], seed) & 31) - 16, 0, 255).astype(np.uint8)


def data_folder():
    return os.environ.get("LIKENESS_DATA", os.path.join(os.path.dirname(__file__), "../../../shared"))


PHOTOS = ["kodak24/01.png", "kodak24/13.png", "skimage/camera.png", "skimage/coffee.png"]


def pairs(sizes):
    """(name, a, b) of the patterns of these (width, height, channels, share), then of the photos; arrays height x width x
    channels."""
    for width, height, channels, share in sizes:
        yield (f"pattern {width} {height} {channels} {share}",
               pattern(width, height, channels, 1, share), pattern(width, height, channels, 2, share))
    for photo in PHOTOS:
        a = np.asarray(Image.open(os.path.join(data_folder(), "data/photos", photo)))
        a = a.reshape(a.shape[0], a.shape[1], -1)
        yield f"photo {photo}", a, disturb(a, 3)


SIZES = [(7, 7, 1, 128), (9, 8, 3, 200), (33, 29, 3, 90), (64, 48, 1, 30), (161, 163, 3, 60), (350, 241, 1, 256)]


def gray(a):
    return a[:, :, 0] if a.shape[2] == 1 else np.asarray(Image.fromarray(a).convert("L"))


def rgb(a):
    return np.repeat(a, 3, axis=2) if a.shape[2] == 1 else a


def write(rows, versions):
    """rows of (picture, measure, key, value) to standard output."""
    print("/* SPDX-License-Identifier: Apache-2.0 */")
    print(f"/* Written by {os.path.basename(sys.argv[0])} with {versions}. Pictures: tests/oracle/pattern.py. */")
    for picture, measure, key, value in rows:
        print(f'{{"{picture}", "{measure}", "{key}", {float(value)!r}}},')
