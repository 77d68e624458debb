#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""ORB (detect and describe, 1,000 keypoints) against OpenCV, in process, one thread: orb_opencv.py BUILD_FOLDER

That ours matches no worse is tests/oracle/orb/compare_orb.py."""
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

import cv2
import numpy as np

PAIRS, RUNS, KEYPOINTS = 7, 9, 1000
cv2.setNumThreads(1)


def scene(width, height):
    """Overlapping boxes of random gray under noise, as full of corners as a printed cover."""
    rng = np.random.default_rng(1)
    picture = np.full((height, width), 128, np.uint8)
    for _ in range(width * height // 1500):
        x, y, w, h = rng.integers(0, width), rng.integers(0, height), *rng.integers(5, 60, 2)
        picture[y:y + h, x:x + w] = rng.integers(0, 256)
    noisy = cv2.GaussianBlur(picture, (0, 0), 0.8) + rng.normal(0, 3, picture.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8)


def main():
    program = os.path.join(sys.argv[1] if len(sys.argv) > 1 else "build", "bench/bench_orb")
    orb = cv2.ORB_create(KEYPOINTS)
    for width, height in [(640, 480), (1024, 768)]:
        gray = scene(width, height)
        ours, peer = [], []
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "scene.png")
            cv2.imwrite(path, gray)
            for _ in range(PAIRS):
                ours.append(json.loads(subprocess.check_output([program, path, str(KEYPOINTS), str(RUNS)]))["ms"])
                times = []
                for _ in range(RUNS):
                    start = time.perf_counter()
                    orb.detectAndCompute(gray, None)
                    times.append((time.perf_counter() - start) * 1e3)
                peer.append(statistics.median(times))
        x, y = statistics.median(ours), statistics.median(peer)
        print(f"orb {width} x {height}: ours {x:.2f} ms, peer {y:.2f} ms, ratio {y / x:.1f}")


main()
