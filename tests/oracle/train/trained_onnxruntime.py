#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A file that `likeness train` wrote runs in ONNX Runtime with the vectors that `likeness embed` gives, within 1e-4 of the longest.

Usage: trained_onnxruntime.py LIKENESS ROOT. Each kind learns for a few steps from pictures drawn here, so that the running statistics
of normalisations are no longer what they began as. Pictures asked about have the network's own size: what is compared are networks,
not ways to resize. Exit 77 where onnxruntime-node (`make peers`) or NumPy is missing. Written for ONNX Runtime 1.30."""
import json
import os
import shutil
import subprocess
import sys
import tempfile

try:
    import numpy as np
except ImportError as missing:
    print("skipped:", missing)
    sys.exit(77)

ASKED, TOLERANCE = 6, 1e-4
# Kind, preset, side, and what a level becomes: (level - mean) / scale.
CASES = [("triplet", "triplet-28", 28, 127.5, 127.5), ("contrastive", "compact", 32, 127.5, 127.5), ("autoencoder", "autoencoder", 32, 0, 255)]


def draw(rng, width, height):
    """Boxes of any colour over noise."""
    picture = rng.integers(0, 60, (height, width, 3))
    for _ in range(8):
        x, y = rng.integers(0, width - 4), rng.integers(0, height - 4)
        picture[y:y + rng.integers(4, height), x:x + rng.integers(4, width)] += rng.integers(0, 196, 3)
    return np.minimum(picture, 255).astype(np.uint8)


def write_ppm(path, picture):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(b"P6 %d %d 255\n" % (picture.shape[1], picture.shape[0]) + picture.tobytes())


class Runtime:
    """bench/peers/ort_run.mjs with one model."""

    def __init__(self, script, model):
        self.process = subprocess.Popen(["node", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.ask({"open": model, "threads": 1})

    def ask(self, command):
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def output(self, work, x):
        x.astype(np.float32).tofile(os.path.join(work, "x.raw"))
        dims = self.ask({"output": "embedding", "shape": list(x.shape), "from": os.path.join(work, "x.raw"), "to": os.path.join(work, "y.raw")})["dims"]
        return np.fromfile(os.path.join(work, "y.raw"), np.float32).reshape(dims)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def check(likeness, script, work, case):
    kind, preset, side, mean, scale = case
    rng = np.random.default_rng(3)
    pictures = [draw(rng, side, side) for _ in range(ASKED)]
    paths = [os.path.join(work, kind, "%d.ppm" % i) for i in range(ASKED)]
    for path, picture in zip(paths, pictures):
        write_ppm(path, picture)
    model, ours = os.path.join(work, kind + ".onnx"), os.path.join(work, kind + ".npy")
    subprocess.run([likeness, "train", kind, os.path.join(work, "learnt"), "--preset", preset, "--size", str(side), "--epochs", "4", "--batch",
                    "8", "--val", "0", "--out", model, "--quiet"], check=True, stdout=subprocess.DEVNULL)
    subprocess.run([likeness, "embed", *paths, "--model", model, "--out", ours, "--quiet"], check=True)
    ours = np.load(ours)
    x = (np.stack(pictures).transpose(0, 3, 1, 2) - mean) / scale
    runtime = Runtime(script, model)
    together = runtime.output(work, x)
    alone = np.concatenate([runtime.output(work, x[i:i + 1]) for i in range(ASKED)])
    runtime.close()
    assert together.shape == ours.shape, (together.shape, ours.shape)
    longest = np.linalg.norm(together, axis=1).max()
    spread = np.linalg.norm(ours - ours.mean(0), axis=1).min() / longest
    off = max(np.abs(ours - y).max() / longest for y in (together, alone))
    good = off <= TOLERANCE < 0.1 * spread
    print("%s, %s: %d vectors of %d numbers, off by %.1e; from their mean they are %.1e and more%s" %
          (kind, preset, ASKED, ours.shape[1], off, spread, "" if good else "  FAILED"))
    return good


def main():
    likeness, root = os.path.abspath(sys.argv[1]), sys.argv[2]
    peers = os.path.join(root, "bench/peers")
    if not shutil.which("node") or not os.path.isdir(os.path.join(peers, "node_modules/onnxruntime-node")):
        print("skipped: onnxruntime-node is not installed in bench/peers (make peers)")
        sys.exit(77)
    with tempfile.TemporaryDirectory() as work:
        rng = np.random.default_rng(2)
        for i in range(16):
            write_ppm(os.path.join(work, "learnt", "ab"[i % 2], "%d.ppm" % i), draw(rng, 72, 64))
        good = [check(likeness, os.path.join(peers, "ort_run.mjs"), work, case) for case in CASES]
    sys.exit(0 if all(good) else 1)


main()
