# SPDX-License-Identifier: Apache-2.0
"""Load on a running service, and what it does to it: many uploads at once, slow clients, memory, and how long /livez takes meanwhile."""
import hashlib
import http.client
import json
import multiprocessing
import os
import random
import resource
import socket
import struct
import threading
import time
import zlib

from service import PATIENCE, chunk

LIVEZ_EVERY_S = 0.01


class Pictures:
    """Distinct pictures of one size, PNG of noise or copies of one JPEG, that share their bytes but for a text in each."""

    def __init__(self, size, jpeg=None):
        self.text, self.type = (lambda text: chunk(b"tEXt", b"number\0" + text)), "image/png"
        if jpeg:
            with open(jpeg, "rb") as f:
                self.head, self.tail = f.read(2), f.read()
            self.text, self.type = (lambda text: b"\xff\xfe" + struct.pack(">H", 2 + len(text)) + text), "image/jpeg"
            return
        width = 1280
        height = max(1, size // (3 * width))
        row = random.Random(1).randbytes(3 * width)
        rows = b"".join(b"\0" + row[y % 997:] + row[:y % 997] for y in range(height))
        head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
        self.head = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head)
        self.tail = chunk(b"IDAT", zlib.compress(rows, 0)) + chunk(b"IEND", b"")

    def parts(self, i):
        return self.head + self.text(b"%d" % i), self.tail

    def size(self, i):
        return sum(len(p) for p in self.parts(i))

    def digest(self, i):
        return hashlib.sha256(b"".join(self.parts(i))).hexdigest()


def upload(port, pictures, i):
    """Status and id."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.putrequest("POST", f"/api/v1/images?name={i}")
        connection.putheader("Content-Type", pictures.type)
        connection.putheader("Content-Length", str(pictures.size(i)))
        connection.endheaders()
        for part in pictures.parts(i):
            connection.send(part)
        answer = connection.getresponse()
        data = json.loads(answer.read())
        return answer.status, data.get("id"), int(answer.headers.get("Retry-After", 0))
    finally:
        connection.close()


def uploads(port, pictures, count, until_taken):
    """count clients at once, each with a picture of its own, and again after 429 or 503 if until_taken. The statuses that came with
    how often, and ids of what was acknowledged by number of the picture."""
    statuses, taken, lock = {}, {}, threading.Lock()
    start = threading.Barrier(count)

    def client(i):
        start.wait()
        status = 503
        while status in (429, 503):
            try:
                status, name, wait = upload(port, pictures, i)
            except (OSError, http.client.HTTPException, ValueError) as e:
                status, name, wait = f"{type(e).__name__} {e}", None, 0
            with lock:
                statuses[status] = statuses.get(status, 0) + 1
                if status in (200, 201):
                    taken[i] = name
            if not until_taken:
                return
            if status in (429, 503):
                time.sleep(wait + random.random())

    threads = [threading.Thread(target=client, args=(i,)) for i in range(count)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return statuses, taken


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(share * len(values)))] if values else float("nan")


def _probe(port, path, times, ends):
    while not ends.is_set():
        began = time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        try:
            connection.request("GET", path)
            good = connection.getresponse().read() and True
        except OSError:
            good = False
        connection.close()
        took = time.monotonic() - began
        times.put(took if good else float("inf"))
        time.sleep(max(0.0, LIVEZ_EVERY_S - took))
    times.put(None)


class Prober:
    """Asks for /livez from a process of its own, on a new connection each time; the seconds that each took."""

    def __init__(self, port, path="/livez"):
        context = multiprocessing.get_context("fork")
        self.times, self.ends = context.SimpleQueue(), context.Event()
        self.process = context.Process(target=_probe, args=(port, path, self.times, self.ends), daemon=True)
        self.taken = []
        self.reader = threading.Thread(target=self._read)
        self.process.start()
        self.reader.start()

    def _read(self):
        for value in iter(self.times.get, None):
            self.taken.append(value)

    def stop(self):
        self.ends.set()
        self.reader.join()
        self.process.join()
        return self.taken


def tree(pid):
    found, new = [], [pid]
    while new:
        found += new
        new = [c for p in new for c in _children(p)]
    return found


def _children(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
            return [int(c) for c in f.read().split()]
    except OSError:
        return []


def memory(pid):
    """Bytes of all processes of the service: what is theirs alone or their share of what is common, and files in memory. A file that
    one of them has mapped counts twice."""
    resident, files = 0, {}
    for p in tree(pid):
        try:
            with open(f"/proc/{p}/smaps_rollup", encoding="ascii") as f:
                resident += sum(int(line.split()[1]) << 10 for line in f if line.startswith("Pss:"))
            for name in os.listdir(f"/proc/{p}/fd"):
                path = f"/proc/{p}/fd/{name}"
                if os.readlink(path).startswith("/memfd:"):
                    status = os.stat(path)
                    files[status.st_ino] = status.st_blocks * 512
        except OSError:
            pass  # it ended meanwhile
    return resident + sum(files.values())


class Watcher:
    """The most memory that the service held while this was watching."""

    def __init__(self, pid):
        self.pid, self.most, self.ends = pid, 0, threading.Event()
        self.thread = threading.Thread(target=self._watch)
        self.thread.start()

    def _watch(self):
        while not self.ends.wait(0.2):
            self.most = max(self.most, memory(self.pid))

    def stop(self):
        self.ends.set()
        self.thread.join()
        return self.most


def half_open(port, count):
    """Connections whose head never ends; as many as there may be files, where those are fewer."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    connections = []
    count = min(count, most - 100)
    for _ in range(count):
        c = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        c.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\nX: ")
        connections.append(c)
    return connections
