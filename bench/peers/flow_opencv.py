#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Dense optical flow against OpenCV's DIS (medium), in process, one thread: flow_opencv.py BUILD_FOLDER

On the sequences of $LIKENESS_DATA/data/flow (or ../shared/data/flow) with both mean end-point errors, and on a 1080p pair."""
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

import cv2
import numpy as np

PAIRS, RUNS = 5, 7
DATA = os.path.join(os.environ.get("LIKENESS_DATA", "../shared"), "data/flow")
cv2.setNumThreads(1)


def read_flo(path):
    data = open(path, "rb").read()
    width, height = np.frombuffer(data, "<i4", 2, 4)
    return np.frombuffer(data, "<f4", -1, 12).reshape(height, width, 2)


def compare(program, name, first, second, truth_path=None):
    """Least milliseconds of RUNS, the median of PAIRS of them, each way in turn."""
    dis = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    a, b = (cv2.imread(p, cv2.IMREAD_GRAYSCALE) for p in (first, second))
    ours, peer = [], []
    for _ in range(PAIRS):
        result = json.loads(subprocess.check_output([program, first, second, str(RUNS)] + ([truth_path] if truth_path else [])))
        ours.append(result["ms"])
        times = []
        for _ in range(RUNS):
            start = time.perf_counter()
            flow = dis.calc(a, b, None)
            times.append((time.perf_counter() - start) * 1e3)
        peer.append(min(times))
    x, y = statistics.median(ours), statistics.median(peer)
    print(f"flow {name}: ours {x:.1f} ms, opencv {y:.1f} ms, ratio {y / x:.1f}", end="")
    if truth_path:
        truth = read_flo(truth_path)
        known = (np.abs(truth) < 1e9).all(axis=2)
        error = np.sqrt(((flow - truth) ** 2).sum(axis=2))[known].mean()
        print(f", error {result['error_px']:.3f} px, opencv {error:.3f} px", end="")
    print()


def moved_texture(folder):
    """A 1080p texture of all scales, shifted by (7, -4)."""
    rng = np.random.default_rng(1)
    field = np.zeros((1100, 1940), np.float32)
    for scale in (4, 8, 16, 32, 64, 128):
        noise = rng.normal(0, 20, (1100 // scale + 2, 1940 // scale + 2)).astype(np.float32)
        field += cv2.resize(noise, (1940, 1100), interpolation=cv2.INTER_CUBIC)
    gray = np.clip(field + 128, 0, 255).astype(np.uint8)
    paths = [os.path.join(folder, name) for name in ("a.png", "b.png")]
    cv2.imwrite(paths[0], gray[10:1090, 10:1930])
    cv2.imwrite(paths[1], gray[14:1094, 3:1923])
    return paths


def main():
    program = os.path.join(sys.argv[1] if len(sys.argv) > 1 else "build", "bench/bench_flow")
    if os.path.isdir(DATA):
        for name in ("Dimetrodon", "RubberWhale", "Venus", "Grove2"):
            compare(program, name, *(f"{DATA}/{name}/{file}" for file in ("frame10.png", "frame11.png", "flow10.flo")))
    with tempfile.TemporaryDirectory() as folder:
        compare(program, "1920 x 1080", *moved_texture(folder))


main()
