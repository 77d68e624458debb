#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Searching a million vectors of 128 numbers: index/ against faiss (Debian's python3-faiss), both on one thread, in turn, medians.

Usage: index_faiss.py BUILD_FOLDER [VECTORS.npy] [--count N] [--runs N]

VECTORS.npy: embeddings of real pictures (likeness embed FOLDER --out VECTORS.npy). 500 of them, left out, are the queries; the
others are the base, filled up to N by vectors between neighbours: a picture a and b, one of its 20 nearest, both at random, give
a + t (b - a) + z, t even in 0..1, z normal noise of length 0.3 |b - a|, made of length 1. Without it the base is a mixture of
Gaussians: 1,000 random centres of unequal weight, 0.65 of their spread around each. `noise` has no structure at all: there an
inverted file cannot work, and the figure says how badly.

Prints what bench/peers/run collects, and recall@10: of the inverted file against the exact scan of bytes, and of that against
faiss' floats.
"""
import argparse
import os
import statistics
import subprocess
import tempfile
import time

import faiss
import numpy as np

K = 10
DIM = 128
QUERIES = 500


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def noise_like(shape, rng):
    return rng.standard_normal(shape, dtype=np.float32)


def pictures(path, count):
    rng = np.random.default_rng(1)
    rows = unit(np.load(path).astype(np.float32))
    order = rng.permutation(len(rows))
    queries, base = rows[order[:QUERIES]], rows[order[QUERIES:]]
    if count <= len(base):
        return base[:count], queries
    nearest = np.argsort(-(base @ base.T), axis=1)[:, 1:21]
    a = rng.integers(0, len(base), count - len(base))
    step = base[nearest[a, rng.integers(0, 20, len(a))]] - base[a]
    z = unit(noise_like(step.shape, rng)) * 0.3 * np.linalg.norm(step, axis=1, keepdims=True)
    between = unit(base[a] + rng.random((len(a), 1), dtype=np.float32) * step + z)
    return np.concatenate([base, between])[rng.permutation(count)], queries


def mixture(count):
    rng = np.random.default_rng(1)
    centres = noise_like((1000, DIM), rng)
    weights = 1 / np.sqrt(np.arange(1, 1001))
    which = rng.choice(1000, count + QUERIES, p=weights / weights.sum())
    rows = unit(centres[which] + 0.65 * noise_like((count + QUERIES, DIM), rng))
    return rows[QUERIES:], rows[:QUERIES]


def noise(count):
    rows = unit(noise_like((count + QUERIES, DIM), np.random.default_rng(1)))
    return rows[QUERIES:], rows[:QUERIES]


class Ours:
    def __init__(self, build, base, queries, folder):
        paths = [os.path.join(folder, name) for name in ("base", "queries")]
        for rows, path in zip((base, queries), paths):
            np.ascontiguousarray(rows, dtype=np.float32).tofile(path)
        self.process = subprocess.Popen([os.path.join(build, "bench/bench_index"), *paths, str(base.shape[1])],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, line):
        """Milliseconds, and what else it answered."""
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        words = self.process.stdout.readline().split()
        return float(words[0]), [int(float(w)) for w in words[1:]]

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def timed(index, rows):
    start = time.perf_counter()
    found = index.search(rows, K)[1]
    return (time.perf_counter() - start) * 1e3, found


def line(name, ours, peer):
    print("%s: ours %.3f ms, faiss %.3f ms, ratio %.2f" % (name, ours, peer, peer / ours), flush=True)


def recall(found, wanted):
    return sum(len(set(f) & set(w)) for f, w in zip(found, wanted)) / (K * len(wanted))


def judge(name, base, queries, args, folder):
    index = faiss.IndexFlatL2(base.shape[1])
    index.add(np.ascontiguousarray(base))
    ours = Ours(args.build, base, queries, folder)
    times, exact, floats = ([], [], []), [], []
    ours.ask("coarse 0")
    for q in range(args.runs):
        ms, found = ours.ask("flat %d" % q)
        peer_ms, wanted = timed(index, queries[q:q + 1])
        times[0].append(ms)
        times[1].append(peer_ms)
        coarse_ms, coarse = ours.ask("coarse %d" % q)
        times[2].append(coarse_ms)
        assert coarse == found, "two exact searches that differ"
        exact.append(found)
        floats.append(wanted[0].tolist())
    size = "%d x %d" % base.shape
    whole, peer, coarse = map(statistics.median, times)
    line("exact search, %s, %s" % (name, size), coarse, peer)
    line("exact search without halves, %s" % name, whole, peer)
    print("%s: bytes find %.4f of floats' ten nearest" % (name, recall(exact, floats)))
    built, (cells, size_bytes) = ours.ask("make 0")
    exact = [ours.ask("flat %d" % q)[1] for q in range(len(queries))]
    for probes in (0, cells // 250, cells // 125, cells // 32):
        answers = [ours.ask("inverted %d %d" % (q, probes)) for q in range(len(queries))]
        print("%s: inverted file of %d cells, %s: recall@10 %.4f, %.3f ms (made in %.1f s, %.0f MB)" %
              (name, cells, "default" if probes == 0 else "%d cells" % probes, recall([a[1] for a in answers], exact),
               statistics.median(a[0] for a in answers), built / 1e3, size_bytes / 1e6), flush=True)
    ours.close()


def hashes(args, folder, count, bits):
    ours = Ours(args.build, np.ones((2, 4)), np.ones((1, 4)), folder)
    rows = np.random.default_rng(1).integers(0, 256, (count, bits // 8), dtype=np.uint8)
    index = faiss.IndexBinaryFlat(bits)
    index.add(rows)
    peer = statistics.median(timed(index, rows[q * 1001 % count:q * 1001 % count + 1])[0] for q in range(9))
    line("nearest of %d hashes of %d bits" % (count, bits), ours.ask("hashes %d %d" % (count, bits))[0], peer)
    ours.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("build")
    parser.add_argument("vectors", nargs="?")
    parser.add_argument("--count", type=int, default=1000000)
    parser.add_argument("--runs", type=int, default=25)
    args = parser.parse_args()
    faiss.omp_set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        if args.vectors:
            judge("pictures", *pictures(args.vectors, args.count), args, folder)
        judge("mixture", *mixture(args.count), args, folder)
        judge("noise", *noise(args.count), args, folder)
        hashes(args, folder, 20 * args.count, 256)


main()
