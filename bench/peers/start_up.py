#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Start-up against its bar of 5 ms, and the refusal of the 69-byte picture that claims 30,000 x 30,000 against its bars of
10 ms and 1 MiB: whole processes, medians of interleaved runs.

Usage: start_up.py BUILD_FOLDER [RUNS]
"""
import os
import statistics
import struct
import subprocess
import sys
import tempfile
import time
import zlib


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def bomb():
    header = struct.pack(">IIBBBBB", 30000, 30000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 4)) + chunk(b"IEND", b"")


def run(*command):
    """Milliseconds and the largest resident set in KiB."""
    start = time.perf_counter()
    p = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, _, used = os.wait4(p.pid, 0)
    return (time.perf_counter() - start) * 1e3, used.ru_maxrss


def main():
    command, runs = os.path.abspath(os.path.join(sys.argv[1], "likeness")), int(sys.argv[2]) if len(sys.argv) > 2 else 101
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "bomb.png")
        with open(path, "wb") as f:
            f.write(bomb())
        jobs = {"version": [command, "version"], "bomb": [command, "info", path]}
        results = {name: [] for name in jobs}
        for _ in range(runs):
            for name in results:
                results[name].append(run(*jobs[name]))
    ms = {name: statistics.median(t for t, _ in r) for name, r in results.items()}
    kib = {name: statistics.median(m for _, m in r) for name, r in results.items()}
    for name, what, bar in (("version", "start-up (likeness version)", 5), ("bomb", "refusing a 900 MP claim", 10)):
        print(f"{what}: ours {ms[name]:.2f} ms, bar {bar:.2f} ms, ratio {bar / ms[name]:.2f}")
    print(f"refusing a 900 MP claim takes {kib['bomb'] - kib['version']:.0f} KiB more than start-up")


if __name__ == "__main__":
    main()
