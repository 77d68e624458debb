#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bench/verify_batch.py BUILD_FOLDER [PHOTOS [CORES]]: how much of cores x single `likeness verify --batch` reaches.

PHOTOS (24) simulated photos of 12 MP of the sample's original; single is their throughput with one thread, in one process. The runs
with one thread and with CORES (all) are interleaved; prints the medians of RUNS and the share as JSON. Cores that share their
hardware, or other work on the machine, make the share smaller."""
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
RUNS = 5


def run_s(command):
    start = time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode not in (0, 1, 3):
        sys.exit("%s: %s" % (" ".join(command), done.stderr))
    return time.perf_counter() - start


def main():
    program = os.path.join(sys.argv[1], "likeness")
    photos = int(sys.argv[2]) if len(sys.argv) > 2 else 24
    cores = int(sys.argv[3]) if len(sys.argv) > 3 else len(os.sched_getaffinity(0))
    original = os.path.join(ROOT, "samples/original.png")
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([program, "simulate", original, "--count", str(photos), "--size", "3000x4000", "--out", folder, "-q"],
                       stdout=subprocess.DEVNULL, check=True)
        command = [program, "verify", "--batch", folder, "--reference", original, "--csv", "-o", os.devnull, "-q"]
        times = {1: [], cores: []}
        for _ in range(RUNS):
            for threads, list_of in times.items():
                list_of.append(run_s([*command, "-j%d" % threads]))
    single, all_of_them = (photos / statistics.median(times[n]) for n in (1, cores))
    print(json.dumps({"photos": photos, "cores": cores, "single_per_s": round(single, 2), "batch_per_s": round(all_of_them, 2),
                      "share": round(all_of_them / (cores * single), 3)}))


main()
