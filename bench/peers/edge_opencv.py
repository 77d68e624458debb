#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The row `edge` of a 1080p pair against the same steps in OpenCV and SciPy, in process, one thread: edge_opencv.py BUILD_FOLDER

The sample picture, enlarged, against its mirror image. OpenCV: gray, blur, Canny, its exact distance transform; SciPy: its own
transform instead. numpy takes the means, the maxima and the quantiles."""
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

import cv2
import numpy as np
from scipy.ndimage import distance_transform_edt

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
PAIRS = 5


def opencv_distance(e):
    return cv2.distanceTransform(255 - e, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)


def scipy_distance(e):
    return distance_transform_edt(e == 0)


def row(pair, distance):
    edges = [cv2.Canny(cv2.GaussianBlur(cv2.cvtColor(p, cv2.COLOR_BGR2GRAY), (5, 5), 0), 40, 100, L2gradient=True) for p in pair]
    to = [distance(e) for e in edges]
    for of, d in ((edges[0], to[1]), (edges[1], to[0])):
        d = d[of > 0]
        d.mean(), d.max(), np.partition(d, int(len(d) * 0.9)), (d <= 2).mean()


def timed(run, *arguments):
    start = time.perf_counter()
    run(*arguments)
    return (time.perf_counter() - start) * 1e3


def main():
    cv2.setNumThreads(1)
    program = os.path.join(sys.argv[1] if len(sys.argv) > 1 else "build", "bench/bench_shape")
    picture = cv2.imread(sys.argv[2] if len(sys.argv) > 2 else os.path.join(ROOT, "samples/original.png"))
    picture = cv2.resize(picture, (1920, 1080), interpolation=cv2.INTER_CUBIC)
    pair = [picture, np.ascontiguousarray(picture[:, ::-1])]
    times = {"ours": [], "opencv": [], "scipy": []}
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "a.png")
        cv2.imwrite(path, picture)
        for _ in range(PAIRS):
            times["ours"].append(json.loads(subprocess.check_output([program, path, "5"]))["edge_ms"])
            times["opencv"].append(timed(row, pair, opencv_distance))
            times["scipy"].append(timed(row, pair, scipy_distance))
    ours = statistics.median(times["ours"])
    for name in ("opencv", "scipy"):
        peer = statistics.median(times[name])
        print(f"edge row ({name}): ours {ours:.2f} ms, peer {peer:.1f} ms, ratio {peer / ours:.1f}")


main()
