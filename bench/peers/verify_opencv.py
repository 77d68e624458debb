#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""One 12 MP photo against one original, on one core, beside a plain pipeline of OpenCV and scikit-image: ORB, RANSAC, warp, SSIM.
verify_opencv.py BUILD_FOLDER [PHOTO ORIGINAL]

Without pictures the sample's original (900 x 1200) is photographed by the simulator, 3000 x 4000. Runs are interleaved; a line for the
whole process of both (Python's start and imports included), one for the peer's work alone, from reading the files to the last number.
The peer answers less: no quality, no embedding, no regions, no verdict; and decodes in full, as its users do."""
import os
import statistics
import subprocess
import sys
import tempfile
import time

RUNS, SIDE, KEYPOINTS = 9, 1024, 1500
ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")


def peer(photo_path, original_path):
    import cv2
    import numpy as np
    from skimage.metrics import structural_similarity

    cv2.setNumThreads(1)
    start = time.perf_counter()
    photo, original = cv2.imread(photo_path), cv2.imread(original_path)
    grays = [cv2.cvtColor(p, cv2.COLOR_BGR2GRAY) for p in (original, photo)]
    scales = [min(1.0, SIDE / max(g.shape)) for g in grays]
    orb = cv2.ORB_create(KEYPOINTS)
    found = [orb.detectAndCompute(cv2.resize(g, None, fx=s, fy=s, interpolation=cv2.INTER_AREA), None) for g, s in zip(grays, scales)]
    matches = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True).match(found[0][1], found[1][1])
    a = np.float32([found[0][0][m.queryIdx].pt for m in matches]) / scales[0]
    b = np.float32([found[1][0][m.trainIdx].pt for m in matches]) / scales[1]
    h, inliers = cv2.findHomography(b, a, cv2.RANSAC, 3.0)
    height, width = grays[0].shape
    aligned = cv2.warpPerspective(photo, h, (width, height), flags=cv2.INTER_CUBIC)
    ssim = structural_similarity(grays[0], cv2.cvtColor(aligned, cv2.COLOR_BGR2GRAY))
    print("%.2f %d %.4f" % ((time.perf_counter() - start) * 1e3, int(inliers.sum()), ssim))


def whole(command):
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1, 3):
        sys.exit("%s: %s" % (" ".join(command), done.stderr))
    return (time.perf_counter() - start) * 1e3, done.stdout


def main():
    program = os.path.join(sys.argv[1] if len(sys.argv) > 1 else "build", "likeness")
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})  # one core, for both
    with tempfile.TemporaryDirectory() as folder:
        if len(sys.argv) > 3:
            photo, original = sys.argv[2:4]
        else:
            original, photo = os.path.join(ROOT, "samples/original.png"), os.path.join(folder, "photo.jpg")
            subprocess.run([program, "simulate", original, "--seed", "7", "--size", "3000x4000", "--out", photo, "-q"], check=True,
                           stdout=subprocess.DEVNULL)
        ours, theirs, inside = [], [], []
        for _ in range(RUNS):
            ours.append(whole([program, "verify", photo, "--reference", original, "-j1"])[0])
            ms, said = whole([sys.executable, os.path.abspath(__file__), "--peer", photo, original])
            theirs.append(ms)
            inside.append(float(said.split()[0]))
    x = statistics.median(ours)
    for name, times in [("whole process", theirs), ("peer without its start", inside)]:
        y = statistics.median(times)
        print(f"verify 12 MP, {name}: ours {x:.1f} ms, opencv {y:.1f} ms, ratio {y / x:.1f}")


if len(sys.argv) == 4 and sys.argv[1] == "--peer":
    peer(*sys.argv[2:])
else:
    main()
