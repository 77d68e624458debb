#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""How well the coverage of the inliers tells photos of a picture from photos of others.

    pairs_rates.py BUILD_FOLDER DATA_FOLDER [sift|orb] [NAME=VALUE...]           books, dvdcovers, grocery (packaged) of DATA_FOLDER/verify
    pairs_rates.py BUILD_FOLDER DATA_FOLDER simulated [sift|orb] [NAME=VALUE...]  photos that `likeness simulate` takes of train/covers

NAME=VALUE as bench_pairs takes them. For each set of pairs: true match rate at 1 % and at 0.1 % false matches (the threshold is the value
that so many impostors reach; where there are fewer impostors than that needs, none of them), the area under the ROC curve, rank-1 of
the photos that have a reference, the largest coverage of an impostor, and the coverages of the weakest genuine pairs.
"""
import csv
import glob
import os
import subprocess
import sys
import tempfile

import numpy as np

COVERS = 40  # of train/covers, as references; photos are taken of all of them
HARD = {  # what the simulated photos are like; all else is drawn
    "plain": ["--difficulty", "0.5", "--size", "960x1280"],
    "320 px": ["--difficulty", "0.5", "--size", "240x320"],
    "half hidden": ["--difficulty", "0.4", "--size", "600x800", "--set", "hidden=0.5"],
    "tilted": ["--difficulty", "0.4", "--size", "600x800", "--set", "tilt_deg=55"],
    "glare": ["--difficulty", "0.4", "--size", "600x800", "--set", "glare=0.9", "--set", "glare_size=0.4"],
    "poor": ["--difficulty", "1", "--size", "600x800"],
}


def pairs(build, feature, settings, references, photos):
    """{(reference, photo): (coverage, inliers)} and milliseconds of a pair and of detecting."""
    command = [os.path.join(build, "bench/bench_pairs"), feature, *settings, *references, "--", *photos]
    rows = [line.split("\t") for line in subprocess.check_output(command, text=True).splitlines()]
    found = {(r[0], r[1]): (float(r[4]), int(r[3])) for r in rows[:-1]}
    return found, float(np.mean([float(r[6]) for r in rows[:-1]])), float(rows[-1][6])


def tell(name, found, truth, ms, detect_ms):
    """truth: {photo: reference, or None}."""
    genuine = np.array([found[truth[p], p] for p in truth if truth[p]])[:, 0]
    impostors = np.sort([v[0] for (r, p), v in found.items() if p in truth and truth[p] != r])[::-1]
    rates = []
    for share in (0.01, 0.001):
        threshold = impostors[int(share * len(impostors))]
        rates.append((genuine > threshold).mean())
    both = np.concatenate([genuine, impostors])
    _, inverse, counts = np.unique(both, return_inverse=True, return_counts=True)
    rank = (np.cumsum(counts) - (counts - 1) / 2)[inverse]  # ties share their mean rank
    auc = (rank[:len(genuine)].sum() - len(genuine) * (len(genuine) + 1) / 2) / (len(genuine) * len(impostors))
    first = []
    for p, r in truth.items():
        if r:
            others = [v for (q, s), v in found.items() if s == p and q != r]
            first.append(all(found[r, p] > o for o in others))
    print(f"{name:12} {len(genuine):5} genuine {len(impostors):6} impostors: true matches {100 * rates[0]:5.1f} % at 1 %, "
          f"{100 * rates[1]:5.1f} % at 0.1 %; AUC {auc:.4f}; rank-1 {100 * np.mean(first):5.1f} %; worst impostor {impostors[0]:.3f}; "
          f"weakest {' '.join(f'{v:.2f}' for v in np.sort(genuine)[:5])}; {ms:.1f} ms a pair, {detect_ms:.0f} ms a picture", flush=True)


def read_pairs(path, reference):
    with open(path, newline="", encoding="utf-8") as f:
        return [{**r, "reference": r[reference]} for r in csv.DictReader(f)]


def verify(build, data, feature, settings):
    for name, column, keep in (("books", "reference", {}), ("dvdcovers", "reference", {}), ("grocery", "iconic", {"kind": "packaged"})):
        folder = os.path.join(data, "verify", name)
        rows = [r for r in read_pairs(os.path.join(folder, "pairs.csv"), column) if all(r[k] == v for k, v in keep.items())]
        truth = {os.path.join(folder, r["photo"]): r["reference"] and os.path.join(folder, r["reference"]) for r in rows}
        references = sorted({r for r in truth.values() if r})
        if name == "dvdcovers":
            references = sorted(glob.glob(os.path.join(folder, "references/*")))
        found, ms, detect_ms = pairs(build, feature, settings, references, list(truth))
        tell(name, found, truth, ms, detect_ms)


def simulated(build, data, feature, settings):
    covers = sorted(glob.glob(os.path.join(data, "train/covers/*/*")))
    chosen = covers[7::len(covers) // COVERS][:COVERS]
    with tempfile.TemporaryDirectory() as top:
        for name, arguments in HARD.items():
            folder = os.path.join(top, name)
            os.makedirs(folder)
            truth = {}
            for i, cover in enumerate(chosen):
                photo = os.path.join(folder, f"{i}.jpg")
                subprocess.check_call([os.path.join(build, "likeness"), "simulate", cover, "--seed", str(1000 + i), "-q", "--jobs", "1",
                                       *arguments, "--out", photo], stdout=subprocess.DEVNULL)
                truth[photo] = cover
            found, ms, detect_ms = pairs(build, feature, settings, chosen, list(truth))
            tell(name, found, truth, ms, detect_ms)


def main():
    build, data, rest = sys.argv[1], sys.argv[2], sys.argv[3:]
    data = os.path.join(data, "data") if os.path.isdir(os.path.join(data, "data")) else data
    run = verify
    if rest[:1] == ["simulated"]:
        run, rest = simulated, rest[1:]
    feature = rest.pop(0) if rest[:1] in (["sift"], ["orb"]) else "sift"
    run(build, data, feature, rest)


main()
