#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Lanczos resize of a 12 MP picture against Pillow, in process, one thread: resize_pillow.py BUILD_FOLDER"""
import json
import os
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../tests/oracle"))

from PIL import Image

import pattern

PAIRS = 5


def main():
    program = os.path.join(sys.argv[1] if len(sys.argv) > 1 else "build", "bench/bench_resize")
    for name, channels, width, height in [("gray to 32 x 32", 1, 32, 32), ("RGB to 1600 x 1200", 3, 1600, 1200)]:
        a = pattern.pattern(4000, 3000, channels, 1, 60)
        image = Image.fromarray(a[:, :, 0] if channels == 1 else a)
        ours, peer = [], []
        for _ in range(PAIRS):
            answer = subprocess.check_output([program, "4000", "3000", str(channels), str(width), str(height), "5"])
            ours.append(json.loads(answer)["ms"])
            start = time.perf_counter()
            image.resize((width, height), Image.LANCZOS)
            peer.append((time.perf_counter() - start) * 1e3)
        x, y = statistics.median(ours), statistics.median(peer)
        print(f"resize {name}: ours {x:.2f} ms, peer {y:.1f} ms, ratio {y / x:.1f}")


main()
