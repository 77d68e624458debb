#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What load does to the service: serve_load.py LIKENESS [uploads|slow|FILE.jpg]...

uploads: 200 clients at once with 5 MB each, PNG of noise. FILE.jpg: the same with copies of that photo. slow: 1,000 connections whose head never ends. With both, how long /livez takes, on a new
connection each time from a process of its own. Clients and service share the machine."""
import os
import statistics
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tests/serve"))

from load import Pictures, Prober, Watcher, half_open, memory, percentile, uploads
from service import Service

CLIENTS, SIZE, SLOW = 200, 5_000_000, 1000
MIB = 1 << 20


def tell(name, times):
    print(f"{name}: n {len(times)}, median {1e3 * percentile(times, 0.5):.1f} ms, p99 {1e3 * percentile(times, 0.99):.1f} ms, "
          f"most {1e3 * max(times):.1f} ms")


def quiet(s, seconds=3):
    prober = Prober(s.port)
    time.sleep(seconds)
    times = prober.stop()
    tell("/livez, nothing else to do", times)
    return times


def run_uploads(s, photo=None):
    pictures = Pictures(SIZE, photo)
    for until_taken in (False, True):
        print(f"-- {CLIENTS} uploads of {pictures.size(0) / 1e6:.1f} MB at once, " + ("each again until it is taken" if until_taken else "once each"))
        watcher, prober, began = Watcher(s.process.pid), Prober(s.port), time.monotonic()
        statuses, taken = uploads(s.port, pictures, CLIENTS, until_taken)
        took = time.monotonic() - began
        times, most = prober.stop(), watcher.stop()
        tell("/livez meanwhile", times)
        print(f"answers: {statuses}, {took:.1f} s, memory at most {most / MIB:.0f} MiB, then {memory(s.process.pid) / MIB:.0f} MiB")
        held = {i["id"] for i in s.ask("GET", "/api/v1/images")[2]["images"]}
        lost = [i for i, name in taken.items() if name not in held or name != pictures.digest(i)]
        print(f"acknowledged {len(taken)}, lost {len(lost)}")


def run_slow(s):
    """In turns with nothing else, since the machine has a noise of its own."""
    ratios = []
    for _ in range(5):
        alone = quiet(s)
        connections = half_open(s.port, SLOW)
        prober = Prober(s.port)
        time.sleep(3)
        times = prober.stop()
        tell(f"/livez beside {SLOW} connections whose head never ends", times)
        ratios.append(percentile(times, 0.99) / percentile(alone, 0.99))
        for c in connections:
            c.close()
        time.sleep(0.5)
    print(f"p99 {statistics.median(ratios):.2f} times that of an idle service (median of {len(ratios)}), memory {memory(s.process.pid) / MIB:.0f} MiB")


RUNS = {"uploads": run_uploads, "slow": run_slow}


def main():
    likeness, wanted = sys.argv[1], sys.argv[2:] or list(RUNS)
    for name in wanted:
        s = Service(likeness, "--keep", "1200Mi")
        try:
            quiet(s)
            RUNS[name](s) if name in RUNS else run_uploads(s, name)
        finally:
            s.stop()


main()
