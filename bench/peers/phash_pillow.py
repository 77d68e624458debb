#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""64-bit phash of a 12 MP JPEG: likeness (whole process) against Pillow with ImageHash's steps (in process, after its
imports), both on one thread, medians of interleaved runs. Also counts the bits that the reduced decode changes.

Usage: phash_pillow.py BUILD_FOLDER [RUNS]
The picture is made here: coarse shapes, gradients and noise at 4000 x 3000, JPEG quality 90.
"""
import os
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np
import scipy.fftpack
from PIL import Image


def picture(seed):
    rng = np.random.default_rng(seed)
    small = Image.fromarray(rng.integers(0, 256, (24, 32, 3), dtype=np.uint8))
    a = np.asarray(small.resize((4000, 3000), Image.BICUBIC)).astype(np.int16)
    a = a + rng.integers(-8, 9, (3000, 4000, 1), dtype=np.int16)
    return Image.fromarray(np.clip(a, 0, 255).astype(np.uint8))


def peer(path):
    gray = Image.open(path).convert("L").resize((32, 32), Image.LANCZOS)
    dct = scipy.fftpack.dct(scipy.fftpack.dct(np.asarray(gray), axis=0), axis=1)[:8, :8]
    bits = (dct > np.median(dct)).flatten()
    return "%016x" % int("".join("1" if b else "0" for b in bits), 2)


def ours(command, path, *options):
    run = subprocess.run([command, "hash", "--algo=phash", "-j1", *options, path], capture_output=True, text=True, check=True)
    return run.stdout.split()[1]


def timed(function, *args):
    start = time.perf_counter()
    value = function(*args)
    return (time.perf_counter() - start) * 1e3, value


def main():
    command = os.path.abspath(os.path.join(sys.argv[1], "likeness"))
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 9
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "large.jpg")
        picture(1).save(path, quality=90)
        times = {"reduced": [], "exact": [], "pillow": []}
        for _ in range(runs):
            times["reduced"].append(timed(ours, command, path)[0])
            times["exact"].append(timed(ours, command, path, "--exact")[0])
            times["pillow"].append(timed(peer, path)[0])
        median = {k: statistics.median(v) for k, v in times.items()}
        for mode in ("reduced", "exact"):
            print("phash 12 MP JPEG (%s decode): ours %.1f ms, peer %.1f ms, ratio %.2f"
                  % (mode, median[mode], median["pillow"], median["pillow"] / median[mode]))
        apart = []
        for seed in range(2, 8):
            picture(seed).save(path, quality=90)
            want = peer(path)
            assert ours(command, path, "--exact") == want, "the exact hash must equal the peer's"
            apart.append(bin(int(ours(command, path), 16) ^ int(want, 16)).count("1"))
        print("bits changed by the reduced decode in %d pictures: %s" % (len(apart), apart))


main()
