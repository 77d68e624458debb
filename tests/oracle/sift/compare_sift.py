#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Our SIFT against OpenCV's at the same number of keypoints, on picture pairs whose homography is known.

    compare_sift.py BUILD_FOLDER GEOMETRY_FOLDER [KEYPOINTS [NAME=VALUE...]]

GEOMETRY_FOLDER holds folders with img1.png .. img6.png and H1to2p .. H1to6p. Fails when ours is worse. NAME=VALUE: as bench_sift's.

repeatability   share of the keypoints of one picture, of those that the other shows, that lie within 1.5 px of one of the other after the
                true map, with a scale that differs by less than 1.5 times from what the map says; the mean of both directions
right matches   mutual nearest descriptors within 3 px of the true place; precision is their share. OpenCV's descriptors are judged as
                they are and as RootSIFT in floats
ratio           right matches and precision of those whose second nearest is at least 1.25 times as far
corner error    farthest corner of picture 1, in pixels, between the true map and the one that OpenCV's RANSAC finds from all
                mutual matches; the median over the pairs and five seeds; lost: more than 10 px
same places     share of our keypoints with one of OpenCV's within half a pixel and 20 % of the scale; angle: median of
                the difference of their orientations, in degrees; descriptor: mean cosine between the two RootSIFTs there
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
ROW = np.dtype([("v", "<f4", 5), ("d", "u1", 128)])


def ours(program, path, count, settings):
    with tempfile.NamedTemporaryFile() as dump:
        subprocess.check_output([program, path, str(count), "1", dump.name, "side=0", *settings])
        rows = np.fromfile(dump.name, ROW)
    return rows["v"], rows["d"].astype(np.float32)


def opencv(gray, count):
    points, descriptors = cv2.SIFT_create(count).detectAndCompute(gray, None)
    # size is a diameter of twice sigma. The doubled picture of OpenCV before 4.8 lies a quarter of a pixel off: its own affair.
    values = np.array([(*k.pt, k.size / 2, k.angle / 360, k.response) for k in points], np.float32)
    return values[:count], descriptors[:count]


def root(d):
    return np.sqrt(d / np.maximum(d.sum(1, keepdims=True), 1e-9)) * 512


def project(h, points):
    return cv2.perspectiveTransform(points.reshape(-1, 1, 2).astype(np.float64), h).reshape(-1, 2)


def local_scale(h, points):
    e = 0.5
    dx = project(h, points + [e, 0]) - project(h, points - [e, 0])
    dy = project(h, points + [0, e]) - project(h, points - [0, e])
    return np.sqrt(np.abs(dx[:, 0] * dy[:, 1] - dx[:, 1] * dy[:, 0]))


def repeated(a, b, h, shape):
    at, sigma = project(h, a[:, :2]), a[:, 2] * local_scale(h, a[:, :2])
    inside = (at >= 8).all(1) & (at[:, 0] < shape[1] - 8) & (at[:, 1] < shape[0] - 8)
    at, sigma = at[inside], sigma[inside]
    if len(at) == 0:
        return 0.0
    near = ((at[:, None] - b[None, :, :2]) ** 2).sum(2) < 1.5 ** 2
    alike = np.abs(np.log(sigma[:, None] / b[None, :, 2])) < np.log(1.5)
    return float((near & alike).any(1).mean())


def corner_error(h, truth, shape):
    corners = np.float64([[0, 0], [shape[1], 0], [shape[1], shape[0]], [0, shape[0]]])
    if h is None:
        return 1000.0
    return float(min(np.linalg.norm(project(h, corners) - project(truth, corners), axis=1).max(), 1000))


