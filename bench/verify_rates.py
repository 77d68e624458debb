#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""How well photos are told from photos of other things: local features alone, a network alone, and verify.

    verify_rates.py BUILD_FOLDER DATA_FOLDER [--sets books,dvdcovers,grocery] [--every N] [--policy NAME|FILE] [--models FOLDER] [--jobs N]

Every photo of DATA_FOLDER/verify (of grocery the packaged products, and of those every Nth photo) is held beside every reference of its set.

    orb, sift      coverage of the inliers: bench/bench_pairs
    mobilenet-v2   cosine of the embeddings: FOLDER/mobilenet_v2_1.0_224.onnx, left out without it
    alone          verify, each pair by itself: its probability
    known          verify where the store holds all references of the set: probability * odds^2 / sum of odds^2, as lk_verification_weigh

True match rate at 1 % and 0.1 % of false matches (the threshold is the value that so many impostors reach; where there are fewer than that
needs, none of them), area under the ROC curve, rank-1 of the photos that have a reference; Wilson's intervals of 95 %. Of verify also what
became of genuine pairs and of the others.
"""
import argparse
import csv
import glob
import os
import subprocess
import tempfile

import numpy as np


def wilson(hits, n, z=1.96):
    if n == 0:
        return "-"
    p, d = hits / n, 1 + z * z / n
    middle, half = (p + z * z / (2 * n)) / d, z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / d
    return f"{p:.3f} [{max(middle - half, 0):.3f}-{min(middle + half, 1):.3f}]"


def read_set(data, name, every):
    """photos {photo: its reference or None}, references"""
    folder = os.path.join(data, "verify", name)
    with open(os.path.join(folder, "pairs.csv"), newline="", encoding="utf-8") as f:
        rows = [r for r in csv.DictReader(f) if r.get("kind", "packaged") == "packaged"]
    column = "iconic" if name == "grocery" else "reference"
    rows = rows[::every] if name == "grocery" else rows
    truth = {os.path.join(folder, r["photo"]): r[column] and os.path.join(folder, r[column]) for r in rows}
    references = sorted({r for r in truth.values() if r})
    if name == "dvdcovers":
        references = sorted(glob.glob(os.path.join(folder, "references/*")))
    elif name == "grocery":  # those of all products, also where none of its photos was drawn
        with open(os.path.join(folder, "pairs.csv"), newline="", encoding="utf-8") as f:
            references = sorted({os.path.join(folder, r["iconic"]) for r in csv.DictReader(f) if r["kind"] == "packaged"})
    return truth, [r for r in references if not r.endswith(".gif")]


def by_features(build, feature, truth, references):
    command = [os.path.join(build, "bench/bench_pairs"), feature, *references, "--", *truth]
    rows = [line.split("\t") for line in subprocess.check_output(command, text=True).splitlines()]
    return {(r[1], r[0]): float(r[4]) for r in rows[:-1]}


def by_network(build, models, truth, references):
    paths = references + list(truth)
    with tempfile.TemporaryDirectory() as top:
        out = os.path.join(top, "v.npy")
        subprocess.check_call([os.path.join(build, "likeness"), "embed", *paths, "--model", os.path.join(models, "mobilenet_v2_1.0_224.onnx"),
                               "--normalize", "--out", out, "-q"], stdout=subprocess.DEVNULL)
        vectors = np.load(out)
    a, b = vectors[:len(references)], vectors[len(references):]
    cosines = b @ a.T
    return {(p, r): cosines[i, k] for i, p in enumerate(truth) for k, r in enumerate(references)}


def by_verify(build, truth, references, policy, jobs):
    """{pair: probability}, {pair: verdict}"""
    with tempfile.TemporaryDirectory() as top:
        pairs, out = os.path.join(top, "pairs.csv"), os.path.join(top, "out.csv")
        with open(pairs, "w", newline="", encoding="utf-8") as f:
            w = csv.writer(f)
            w.writerow(["photo", "reference"])
            w.writerows((p, r) for p in truth for r in references)
        subprocess.call([os.path.join(build, "likeness"), "verify", "--batch", pairs, "--csv", "-o", out, "--policy", policy, "-q",
                         "--jobs", str(jobs), "--exit-zero"])
        with open(out, newline="", encoding="utf-8") as f:
            rows = [r for r in csv.DictReader(f) if not r["error"]]
    return ({(r["photo"], r["reference"]): float(r["probability"]) for r in rows},
            {(r["photo"], r["reference"]): r["verdict"] for r in rows})


def with_others_known(probability, verdict, truth, references, same_from=0.95):
    odds = {k: np.clip(p, 1e-9, 1 - 1e-9) / (1 - np.clip(p, 1e-9, 1 - 1e-9)) for k, p in probability.items()}
    weight = {k: o * o for k, o in odds.items()}
    after, said = {}, {}
    for p in truth:
        total = sum(weight[p, r] for r in references)
        share = {r: probability[p, r] * weight[p, r] / total for r in references}
        for r in references:
            other = max((share[q] for q in references if q != r), default=0)
            after[p, r] = share[r]
            said[p, r] = verdict[p, r]
            if verdict[p, r] == "same" and share[r] < same_from:
                said[p, r] = "different" if other >= same_from else "cannot-tell"
    return after, said


def tell(name, method, score, truth, references, verdict=None):
    genuine = np.array([score[p, r] for p, r in truth.items() if r])
    impostors = np.sort([score[p, r] for p in truth for r in references if truth[p] != r])[::-1]
    rates = [wilson((genuine > impostors[int(share * len(impostors))]).sum(), len(genuine)) for share in (0.01, 0.001)]
    below = np.searchsorted(impostors[::-1], genuine, "left") + np.searchsorted(impostors[::-1], genuine, "right")
    first = [all(score[p, own] > score[p, r] for r in references if r != own) for p, own in truth.items() if own]
    print(f"| {name} | {method} | {rates[0]} | {rates[1]} | {below.mean() / 2 / len(impostors):.4f} | {wilson(sum(first), len(first))} |", end="")
    if verdict:
        for pairs in ([(p, r) for p, r in truth.items() if r], [(p, r) for p in truth for r in references if truth[p] != r]):
            said = [verdict[k] for k in pairs]
            print(f" {said.count('same')}, {said.count('cannot-tell')}, {said.count('different')} |", end="")
    else:
        print(" | |", end="")
    print(flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("data")
    parser.add_argument("--sets", default="books,dvdcovers,grocery")
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--policy", default="photos")
    parser.add_argument("--models", default="")
    parser.add_argument("--jobs", type=int, default=2)
    o = parser.parse_args()
    data = os.path.join(o.data, "data") if os.path.isdir(os.path.join(o.data, "data")) else o.data
    print("| set | by | true matches at 1 % | at 0.1 % | AUC | rank-1 | genuine: same, cannot tell, different | others |")
    print("|---|---|---|---|---|---|---|---|")
    for name in o.sets.split(","):
        truth, references = read_set(data, name, o.every)
        for feature in ("orb", "sift"):
            tell(name, feature, by_features(o.build, feature, truth, references), truth, references)
        if o.models:
            tell(name, "mobilenet-v2", by_network(o.build, o.models, truth, references), truth, references)
        probability, verdict = by_verify(o.build, truth, references, o.policy, o.jobs)
        tell(name, "verify, alone", probability, truth, references, verdict)
        probability, verdict = with_others_known(probability, verdict, truth, references)
        tell(name, "verify, others known", probability, truth, references, verdict)


main()
