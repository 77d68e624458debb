#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Our ORB against OpenCV's at the same number of keypoints, on picture pairs whose homography is known.

    compare_orb.py BUILD_FOLDER GEOMETRY_FOLDER [KEYPOINTS]

GEOMETRY_FOLDER holds folders with img1.png .. img6.png and H1to2p .. H1to6p. Fails when ours is worse.

repeatability   share of the keypoints of one picture, of those that the other shows, that lie within 1.5 px of one of the
                other after the true map; the mean of both directions
right matches   mutual nearest descriptors within 3 px of the true place; precision is their share
corner error    farthest corner of picture 1, in pixels, between the true map and the one that OpenCV's RANSAC finds from
                those matches; the median over the pairs and five seeds; lost: more than 10 px
same bits       mean Hamming distance between our descriptor and OpenCV's at the same place and orientation (level 0)

Ours is judged twice: with its own border of 19 pixels by repeatability, corner error and lost pairs; and with the 31 that OpenCV
leaves out by repeatability and matches, since keypoints near the border pin the corners down, but more of them are out of the
other picture. 15 pairs make the median of the corner errors a noisy number: look at several KEYPOINTS.
"""
import glob
import json
import os
import subprocess
import sys
import tempfile

import cv2
import numpy as np

cv2.setNumThreads(1)


def ours(program, path, count, edge):
    with tempfile.NamedTemporaryFile() as dump:
        subprocess.check_output([program, path, str(count), "1", dump.name, str(edge)])
        rows = np.fromfile(dump.name, np.dtype([("v", "<f4", 6), ("d", "u1", 32)]))
    return rows["v"], rows["d"]


def opencv(gray, count):
    points, descriptors = cv2.ORB_create(count).detectAndCompute(gray, None)
    return np.array([k.pt for k in points], np.float32), descriptors


def project(h, points):
    return cv2.perspectiveTransform(points.reshape(-1, 1, 2).astype(np.float64), h).reshape(-1, 2)


def repeated(a, b, h, shape):
    """Share of the points a, brought into picture b of this shape, that have a point of b near."""
    at = project(h, a)
    at = at[(at >= 16).all(1) & (at[:, 0] < shape[1] - 16) & (at[:, 1] < shape[0] - 16)]
    if len(at) == 0:
        return 0.0
    distance = np.sqrt(((at[:, None] - b[None]) ** 2).sum(2)).min(1)
    return float((distance < 1.5).mean())


def corner_error(h, truth, shape):
    corners = np.float64([[0, 0], [shape[1], 0], [shape[1], shape[0]], [0, shape[0]]])
    if h is None:
        return 1000.0
    return float(min(np.linalg.norm(project(h, corners) - project(truth, corners), axis=1).max(), 1000))


def judge(a, da, b, db, truth, shapes):
    matches = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True).match(da, db)
    pa = np.float32([a[m.queryIdx] for m in matches])
    pb = np.float32([b[m.trainIdx] for m in matches])
    right = np.linalg.norm(project(truth, pa) - pb, axis=1) < 3
    errors = []
    for seed in range(5):
        cv2.setRNGSeed(seed)
        h, _ = cv2.findHomography(pa, pb, cv2.RANSAC, 3, maxIters=5000, confidence=0.999)
        errors.append(corner_error(h, truth, shapes[0]))
    back = np.linalg.inv(truth)
    return ((repeated(a, b, truth, shapes[1]) + repeated(b, a, back, shapes[0])) / 2, float(right.sum()), float(right.mean()),
            errors)


def same_bits(gray, values, descriptors):
    """OpenCV's descriptors at our keypoints of level 0."""
    at = np.where(values[:, 5] == 0)[0]
    points = [cv2.KeyPoint(float(v[0]), float(v[1]), 31, float(np.degrees(np.arctan2(v[3], v[2])) % 360), 0, 0, int(i))
              for i, v in zip(at, values[at])]
    kept, theirs = cv2.ORB_create(1).compute(gray, points)
    mine = descriptors[[k.class_id for k in kept]]
    return float(np.unpackbits(mine ^ theirs, axis=1).sum(1).mean())


def summary(rows):
    errors = np.array([r[3] for r in rows])
    return {"repeatability": round(np.mean([r[0] for r in rows]), 4), "right_matches": round(np.mean([r[1] for r in rows]), 1),
            "precision": round(np.mean([r[2] for r in rows]), 4), "corner_error": round(float(np.median(errors)), 3),
            "lost": round(float((errors > 10).mean()), 3)}


def main():
    program = os.path.join(sys.argv[1], "bench/bench_orb")
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 1000
    results, bits = {"ours": [], "ours, border 31": [], "OpenCV": []}, []
    for folder in sorted(glob.glob(os.path.join(sys.argv[2], "*/"))):
        paths = [os.path.join(folder, f"img{i}.png") for i in range(1, 7)]
        grays = [cv2.imread(p, cv2.IMREAD_GRAYSCALE) for p in paths]
        found = {"ours": [ours(program, p, count, 19) for p in paths],
                 "ours, border 31": [ours(program, p, count, 31) for p in paths],
                 "OpenCV": [opencv(g, count) for g in grays]}
        if cv2.imread(paths[0], cv2.IMREAD_UNCHANGED).ndim == 2:  # gray files: the same levels on both sides
            bits.append(same_bits(grays[0], *found["ours"][0]))
        for name, sets in found.items():
            for k in range(2, 7):
                truth = np.loadtxt(os.path.join(folder, f"H1to{k}p"))
                (a, da), (b, db) = sets[0], sets[k - 1]
                results[name].append(judge(a[:, :2], da, b[:, :2], db, truth, (grays[0].shape, grays[k - 1].shape)))
    print(f"OpenCV {cv2.__version__}, {count} keypoints, {len(results['ours'])} pairs, same bits but for {bits[0]:.2f} of 256")
    table = {name: summary(rows) for name, rows in results.items()}
    for name, row in table.items():
        print(f"{name:16}", json.dumps(row))
    own, same, peer = table["ours"], table["ours, border 31"], table["OpenCV"]
    good = (own["repeatability"] >= peer["repeatability"] and own["corner_error"] <= peer["corner_error"]
            and own["lost"] <= peer["lost"] and same["repeatability"] >= peer["repeatability"]
            and same["right_matches"] >= peer["right_matches"] and same["precision"] >= peer["precision"]
            and max(bits) < 3)
    print("no worse" if good else "WORSE")
    sys.exit(0 if good else 1)


main()
