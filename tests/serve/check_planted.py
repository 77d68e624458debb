#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check_planted.py PLANTED: the service with a decoder that was taken over by its picture, and opens files, connects, forks, runs programs,
traces, kills, maps code, allocates 4 GiB, writes without end, loops or sleeps: each is stopped, and the next request has its picture."""
import os
import sys
import time

from service import Service, check, png

PLANTED = os.path.abspath(sys.argv[1])
DEEDS = ("opens", "connects", "forks", "execs", "traces", "signals", "maps code", "allocates", "floods", "loops", "sleeps")
ALLOCATES = DEEDS.index("allocates")


def is_sanitized():
    with open(PLANTED, "rb") as f:
        data = f.read()
    return b"__asan_init" in data or b"__tsan_init" in data


def metric(s, name):
    return [int(line.split()[1]) for line in s.ask("GET", "/metrics")[2].decode().splitlines() if line.startswith(name + " ")][0]


def main():
    s = Service(PLANTED, "--limit", "cpu_s=1", "--workers", "1")
    stopped = 0
    try:
        check(s.upload("good", png(9, 9))[0] == 201, "a picture that does nothing")
        for number, deed in enumerate(DEEDS):
            if number == ALLOCATES and is_sanitized():
                continue  # no limit of memory is set there, since shadows are larger than any
            began = time.monotonic()
            status, _, answer = s.upload(f"deed-{number + 1}", png(20, 20 + number))
            check(status == 422 and answer["code"] == "decoder-stopped", f"{deed}: {status} {answer}")
            check(time.monotonic() - began < 30, f"{deed} was stopped late")
            stopped += 1
            check(s.upload("good", png(40, 20 + number))[0] == 201, f"the next request after one that {deed}")
            check(s.ask("GET", "/readyz")[0] == 200, "ready")
            check(metric(s, "likeness_sandbox_kills_total") == stopped, f"{deed} is counted")
        check(metric(s, "likeness_keepers_made_total") == 1, "none of that reached the keeper")
    finally:
        s.stop()
    print(f"{stopped} stopped")


main()
