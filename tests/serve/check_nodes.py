#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check_nodes.py LIKENESS [KILLS]: two services on one PostgreSQL. Clients ask for verdicts, each under a key of its own, of whichever node
answers, and ask again, under the same key, until one does; what a killed node was answering is put aside until its lease has run out. Each node is killed with SIGKILL at random moments KILLS times. In the end
every verdict that was acknowledged is in the log exactly once, both nodes say the same of it, and the chain is sound. Skips without a
PostgreSQL."""
import http.client
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time

from service import PATIENCE, Service, check, png

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "store"))
import postgres_server  # noqa: E402

LIKENESS = os.path.abspath(sys.argv[1])
KILLS = int(sys.argv[2]) if len(sys.argv) > 2 else 10
CLIENTS = 4


class Node(Service):
    """A service that is killed and comes back, while clients ask it."""

    def __init__(self, address):
        self.folder = tempfile.TemporaryDirectory()
        self.store, self.kills = address, 0
        self.command = [LIKENESS, "serve", "--listen", "127.0.0.1:0", "--db", address, "--workers", "2"]
        self.come_up()

    def come_up(self):
        self.start()
        check(self.upload("small.png", png(160, 120))[0] in (200, 201), "upload")

    def kill_and_come_back(self):
        self.kill()
        self.kills += 1
        time.sleep(random.uniform(0, 0.3))
        self.come_up()


class Client(threading.Thread):
    def __init__(self, number, nodes, stop):
        super().__init__()
        self.number, self.nodes, self.stop = number, nodes, stop
        self.asked, self.acknowledged, self.again, self.wrong, self.held = set(), {}, 0, [], []

    def ask_once(self, name):
        """Whether that is settled: it was acknowledged, or is held by a node that may be gone."""
        node = random.choice(self.nodes)
        try:
            status, _, answer = node.ask("POST", "/api/v1/verify", {"photo": "small.png", "reference": "pack", "note": name, "report": True},
                                         Idempotency_Key=f'"{name}"')
        except (OSError, http.client.HTTPException, ValueError):
            return False  # killed
        if status == 200:
            self.acknowledged[name] = answer["log_entry"]
        elif status == 409:
            self.held.append(name)
        elif status not in (404, 422, 503) or answer.get("code") == "idempotency-mismatch":  # a picture that a node that just came up has not got as yet; busy
            self.wrong.append(f"{name}: {status} {answer}")
        return status in (200, 409)

    def ask_until(self, name, settled):
        while not settled(name) and not self.wrong:
            self.again += 1
            time.sleep(0.05)

    def ask_held(self):
        """Those that were put aside: to their end."""
        until = time.monotonic() + PATIENCE + 60
        for name in list(self.held):
            self.ask_until(name, lambda n: (self.ask_once(n) and n in self.acknowledged) or time.monotonic() > until)
            if name not in self.acknowledged:
                self.wrong.append(f"{name} was never answered")

    def run(self):
        count = 0
        while not self.stop.is_set() and not self.wrong:
            name = f"n-{self.number}-{count}"
            count += 1
            self.asked.add(name)
            self.ask_until(name, self.ask_once)
        self.ask_held()


def by_command(address, *arguments):
    run = subprocess.run([LIKENESS, *arguments, "--db", address, "--json"], capture_output=True, check=False)
    check(run.returncode == 0, f"{arguments}: {run.returncode} {run.stderr.decode()}")
    return json.loads(run.stdout)


def check_log(address, clients):
    found = {}
    for e in by_command(address, "audit", "list", "--last", "0")["entries"]:
        if e["kind"].startswith("verify"):
            found.setdefault(json.loads(e["payload"]).get("note"), []).append(e["seq"])
    for c in clients:
        for name, entry in c.acknowledged.items():
            check(found.get(name) == [entry], f"acknowledged {name} as entry {entry} is in the log as {found.get(name)}")
        for name in c.asked:
            check(len(found.get(name, [])) <= 1, f"{name} is in the log as {found.get(name)}")
    by_command(address, "audit", "verify")
    check(by_command(address, "db", "check")["sound"], "the store is damaged")


def check_reports(nodes, clients):
    """Each node has the report of each verdict, whichever made it: the same bytes."""
    for c in clients:
        for entry in c.acknowledged.values():
            pages = [n.ask("GET", f"/api/v1/verifications/{entry}/report.html") for n in nodes]
            check(all(status == 200 for status, _, _ in pages) and pages[0][2] == pages[1][2] and pages[0][2].endswith(b"</html>\n"),
                  f"the report of entry {entry}: {[status for status, _, _ in pages]}")


def main():
    with postgres_server.Server(durable=True) as server:
        address = server.address()
        nodes = [Node(address), Node(address)]
        check(nodes[0].upload("pack.png", png(200, 150))[0] in (200, 201), "pack")
        check(nodes[0].ask("POST", "/api/v1/references", {"id": "pack", "image": "pack.png"})[0] == 201, "pack")
        stop = threading.Event()
        clients = [Client(i, nodes, stop) for i in range(CLIENTS)]
        for c in clients:
            c.start()
        try:
            while min(n.kills for n in nodes) < KILLS:
                time.sleep(random.uniform(0.1, 0.8))
                random.choice([n for n in nodes if n.kills < KILLS]).kill_and_come_back()
            time.sleep(0.5)
        finally:
            stop.set()
        for c in clients:
            c.join(3 * PATIENCE)
            check(not c.is_alive(), "a client waits for a service that is gone")
            check(not c.wrong, f"{c.wrong}")
        check_log(address, clients)
        check_reports(nodes, clients)
        for n in nodes:
            n.stop()
        total, again = sum(len(c.acknowledged) for c in clients), sum(c.again for c in clients)
        check(total >= KILLS, f"only {total} verdicts")
        print(f"two nodes, each killed {KILLS} times: {total} verdicts acknowledged, each there once; {again} were asked for again")


main()
