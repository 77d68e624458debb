#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check_holds.py LIKENESS: the processes of the service are killed in the middle of their work; requests get a clear answer, and the next
one its picture."""
import os
import sys
import threading
import time

from service import PATIENCE, Service, check, png

LIKENESS = os.path.abspath(sys.argv[1])
BIG = png(6000, 4000, b"".join([b"\0" + b"\x55" * 6000] * 4000))  # decoding it takes a while


def children(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
            return [int(c) for c in f.read().split()]
    except OSError:
        return []


def keepers(s):
    return [keeper for nursery in children(s.process.pid) for keeper in children(nursery)]


def decoders(s):
    return [decoder for keeper in keepers(s) for decoder in children(keeper)]


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as f:
            return f.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


def kill(pids):
    """Returns when they are gone."""
    for pid in pids:
        try:
            os.kill(pid, 9)
        except ProcessLookupError:
            pass
    until = time.monotonic() + PATIENCE
    while any(is_alive(pid) for pid in pids) and time.monotonic() < until:
        time.sleep(0.001)


def metric(s, name):
    return [int(line.split()[1]) for line in s.ask("GET", "/metrics")[2].decode().splitlines() if line.startswith(name + " ")][0]


def upload_and_kill(s, victims):
    """The answer to an upload, while which victims(s) were killed as soon as there was something to decode it."""
    answers = []
    upload = threading.Thread(target=lambda: answers.append(s.upload("big", BIG)))
    upload.start()
    until = time.monotonic() + 10
    while not decoders(s) and upload.is_alive() and time.monotonic() < until:
        pass
    kill(victims(s))
    upload.join(PATIENCE)
    check(len(answers) == 1, "an answer")
    check(s.upload("dot", png(7, 5))[0] in (200, 201), "the next request")
    check(s.ask("GET", "/readyz")[0] == 200, "ready")
    return answers[0]


def check_killed(s, victims, status, code):
    """Until it came often enough, since a picture may be done before its process is killed."""
    killed = 0
    for _ in range(40):
        answer = upload_and_kill(s, victims)
        check(answer[0] in (200, 201) or (answer[0] == status and answer[2]["code"] == code), f"{answer[0]} {answer[2]}")
        killed += answer[0] == status
        if killed >= 3:
            return killed
    sys.exit(f"FAILED: only {killed} were killed in the middle")


def check_decoders(s):
    killed = check_killed(s, decoders, 422, "decoder-stopped")
    check(metric(s, "likeness_sandbox_kills_total") == killed, f"{killed} kills are counted")


def check_keepers(s):
    check_killed(s, keepers, 503, "no-decoder")
    before = metric(s, "likeness_keepers_made_total")
    kill(keepers(s))  # idle ones are replaced before anybody notices
    check(s.ask("GET", "/readyz")[0] == 200, "ready without keepers")
    for name in range(4):
        check(s.upload(f"{name}", png(7, 5 + name))[0] in (200, 201), "after idle keepers were killed")
    check(metric(s, "likeness_keepers_made_total") > before, "keepers are made anew")


def check_nursery(s):
    """Nothing replaces it: the service says so, and ends as it should."""
    kill(children(s.process.pid))
    kill(keepers(s))
    until = time.monotonic() + PATIENCE
    while s.ask("GET", "/readyz")[0] == 200 and time.monotonic() < until:
        time.sleep(0.05)
    s.problem(503, "not-ready", "GET", "/readyz")
    check(s.ask("GET", "/livez")[0] == 200, "alive")


def main():
    s = Service(LIKENESS)
    try:
        check_decoders(s)
        check_keepers(s)
        check_nursery(s)
    finally:
        s.stop()
    print("ok")


main()
