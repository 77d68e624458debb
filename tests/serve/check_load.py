#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check_load.py LIKENESS: more is sent at once than memory is given to, fast, slowly and not to the end: whatever is acknowledged is there,
nothing but 429 and 503 refuses, memory stays bounded, and /livez answers all the while. bench/serve_load.py does more, and times it."""
import os
import socket
import sys
import threading
import time

from load import Pictures, Prober, Watcher, half_open, uploads
from service import PATIENCE, Service, check, png

LIKENESS = os.path.abspath(sys.argv[1])
BODY = 2 << 20
MIB = 1 << 20


def is_sanitized():
    with open(LIKENESS, "rb") as f:
        return b"__sanitizer" in f.read()


def check_answers(times, least):
    check(len(times) >= least and max(times) < PATIENCE / 2, f"/livez: {len(times)} answers, the slowest after {max(times):.1f} s")


def check_uploads(s):
    """80 pictures of 2 MB, where room is for some ten; each is taken whole, one after the other."""
    pictures = Pictures(BODY - 4096)
    prober, watcher = Prober(s.port), Watcher(s.process.pid)
    statuses, taken = uploads(s.port, pictures, 80, True)
    most = watcher.stop()
    check_answers(prober.stop(), 10)
    check(set(statuses) <= {200, 201, 429, 503} and len(taken) == 80, f"{statuses}, {len(taken)} taken")
    held = {i["id"] for i in s.ask("GET", "/api/v1/images")[2]["images"]}
    check(all(name in held and name == pictures.digest(i) for i, name in taken.items()), "what is acknowledged is there")
    check(is_sanitized() or most < 700 * MIB, f"memory: {most / MIB:.0f} MiB")


def begin_upload(s, size):
    """A picture of which only the beginning is sent."""
    c = socket.create_connection(("127.0.0.1", s.port), timeout=PATIENCE)
    c.sendall(b"POST /api/v1/images HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\nContent-Length: %d\r\n\r\n" % size)
    c.sendall(b"\x89PNG" * 64)
    return c


def check_stalled(s):
    """Clients that have reserved all room and send no more give way to those that do."""
    stalled = [begin_upload(s, BODY) for _ in range(25)]
    began = time.monotonic()
    statuses, taken = uploads(s.port, Pictures(BODY - 8192), 8, True)
    check(len(taken) == 8 and time.monotonic() - began < PATIENCE, f"beside stalled uploads: {statuses}")
    check(s.ask("GET", "/livez")[0] == 200, "livez")
    for c in stalled:
        c.close()


def hold_and_stall(s):
    """Sends almost all of a picture, so that memory is held, and waits."""
    c = begin_upload(s, BODY)
    try:
        c.sendall(b"\0" * (BODY - 8192))
    except OSError:
        pass
    return c


def check_held(s):
    """Memory that stalled uploads hold is taken from them when others wait."""
    held = []
    threads = [threading.Thread(target=lambda: held.append(hold_and_stall(s)), daemon=True) for _ in range(14)]
    for t in threads:
        t.start()
    time.sleep(0.5)
    statuses, taken = uploads(s.port, Pictures(BODY - 12288), 8, True)
    check(len(taken) == 8 and set(statuses) <= {200, 201, 429, 503}, f"beside uploads that hold memory: {statuses}")
    for t in threads:
        t.join(PATIENCE)
    for c in held:
        c.close()


def check_half_open(s):
    """More of them than connections are kept: the oldest go, and whoever asks is answered."""
    slow = half_open(s.port, 1900)
    check(s.ask("GET", "/livez")[0] == 200, "livez beside connections whose head never ends")
    check(s.upload("dot", png(7, 5))[0] in (200, 201), "an upload beside them")
    slow[0].settimeout(PATIENCE)
    check(slow[0].recv(100) == b"", "the oldest is shut")
    for c in slow:
        c.close()


def main():
    s = Service(LIKENESS, "--max-body", str(BODY), "--keep", "200Mi")
    try:
        check_uploads(s)
        check_stalled(s)
        check_held(s)
        check_half_open(s)
        check(s.ask("GET", "/readyz")[0] == 200, "ready after all that")
    finally:
        s.stop()
    print("ok")


main()
