#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""How many copies are found, by class, and how many others with them, on a folder that dups_recipe.py made.

    dups_rates.py BUILD FOLDER [--near N] [--whole | --only-whole] [--misses]

relation   relation_find() on all true pairs, on the pairs that are alike and no copies, and on each picture's N (3) nearest of other
           originals by PDQ in eight turns and by embedding: what is decided once a pair is a candidate
whole      `likeness dups FOLDER --json`: candidates and all; a pair is found where one group has both
phash      the 64-bit hash at distance 10 or less, all pairs with all
embedding  the built-in network at cosine 0.9 or more, all pairs with all

Recall is of the pairs (original, copy) of pairs.csv. A pair found of pictures that are not of one original is false, unless
dups_known.csv, beside this script, lists it: the unrelated pictures have duplicates of their own. Precision is right / (right + false)
over all pairs found, copies with copies of the same original included. What is made once is kept beside FOLDER.
"""
import argparse
import csv
import json
import os
import subprocess
import sys
from collections import Counter

import numpy as np

CLASSES = ("recompressed", "resized", "colour", "overlay", "border", "crop", "quarter", "mirrored", "angle", "aspect", "combined")


class Folder:
    def __init__(self, build, folder):
        self.build, self.path, self.base = build, folder.rstrip("/"), folder.rstrip("/")
        self.group, self.kind, self.alike = {}, {}, {}
        for row in rows(os.path.join(folder, "pairs.csv")):
            self.group[row["a"]] = self.group[row["b"]] = row["a"]
            self.kind[row["a"], row["b"]] = row["class"]
        for row in rows(os.path.join(folder, "alike.csv")):
            self.alike[row["a"], row["b"]] = row["what"]
        known = os.path.join(os.path.dirname(os.path.abspath(__file__)), "dups_known.csv")
        self.known = {frozenset((r["a"], r["b"])) for r in rows(known)} if os.path.exists(known) else set()
        self.names = sorted(os.path.relpath(os.path.join(at, f), folder) for at, _, files in os.walk(folder) for f in files
                            if not f.endswith(".csv"))

    def same(self, a, b):
        """True, False, or None where it is not to be counted."""
        if self.group.get(a, a) == self.group.get(b, b):
            return True
        return None if frozenset((a, b)) in self.known else False

    def run(self, program, *args, text=None):
        return subprocess.run([os.path.join(self.build, program), *args], input=text, text=True, stdout=subprocess.PIPE, check=False).stdout

    def facts(self):
        """names, PDQ of eight turns as bits, milliseconds of the facts."""
        kept = self.base + ".hash"
        if not os.path.exists(kept):
            text = self.run("bench/bench_dups", "facts", self.path, self.base + ".kept", text="\n".join(self.names) + "\n")
            with open(kept, "w") as f:
                f.write(text)
        own = set(self.names)
        lines = [line.rstrip("\n").split("\t") for line in open(kept)]
        lines = [f for f in lines if len(f) == 5 and len(f[1]) == 512 and f[0] in own]
        bits = np.unpackbits(np.array([np.frombuffer(bytes.fromhex(f[1]), np.uint8) for f in lines]).reshape(-1, 8, 32), axis=2)
        return [f[0] for f in lines], bits, [float(f[4]) for f in lines]

    def embeddings(self):
        kept = self.base + ".emb.npy"
        if not os.path.exists(kept):
            self.run("likeness", "embed", self.path, "--out", kept, "-q")
        names = [os.path.relpath(line.rstrip("\n"), self.path) for line in open(kept + ".paths")]
        vectors = np.load(kept)
        return names, vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    def phash(self):
        kept = self.base + ".phash"
        if not os.path.exists(kept):
            with open(kept, "w") as f:
                for i in range(0, len(self.names), 500):
                    paths = [os.path.join(self.path, n) for n in self.names[i:i + 500]]
                    f.writelines(json.dumps(e) + "\n" for e in json.loads(self.run("likeness", "hash", "--algo=phash", "--json", *paths))["files"])
        found = [json.loads(line) for line in open(kept)]
        found = [(os.path.relpath(e["path"], self.path), e["hashes"]["phash"]) for e in found if e.get("hashes")]
        return [n for n, _ in found], np.unpackbits(np.array([np.frombuffer(bytes.fromhex(h), np.uint8) for _, h in found]), axis=1)


def rows(path):
    with open(path, newline="") as f:
        return list(csv.DictReader(f))


def all_pairs(names, close, step=512):
    """Pairs (i < j) for which close(from, to) says so, as names."""
    for i in range(0, len(names), step):
        for k, j in zip(*np.nonzero(close(i, min(i + step, len(names))))):
            if i + k < j:
                yield names[i + k], names[j]


def nearest(folder, names, score, n):
    """The n pictures of other originals with the highest scores for each."""
    ids = {}
    groups = np.array([ids.setdefault(folder.group.get(x, x), len(ids)) for x in names])
    for i in range(0, len(names), 256):
        s = score(i, min(i + 256, len(names)))
        s[groups[i:i + 256, None] == groups[None, :]] = -np.inf
        for k, row in enumerate(np.argpartition(-s, n, axis=1)[:, :n]):
            for j in row:
                yield tuple(sorted((names[i + k], names[j])))


def signs(bits):
    return bits.astype(np.float32) * 2 - 1


def candidates(folder, n):
    names, pdq, _ = folder.facts()
    turns, own = signs(pdq), signs(pdq[:, 0])
    found = set(nearest(folder, names, lambda i, j: np.max([turns[i:j, t] @ own.T for t in range(8)], axis=0), n))
    names, vectors = folder.embeddings()
    found |= set(nearest(folder, names, lambda i, j: vectors[i:j] @ vectors.T, n))
    return list(folder.kind) + list(folder.alike) + sorted(found - set(folder.kind) - set(folder.alike))


def relate(folder, pairs):
    """{(a, b): (class, ms)}"""
    text = folder.run("bench/bench_dups", "relate", folder.path, folder.base + ".kept", text="".join("%s\t%s\n" % p for p in pairs))
    return {(f[0], f[1]): (f[2], float(f[20])) for f in (line.split("\t") for line in text.splitlines())}


def tell(folder, what, found):
    """found: pairs. Returns the recall of each class in percent, and the precision."""
    found = {frozenset(p) for p in found}
    right = Counter()
    judged = [folder.same(*sorted(p)) for p in found]
    for p, kind in folder.kind.items():
        right[kind] += frozenset(p) in found
    total = Counter(folder.kind.values())
    recall = {k: 100 * right[k] / total[k] for k in CLASSES if total[k]}
    false = judged.count(False)
    good = judged.count(True)
    print("%-10s %6d pairs right, %d false, %d known duplicates beside: precision %.2f %%" %
          (what, good, false, judged.count(None), 100 * good / max(good + false, 1)), flush=True)
    return recall, 100 * good / max(good + false, 1)


def whole(folder):
    """All pairs of all groups, and the groups' kinds."""
    text = folder.run("likeness", "dups", folder.path, "--index", folder.base + ".lki", "--json", "-q")
    pairs, groups = [], json.loads(text)["groups"]
    for g in groups:
        names = sorted(os.path.relpath(f if isinstance(f, str) else f["path"], folder.path) for f in g["files"])
        pairs += [(a, b) for i, a in enumerate(names) for b in names[i + 1:]]
    return pairs, Counter(g["kind"] for g in groups)


