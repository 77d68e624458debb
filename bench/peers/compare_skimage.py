#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""likeness compare --measures all against one scikit-image SSIM of the same 1080p pair: whole process against whole process, medians of
interleaved runs.

Usage: compare_skimage.py BUILD_FOLDER [RUNS]"""
import os
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np
from PIL import Image
from skimage.data import coffee

PEER = """
import sys
from skimage.io import imread
from skimage.metrics import structural_similarity
print(structural_similarity(imread(sys.argv[1]), imread(sys.argv[2]), channel_axis=2))
"""


def make_pair(folder):
    """A photo at 1920 x 1080, and it moved, dimmer, noisy, with a box painted in."""
    a = Image.fromarray(coffee()).resize((1920, 1280), Image.LANCZOS).crop((0, 100, 1920, 1180))
    b = np.roll(np.asarray(a).astype(float), (1, 2), (0, 1)) * 0.97 + 3
    b += np.random.default_rng(0).normal(0, 3, b.shape)
    b[300:420, 700:900] = 200, 40, 40
    paths = [os.path.join(folder, name) for name in ("a.png", "b.png")]
    a.save(paths[0])
    Image.fromarray(np.clip(b, 0, 255).astype(np.uint8)).save(paths[1])
    return paths


def seconds(command):
    start = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return time.perf_counter() - start


def main():
    likeness = os.path.join(sys.argv[1], "likeness")
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 11
    with tempfile.TemporaryDirectory() as folder:
        pair = make_pair(folder)
        ours, peer = [], []
        for _ in range(runs):
            ours.append(seconds([likeness, "compare", *pair, "--measures=all", "-q"]))
            peer.append(seconds([sys.executable, "-c", PEER, *pair]))
    ours, peer = statistics.median(ours) * 1e3, statistics.median(peer) * 1e3
    print(f"compare --measures all, 1080p: ours {ours:.0f} ms, scikit-image {peer:.0f} ms, ratio {peer / ours:.2f}")


if __name__ == "__main__":
    main()
