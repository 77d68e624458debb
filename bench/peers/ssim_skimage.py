#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""SSIM of a 1080p pair against scikit-image, in process, one thread: ssim_skimage.py BUILD_FOLDER

uniform: gray, 7 x 7, with the map. row: gray uniform with map + Gaussian + colour, what one `ssim` row holds."""
import json
import os
import statistics
import subprocess
import sys
import time

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[name] = "1"
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../tests/oracle"))

from skimage.metrics import structural_similarity

import pattern

PAIRS = 5


def timed(run):
    start = time.perf_counter()
    run()
    return (time.perf_counter() - start) * 1e3


def main():
    program = os.path.join(sys.argv[1] if len(sys.argv) > 1 else "build", "bench/bench_ssim")
    a, b = (pattern.pattern(1920, 1080, 1, seed, 60)[:, :, 0] for seed in (1, 2))
    ca, cb = (pattern.pattern(1920, 1080, 3, seed, 60) for seed in (1, 2))

    def uniform():
        structural_similarity(a, b, full=True)

    def row():
        ga, gb = pattern.gray(ca), pattern.gray(cb)
        structural_similarity(ga, gb, full=True)
        structural_similarity(ga, gb, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255)
        structural_similarity(ca, cb, channel_axis=-1)

    ours, peer = {"uniform": [], "row": []}, {"uniform": [], "row": []}
    for _ in range(PAIRS):
        one = json.loads(subprocess.check_output([program, "1920", "1080", "11"]))
        ours["uniform"].append(one["uniform_map_ms"])
        ours["row"].append(one["row_ms"])
        peer["uniform"].append(timed(uniform))
        peer["row"].append(timed(row))
    for name in ours:
        x, y = statistics.median(ours[name]), statistics.median(peer[name])
        print(f"ssim {name}: ours {x:.2f} ms, peer {y:.1f} ms, ratio {y / x:.1f}")


main()
