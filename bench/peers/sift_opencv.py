#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""SIFT (detect and describe, 1,500 keypoints, doubled first octave) and matching of byte descriptors against OpenCV, in process, one
thread, milliseconds of the processor: sift_opencv.py BUILD_FOLDER

That ours finds and matches no worse is tests/oracle/sift/compare_sift.py. Matching: 1,500 x 1,500 descriptors, two nearest and cross
check, against OpenCV's knnMatch of floats both ways."""
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

import cv2
import numpy as np

PAIRS, RUNS, KEYPOINTS = 7, 5, 1500
cv2.setNumThreads(1)


def scene(width, height):
    """Overlapping boxes of random gray under noise, as full of detail as a printed cover."""
    rng = np.random.default_rng(1)
    picture = np.full((height, width), 128, np.uint8)
    for _ in range(width * height // 1500):
        x, y, w, h = rng.integers(0, width), rng.integers(0, height), *rng.integers(5, 60, 2)
        picture[y:y + h, x:x + w] = rng.integers(0, 256)
    noisy = cv2.GaussianBlur(picture, (0, 0), 0.8) + rng.normal(0, 3, picture.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8)


def timed(run):
    times = []
    for _ in range(RUNS):
        start = time.process_time()
        run()
        times.append((time.process_time() - start) * 1e3)
    return statistics.median(times)


def report(name, ours, peer):
    x, y = statistics.median(ours), statistics.median(peer)
    print(f"{name}: ours {x:.2f} ms, peer {y:.2f} ms, ratio {y / x:.1f}")


def both_ways(matcher, a, b):
    matcher.knnMatch(a, b, 2)
    matcher.knnMatch(b, a, 2)


def main():
    program = os.path.join(sys.argv[1] if len(sys.argv) > 1 else "build", "bench/bench_sift")
    sift, matcher = cv2.SIFT_create(KEYPOINTS), cv2.BFMatcher(cv2.NORM_L2)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "scene.png")
        for width, height in [(400, 300), (800, 600), (1200, 900)]:
            gray = scene(width, height)
            cv2.imwrite(path, gray)
            ours, peer, match_ours, match_peer = [], [], [], []
            for _ in range(PAIRS):
                answer = json.loads(subprocess.check_output([program, path, str(KEYPOINTS), str(RUNS), "/dev/null", "side=0"]))
                ours.append(answer["ms"])
                match_ours.append(answer["match_ms"])
                peer.append(timed(lambda: sift.detectAndCompute(gray, None)))
                points, d = sift.detectAndCompute(gray, None)
                match_peer.append(timed(lambda: both_ways(matcher, d, d)))
            report(f"sift {width} x {height}, {answer['keypoints']} and {len(points)} keypoints", ours, peer)
        report(f"match {answer['keypoints']} x {answer['keypoints']}", match_ours, match_peer)


main()
