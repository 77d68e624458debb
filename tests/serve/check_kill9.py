#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check_kill9.py LIKENESS [KILLS]: the service is killed with SIGKILL at random moments while clients add references and verify.
After each, everything that was acknowledged is in the store exactly once, what was not is there whole or not at all, and the log's chain
is sound."""
import http.client
import json
import os
import random
import subprocess
import sys
import threading
import time

from service import PATIENCE, Service, check, png

LIKENESS = os.path.abspath(sys.argv[1])
KILLS = int(sys.argv[2]) if len(sys.argv) > 2 else 20
CLIENTS = 3


class Writer:
    """Writes, one after the other, until the service is gone."""

    def __init__(self, number):
        self.number, self.count = number, 0
        self.reports = {}  # entry: the log's hash, which the report names
        self.asked, self.acknowledged = {"ref": set(), "verify": set()}, {"ref": set(), "verify": set()}

    def write(self, s):
        kind = random.choice(("ref", "verify"))
        name = f"{kind}-{self.number}-{self.count}"
        self.count += 1
        self.asked[kind].add(name)
        if kind == "ref":
            status, _, answer = s.ask("POST", "/api/v1/references", {"id": name, "image": "small.png"})
        else:
            status, _, answer = s.ask("POST", "/api/v1/verify", {"photo": "small.png", "reference": "pack", "note": name, "report": True},
                                      Idempotency_Key=f'"{name}"')
            if status == 200:
                self.reports[answer["log_entry"]] = answer["log_hash"]
        check(status in (200, 201, 503), f"{kind}: {status} {answer}")
        if status != 503:
            self.acknowledged[kind].add(name)

    def run(self, s):
        try:
            while True:
                self.write(s)
        except (OSError, http.client.HTTPException, ValueError):
            pass  # killed


def by_command(s, *arguments):
    run = subprocess.run([LIKENESS, *arguments, "--db", s.store, "--json"], capture_output=True, check=False)
    check(run.returncode == 0, f"{arguments}: {run.returncode} {run.stderr.decode()}")
    return json.loads(run.stdout)


def times(names):
    counts = {}
    for name in names:
        counts[name] = counts.get(name, 0) + 1
    return counts


def check_store(s, writers):
    entries = by_command(s, "audit", "list", "--last", "0")["entries"]
    notes = times(json.loads(e["payload"]).get("note") for e in entries if e["kind"].startswith("verify"))
    added = times(e["subject"] for e in entries if e["kind"] == "ref.add")
    versions = {r["id"]: r["version"] for r in by_command(s, "ref", "list")["references"]}
    for w in writers:
        for kind, there in (("ref", added), ("verify", notes)):
            for name in w.acknowledged[kind]:
                check(there.get(name) == 1, f"acknowledged {name} is in the log {there.get(name, 0)} times")
            for name in w.asked[kind]:
                check(there.get(name, 0) <= 1, f"{name} is in the log {there.get(name)} times")
        for name in w.asked["ref"]:
            check(added.get(name, 0) == (1 if name in versions else 0) and versions.get(name, 1) == 1, f"{name}: log and store differ")
    check(subprocess.run([LIKENESS, "audit", "verify", "--db", s.store, "--quiet"], stdout=subprocess.DEVNULL, check=False).returncode == 0, "the chain of the log")


def begin(s):
    check(s.upload("small.png", png(160, 120))[0] in (200, 201), "upload")


def check_reports(s, writers):
    """What was made beside each verdict that was acknowledged is there, with the entry of the log in it."""
    for w in writers:
        for entry, log_hash in w.reports.items():
            status, _, page = s.ask("GET", f"/api/v1/verifications/{entry}/report.html")
            check(status == 200 and log_hash.encode() in page and page.endswith(b"</html>\n"), f"the report of entry {entry}: {status}")
    check(by_command(s, "db", "check")["sound"], "the store is damaged")


def check_pictures(s, writers):
    """What is stored can be read."""
    check_reports(s, writers)
    for w in writers:
        for name in sorted(w.acknowledged["ref"])[:5]:
            status, _, v = s.ask("POST", "/api/v1/verify", {"photo": "small.png", "reference": name}, Idempotency_Key=f'"last-{name}"')
            check(status == 200 and v["inputs"][0]["width"] == 160, f"{name}: {status} {v}")


def await_write(writers):
    """A service that is slow, under a sanitizer, is given time for one of each kind."""
    until = time.monotonic() + PATIENCE
    while not all(any(w.acknowledged[kind] for w in writers) for kind in ("ref", "verify")) and time.monotonic() < until:
        time.sleep(0.05)


def main():
    s = Service(LIKENESS)
    writers = [Writer(i) for i in range(CLIENTS)]
    slowest = 0.0
    begin(s)
    check(s.upload("pack.png", png(200, 150))[0] in (200, 201) and s.ask("POST", "/api/v1/references", {"id": "pack", "image": "pack.png"})[0] == 201, "pack")
    for _ in range(KILLS):
        threads = [threading.Thread(target=w.run, args=(s,)) for w in writers]
        for t in threads:
            t.start()
        time.sleep(random.uniform(0.1, 1.2))
        await_write(writers)
        s.kill()
        for t in threads:
            t.join(PATIENCE)
            check(not t.is_alive(), "a client waits for a service that is gone")
        began = time.monotonic()
        s.start()
        slowest = max(slowest, time.monotonic() - began)
        check_store(s, writers)
        begin(s)
    check_pictures(s, writers)
    s.stop()
    counts = {kind: sum(len(w.acknowledged[kind]) for w in writers) for kind in ("ref", "verify")}
    check(min(counts.values()) > 0, f"{counts}")
    print(f"{KILLS} kills, acknowledged {counts['ref']} references and {counts['verify']} verdicts, each there once, the verdicts with their reports; up again within {slowest:.2f} s")


main()