def tell_whole(folder, misses):
    pairs, kinds = whole(folder)
    told = tell(folder, "whole", pairs)
    print("  groups by kind:", dict(kinds))
    found = {frozenset(q) for q in pairs}
    if misses:
        for q in pairs:
            if folder.same(*q) is False:
                print("    false", *q)
        for q in folder.kind:
            if frozenset(q) not in found:
                print("    missed", folder.kind[q], *q)
    return told


def tell_parts(folder, near, misses, table):
    related = relate(folder, candidates(folder, near))
    copies = [q for q, (c, _) in related.items() if c not in ("none", "scene")]
    table["relation"] = tell(folder, "relation", copies)
    print("  of %d pairs asked; alike and no copies: %s" % (len(related), dict(Counter(
        "%s %s" % (folder.alike[q], related[q][0]) for q in folder.alike if q in related and folder.same(*q) is False))))
    times = np.array([ms for _, ms in related.values()])
    true = np.array([q in folder.kind for q in related])
    print("  ms of processor time: copies %.2f on average, 99 %% below %.2f; others %.2f, %.2f" % (
        times[true].mean(), np.percentile(times[true], 99), times[~true].mean(), np.percentile(times[~true], 99)))
    for kind in CLASSES:
        print("  %-12s named %s" % (kind, dict(Counter(related[q][0] for q, k in folder.kind.items() if k == kind and q in related).most_common())))
    if misses:
        for q, (c, _) in related.items():
            if (c in ("none", "scene")) == (q in folder.kind) and (q in folder.kind or folder.same(*q) is False and c not in ("none", "scene")):
                print("   ", "missed" if q in folder.kind else "false", c, *q)
    names, bits = folder.phash()
    b = signs(bits)
    table["phash"] = tell(folder, "phash", all_pairs(names, lambda i, j: b[i:j] @ b.T >= 64 - 2 * 10))
    names, vectors = folder.embeddings()
    table["embedding"] = tell(folder, "embedding", all_pairs(names, lambda i, j: vectors[i:j] @ vectors.T >= 0.9))


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("build")
    p.add_argument("folder")
    p.add_argument("--near", type=int, default=3)
    p.add_argument("--whole", action="store_true", help="likeness dups as well")
    p.add_argument("--only-whole", action="store_true", help="likeness dups and nothing else")
    p.add_argument("--misses", action="store_true", help="name what was missed, and what was found and false")
    a = p.parse_args()
    folder = Folder(a.build, a.folder)
    table = {}
    if a.whole or a.only_whole:
        table["whole"] = tell_whole(folder, a.misses)
    if not a.only_whole:
        tell_parts(folder, a.near, a.misses, table)
    print("\n%-13s %6s" % ("recall %", "pairs") + "".join("%11s" % t for t in table))
    total = Counter(folder.kind.values())
    for kind in CLASSES:
        if total[kind]:
            print("%-13s %6d" % (kind, total[kind]) + "".join("%11.1f" % table[t][0][kind] for t in table))
    print("%-13s %6d" % ("all", sum(total.values())) + "".join(
        "%11.1f" % (sum(table[t][0][k] * total[k] for k in total) / sum(total.values())) for t in table))
    print("%-13s %6s" % ("precision %", "") + "".join("%11.2f" % table[t][1] for t in table))
    return 0


if __name__ == "__main__":
    sys.exit(main())