def judge(a, da, b, db, truth, shapes):
    matches = cv2.BFMatcher(cv2.NORM_L2, crossCheck=True).match(da, db)
    second = {m[0].queryIdx: m[1].distance for m in cv2.BFMatcher(cv2.NORM_L2).knnMatch(da, db, 2)}
    pa = np.float32([a[m.queryIdx, :2] for m in matches])
    pb = np.float32([b[m.trainIdx, :2] for m in matches])
    right = np.linalg.norm(project(truth, pa) - pb, axis=1) < 3
    clear = np.array([m.distance * 1.25 < second[m.queryIdx] for m in matches])
    errors = []
    for seed in range(5):
        cv2.setRNGSeed(seed)
        h, _ = cv2.findHomography(pa, pb, cv2.RANSAC, 3, maxIters=5000, confidence=0.999)
        errors.append(corner_error(h, truth, shapes[0]))
    back = np.linalg.inv(truth)
    return ((repeated(a, b, truth, shapes[1]) + repeated(b, a, back, shapes[0])) / 2, float(right.sum()), float(right.mean()),
            float((right & clear).sum()), float(right[clear].mean()) if clear.any() else 0.0, errors)


def same_places(mine, theirs):
    (a, da), (b, db) = mine, theirs
    near = ((a[:, None, :2] - b[None, :, :2]) ** 2).sum(2) < 0.25
    near &= np.abs(np.log(a[:, None, 2] / b[None, :, 2])) < np.log(1.2)
    angle = np.abs((a[:, None, 3] - b[None, :, 3] + 0.5) % 1 - 0.5)
    closest = np.where(near, angle, 9).argmin(1)
    has = near.any(1)
    turns = angle[np.arange(len(a)), closest][has] * 360
    # OpenCV's directions inside a descriptor run counter-clockwise, ours clockwise as everything else.
    r = root(db).reshape(-1, 4, 4, 8)[:, :, :, [0, 7, 6, 5, 4, 3, 2, 1]].reshape(-1, 128)[closest[has]][turns < 5]
    m = da[has][turns < 5]
    cosine = (m * r).sum(1) / np.linalg.norm(m, axis=1) / np.linalg.norm(r, axis=1)
    return float(has.mean()), float(np.median(turns)), float(cosine.mean())


def summary(rows):
    errors = np.array([r[5] for r in rows])
    mean = [np.mean([r[i] for r in rows]) for i in range(5)]
    return {"repeatability": round(mean[0], 4), "right_matches": round(mean[1], 1), "precision": round(mean[2], 4),
            "ratio_right": round(mean[3], 1), "ratio_precision": round(mean[4], 4),
            "corner_error": round(float(np.median(errors)), 3), "lost": round(float((errors > 10).mean()), 3)}


def main():
    program = os.path.join(sys.argv[1], "bench/bench_sift")
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 1500
    results, same = {"ours": [], "OpenCV": [], "OpenCV, RootSIFT": []}, []
    for folder in sorted(glob.glob(os.path.join(sys.argv[2], "*/"))):
        paths = [os.path.join(folder, f"img{i}.png") for i in range(1, 7)]
        grays = [cv2.imread(p, cv2.IMREAD_GRAYSCALE) for p in paths]
        found = {"ours": [ours(program, p, count, sys.argv[4:]) for p in paths], "OpenCV": [opencv(g, count) for g in grays]}
        found["OpenCV, RootSIFT"] = [(v, root(d)) for v, d in found["OpenCV"]]
        same.append(same_places(found["ours"][0], found["OpenCV"][0]))
        for name, sets in found.items():
            for k in range(2, 7):
                truth = np.loadtxt(os.path.join(folder, f"H1to{k}p"))
                (a, da), (b, db) = sets[0], sets[k - 1]
                results[name].append(judge(a, da, b, db, truth, (grays[0].shape, grays[k - 1].shape)))
    print(f"OpenCV {cv2.__version__}, {count} keypoints, {len(results['ours'])} pairs; same places, angle, cosine:",
          *(f"{p:.3f} {t:.2f} {c:.3f};" for p, t, c in same))
    table = {name: summary(rows) for name, rows in results.items()}
    for name, row in table.items():
        print(f"{name:16}", json.dumps(row))
    own = table["ours"]
    good = min(c for _, _, c in same) > 0.95 and max(t for _, t, _ in same) < 3
    for peer in (table["OpenCV"], table["OpenCV, RootSIFT"]):
        good = good and all(own[k] >= peer[k] for k in ("repeatability", "right_matches", "precision", "ratio_right"))
        good = good and own["lost"] <= peer["lost"]
    print("no worse" if good else "WORSE")
    sys.exit(0 if good else 1)


main()
