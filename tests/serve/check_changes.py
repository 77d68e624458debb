#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check_changes.py LIKENESS SAMPLES: two services on one PostgreSQL; what the one changes, the other knows at once: references that are added,
changed and retired, jobs, news. Also when the server was restarted meanwhile, and, later, where it tells nothing. Skips without a PostgreSQL."""
import os
import statistics
import sys
import tempfile
import threading
import time

from service import PATIENCE, Listener, Service, check, noise

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "store"))
import postgres_server  # noqa: E402

LIKENESS, SAMPLES = [os.path.abspath(a) for a in sys.argv[1:3]]
REFERENCES, JOBS = "/api/v1/references", "/api/v1/jobs"
AT_ONCE_S = 1
TRAINING = {"kind": "contrastive", "labels": "none", "size": 32, "batch": 8, "validation": 0.2, "epochs": 10000}


def sample(name):
    with open(os.path.join(SAMPLES, name), "rb") as f:
        return f.read()


class Node(Service):
    def __init__(self, address, *options):
        self.folder = tempfile.TemporaryDirectory()
        self.store, self.problems = address, ""
        self.command = [LIKENESS, "serve", "--listen", "127.0.0.1:0", "--db", address, "--workers", "2", "--work", self.folder.name, *options]
        self.start()
        self.upload("photo.jpg", sample("photo.jpg"), "image/jpeg")
        self.upload("original.png", sample("original.png"))
        for seed in range(3):
            self.upload(f"noise-{seed}.png", noise(seed, 320, 240))

    def hears(self):
        return b"likeness_store_heard 1\n" in self.ask("GET", "/metrics")[2]

    def identify(self):
        """Which reference the photo shows."""
        status, _, answer = self.ask("POST", "/api/v1/verify", {"photo": "photo.jpg"})
        check(status == 200, f"identify: {status} {answer}")
        return answer.get("reference", {}).get("id", "")


def until(what, holds, within=PATIENCE):
    """Seconds from now to the beginning of the look at which it holds."""
    since = time.monotonic()
    while True:
        began = time.monotonic()
        if holds():
            return began - since
        check(began - since < within, f"never: {what}")
        time.sleep(0.01)


def shows(node, reference):
    """Whether both benches of the node know."""
    return all(node.identify() == reference for _ in range(2))


def change(node, method, path, body=None, expected=200, **headers):
    status, fields, answer = node.ask(method, path, body, **headers)
    check(status == expected, f"{method} {path}: {status} {answer}")
    return fields.get("ETag")


def check_references(one, other, name):
    """Seconds after which the other node knew of each change."""
    waits = []
    etag = change(one, "POST", REFERENCES, {"id": name, "image": "original.png"}, 201)
    waits.append(until(f"{name} is found", lambda: shows(other, name)))
    etag = change(one, "PATCH", f"{REFERENCES}/{name}", {"image": "noise-1.png"}, 201, If_Match=etag)
    waits.append(until(f"{name} is another picture", lambda: shows(other, "")))
    etag = change(one, "PATCH", f"{REFERENCES}/{name}", {"image": "original.png"}, 201, If_Match=etag)
    waits.append(until(f"{name} is found again", lambda: shows(other, name)))
    change(one, "DELETE", f"{REFERENCES}/{name}", None, 200, If_Match=etag)
    waits.append(until(f"{name} is retired", lambda: shows(other, "")))
    return waits


def state_of(node, job):
    return node.ask("GET", f"{JOBS}/{job}")[2]["state"]


def begin(node, what, collection, **settings):
    status, _, job = node.ask("POST", f"/api/v1/{what}", {"collection": collection, **settings})
    check(status == 202, f"{what}: {status} {job}")
    return job["id"]


def check_jobs(server, nodes):
    """The node whose only desk works takes no other job: the one that waits does, at once."""
    waits, takers = [], set()
    for _ in range(3):
        long = begin(nodes[0], "trainings", "one", **TRAINING)
        until("a node takes the long job", lambda: state_of(nodes[0], long) == "running")
        holder = server.sql(f"SELECT node FROM job WHERE id = {long}").split(".")
        busy = [n for n in nodes if str(n.process.pid) in holder]
        check(len(busy) == 1, f"{holder} is none of them")
        time.sleep(0.3)  # the other has looked in vain
        short = begin(busy[0], "indexes", "two")
        waits.append(until("it is taken", lambda: state_of(nodes[0], short) != "queued"))
        taker = server.sql(f"SELECT node FROM job WHERE id = {short}").split(".")
        takers.add(str(busy[0].process.pid) in taker)
        until("it is done", lambda: state_of(nodes[0], short) == "done")
        change(nodes[0], "DELETE", f"{JOBS}/{long}", None, 202)
        until("the long job ends", lambda: state_of(nodes[0], long) == "cancelled")
    check(takers == {False}, "the node that was busy took it")
    return waits


def check_news(nodes):
    """Seconds from an order at the one node to the news of it at the other."""
    heard, waits = {}, []
    listener = Listener(nodes[1].port, "/api/v1/events")

    def listen():
        for _, kind, document in listener.events():
            if kind == "job.state" and document["state"] == "queued":
                heard[document["job"]] = time.monotonic()
    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    for _ in range(12):
        job = begin(nodes[0], "indexes", "two")
        began = time.monotonic()
        until("it is heard", lambda: job in heard)
        waits.append(max(heard[job] - began, 0))
        time.sleep(0.13)
    return waits


def check_at_once(what, waits):
    print(f"{what}: {statistics.median(waits) * 1000:.0f} ms in the middle, {max(waits) * 1000:.0f} ms at most, of {len(waits)}")
    check(max(waits) < AT_ONCE_S, f"{what} after {waits} s")


def check_restart(server, nodes):
    """While the server is away nothing is heard; then it is, and nothing was missed."""
    server.stop()
    until("they know that they hear nothing", lambda: not any(n.hears() for n in nodes))
    server.start()
    for n in nodes:
        until("it hears again", n.hears)
    check_at_once("references after a restart of the server", check_references(nodes[1], nodes[0], "again"))
    server.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'")
    for n in nodes:
        until("it hears again", n.hears)
    check_at_once("references after lost connections", check_references(nodes[0], nodes[1], "anew"))


def check_without(server, nodes):
    """Triggers that tell nothing: jobs and news are looked for, as in a store that never told any."""
    for table in ("state", "job", "news"):
        server.sql(f"ALTER TABLE {table} DISABLE TRIGGER {table}_told")
    waits = check_news(nodes)
    print(f"news that are only looked for: {statistics.median(waits) * 1000:.0f} ms in the middle, {max(waits) * 1000:.0f} ms at most")
    check(max(waits) < 5, f"news after {waits} s")


def check_all(server, nodes):
    for n in nodes:
        until("it hears", n.hears)
    change(nodes[0], "POST", REFERENCES, {"id": "other", "image": "noise-0.png"}, 201)
    check(shows(nodes[0], "") and shows(nodes[1], ""), "the photo shows nothing that is there")
    check_at_once("references", check_references(nodes[0], nodes[1], "pack"))
    check_at_once("jobs", check_jobs(server, nodes))
    check_at_once("news", check_news(nodes))
    check_restart(server, nodes)
    check_without(server, nodes)
    for n in nodes:
        n.stop()


def main():
    with postgres_server.Server() as server, tempfile.TemporaryDirectory() as work:
        folders = []
        for name in ("one", "two"):
            folder = os.path.join(work, name)
            os.mkdir(folder)
            folders += ["--collection", f"{name}={folder}"]
            for i in range(12 if name == "one" else 2):
                with open(os.path.join(folder, f"{i}.png"), "wb") as f:
                    f.write(noise(i))
        nodes = [Node(server.address(), *folders) for _ in range(2)]
        try:
            check_all(server, nodes)
        finally:
            for n in nodes:
                n.process.kill()
        print("what one node changes the other knows at once")


main()
