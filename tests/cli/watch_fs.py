#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""watch_fs.py LIKENESS: `index --watch-fs` as a process of its own, beside which files come, change, move and go. Each change must be in the
index soon, found by a `search` meanwhile, and after Ctrl-C everything must be in one file that opens."""
import json
import os
import queue
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

LIKENESS = os.path.abspath(sys.argv[1])
PATIENCE_S = 60  # a machine that has much to do


def picture(seed):
    """Blocks of colours: their hashes lie far apart."""
    r = random.Random(seed)
    blocks = [[bytes(r.randrange(256) for _ in range(3)) for _ in range(8)] for _ in range(8)]
    return b"P6 64 64 255\n" + b"".join(blocks[y // 8][x // 8] for y in range(64) for x in range(64))


def put(path, data):
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "wb") as f:
        f.write(data)


class Watched:
    """The process, and what it printed last."""

    def __init__(self, *folders):
        self.process = subprocess.Popen(
            [LIKENESS, "index", *folders, "--watch-fs", "--index", "i.lki", "--model", "phash", "--json"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.runs, self.talk = queue.Queue(), []
        threading.Thread(target=self.read, daemon=True).start()
        threading.Thread(target=self.listen, daemon=True).start()
        self.sums = dict.fromkeys(("added", "changed", "removed", "decoded"), 0)

    def read(self):
        for line in self.process.stdout:
            self.runs.put(json.loads(line))

    def listen(self):
        for line in self.process.stderr:
            self.talk.append(line.decode())

    def until(self, what, true):
        """Runs until one is as it should be; several changes may come in one, or one in several."""
        self.sums = dict.fromkeys(self.sums, 0)
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            try:
                run = self.runs.get(timeout=0.2)
            except queue.Empty:
                assert self.process.poll() is None, "%s: it ended: %s" % (what, self.talk)
                continue
            for key in self.sums:
                self.sums[key] += run[key]
            if true(run):
                print("%s: %s" % (what, self.sums))
                return
        sys.exit("%s: not within %d s; %s %s" % (what, PATIENCE_S, self.sums, self.talk))

    def heard(self, words):
        end = time.monotonic() + PATIENCE_S
        while not any(words in line for line in self.talk):
            assert time.monotonic() < end, "nobody said %r: %s" % (words, self.talk)
            time.sleep(0.05)

    def stop(self, number=signal.SIGINT):
        self.process.send_signal(number)
        code = self.process.wait(timeout=PATIENCE_S)
        assert code == 128 + number, "ended with %d: %s" % (code, self.talk)
        left = [n for n in os.listdir(".") if n.startswith("i.lki") and n not in ("i.lki", "i.lki.find")]
        assert not left, left


def nearest(path):
    answer = subprocess.run([LIKENESS, "search", path, "--index", "i.lki", "--by", "hash", "-k", "1", "--json"],
                            stdout=subprocess.PIPE, check=False)
    assert answer.returncode == 0, answer
    hit = json.loads(answer.stdout)["hits"][0]
    return os.path.relpath(hit["path"], os.path.realpath(".")), hit["distance"]


def indexed():
    """What an ordinary run finds to be done."""
    run = json.loads(subprocess.run([LIKENESS, "index", "--update", "--index", "i.lki", "--model", "phash", "--json"],
                                    stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False).stdout)
    return run["files"], run["added"] + run["changed"] + run["removed"]


def changes(w):
    put("q.ppm", picture(3))
    put("d/c.ppm", picture(3))
    w.until("a file comes", lambda r: r["files"] == 4)
    assert nearest("q.ppm") == ("d/c.ppm", 0)

    os.rename("d/c.ppm", "d/named.ppm")
    w.until("it gets another name", lambda r: r["removed"] > 0 and r["files"] == 4)
    assert w.sums["added"] == 1 and w.sums["decoded"] == 0, w.sums
    assert nearest("q.ppm") == ("d/named.ppm", 0)

    put("q.ppm", picture(4))
    put("new.ppm", picture(4))
    os.replace("new.ppm", "d/named.ppm")
    w.until("another takes its place", lambda r: r["changed"] > 0)
    assert nearest("q.ppm") == ("d/named.ppm", 0)

    with open("d/slow.ppm", "wb") as f:
        data = picture(5)
        f.write(data[:2000])
        f.flush()
        time.sleep(1.5)
        f.write(data[2000:])
    w.until("one is written slowly", lambda r: r["files"] == 5 and not r["skipped"])
    put("q.ppm", data)
    assert nearest("q.ppm") == ("d/slow.ppm", 0)

    put("outside/x/y.ppm", picture(6))
    put("outside/z.ppm", picture(7))
    os.rename("outside", "d/inside")
    w.until("a folder is moved in", lambda r: r["files"] == 7)
    put("d/inside/x/late.ppm", picture(8))
    w.until("a file comes into it", lambda r: r["files"] == 8)
    os.makedirs("d/1/2/3")
    put("d/1/2/3/deep.ppm", picture(9))
    w.until("a file comes with its folders", lambda r: r["files"] == 9)
    put("d/1/2/3/more.ppm", picture(10))
    w.until("another beside it", lambda r: r["files"] == 10)
    os.rename("d/inside", "gone")
    w.until("a folder is moved out", lambda r: r["files"] == 7)
    assert w.sums["removed"] == 3, w.sums
    shutil.rmtree("d/1")
    w.until("a folder goes", lambda r: r["files"] == 5)
    os.unlink("d/slow.ppm")
    w.until("a file goes", lambda r: r["files"] == 4)
    put("d/text.jpg", b"no picture")
    w.until("what is no picture", lambda r: len(r["skipped"]) == 1)
    os.unlink("d/text.jpg")
    w.until("goes again", lambda r: not r["skipped"])

    os.rename("e", "f")
    w.heard("e: No such file or directory; its pictures stay")
    put("d/2.ppm", picture(11))
    w.until("a whole folder is away, and a file comes to the other", lambda r: r["files"] == 5)
    os.rename("f", "e")
    os.rename("d/2.ppm", "e/2.ppm")
    w.until("it is there again", lambda r: r["removed"] == 1)
    put("q.ppm", picture(11))
    end = time.monotonic() + PATIENCE_S
    while nearest("q.ppm") != ("e/2.ppm", 0):
        assert time.monotonic() < end


def main():
    for i in range(2):
        put("d/%d.ppm" % i, picture(i))
    put("e/other.ppm", picture(2))
    w = Watched("d", "e")
    w.until("the first run", lambda r: r["files"] == 3)
    w.heard("Ctrl-C ends it")
    changes(w)
    w.stop()
    assert indexed() == (5, 0), "after Ctrl-C all is in the index"

    w = Watched("d", "e")  # stopped at any moment after a change: the next run knows the rest
    w.until("started again", lambda r: r["files"] == 5 and r["unchanged"] == 5)
    w.heard("Ctrl-C ends it")
    for i in range(200):
        put("d/many/%d.ppm" % i, picture(100 + i))
    time.sleep(0.9)
    w.stop(signal.SIGTERM)
    put("q.ppm", picture(1))
    assert nearest("q.ppm") == ("d/1.ppm", 0)
    assert indexed()[0] == 205
    assert indexed() == (205, 0)

    for i in range(1, 8):  # and while it starts
        w = Watched("d", "e")
        time.sleep(0.02 * i)
        w.process.send_signal(signal.SIGINT)
        code = w.process.wait(timeout=PATIENCE_S)
        assert code in (130, -signal.SIGINT), code  # the latter before it had come to listen
    assert indexed() == (205, 0)


HERE = tempfile.mkdtemp(prefix="likeness-watch-fs-")
try:
    os.chdir(HERE)
    main()
finally:
    os.chdir("/")
    shutil.rmtree(HERE)
