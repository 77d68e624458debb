#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""store_moves.py LIKENESS: a store moves from SQLite to PostgreSQL and back, by copy and by backup, and is the same to the bit.

  there and back   folder -> database -> folder, and folder -> backup -> database -> backup -> folder: every row of every table, the definition
                   of every table, every picture, the exported log and references are the same bytes
  while written    backups taken while others add and check: each is whole, of one moment, and its log is a beginning of the later one
  nothing over     what is there stays as it is

Skips without a PostgreSQL."""
import filecmp
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import postgres_server  # noqa: E402

LIKENESS = os.path.abspath(sys.argv[1])
HERE = os.path.dirname(os.path.abspath(__file__))
SAMPLES = os.path.join(HERE, "..", "..", "samples")
failures = []


def expect(what, right, detail=""):
    print("  %s%s" % (what, "" if right else "  FAILED %s" % detail), flush=True)
    if not right:
        failures.append(what)


def run(*arguments, code=0):
    done = subprocess.run([LIKENESS] + list(arguments), capture_output=True, text=True, env=dict(os.environ, LIKENESS_ACTOR="ann"))
    if code is not None and done.returncode != code:
        failures.append(" ".join(arguments))
        print("  likeness %s: %d\n%s%s" % (" ".join(arguments), done.returncode, done.stdout, done.stderr), flush=True)
    return done.stdout


def dump(folder):
    """Every definition and every row."""
    with sqlite3.connect(os.path.join(folder, "likeness.db")) as db:
        return sorted(db.iterdump())


def files(folder):
    found = {}
    for at, _, names in os.walk(folder):
        found.update({os.path.relpath(os.path.join(at, name), folder): open(os.path.join(at, name), "rb").read() for name in names})
    return found


def pictures(folder):
    return files(os.path.join(folder, "blobs"))


def same_exports(one, two, work):
    out = []
    for i, where in enumerate((one, two)):
        folder = os.path.join(work, "export%d-%d" % (i, len(os.listdir(work))))
        run("ref", "export", "--db", where, "--out", folder)
        log = folder + ".jsonl"
        run("audit", "export", "--db", where, "-o", log)
        out.append((folder, log))
    return filecmp.cmp(out[0][1], out[1][1], False) and files(out[0][0]) == files(out[1][0])


def picture(path, seed):
    """A PPM that no other seed gives."""
    pixels = bytes((seed * 7919 + i * (31 + seed % 17)) % 256 for i in range(64 * 48 * 3))
    with open(path, "wb") as f:
        f.write(b"P6 64 48 255\n" + pixels)


def fill(store, work):
    for i in range(6):
        picture(os.path.join(work, "p%d.ppm" % i), i)
    run("ref", "add", "-q", "--db", store, *[os.path.join(work, "p%d.ppm" % i) for i in range(5)])
    run("ref", "add", "-q", "--db", store, "--id", "p0", "--tag", "Äpfel", "--tag", "b", "--ignore", "3,3,20,20", os.path.join(work, "p5.ppm"))
    run("ref", "add", "-q", "--db", store, "--id", "sample", os.path.join(SAMPLES, "original.png"))
    run("ref", "rm", "--db", store, "--yes", "p1")
    run("ref", "rm", "--db", store, "--yes", "--purge", "p2")
    run("verify", "-q", "--db", store, "--ref", "sample", os.path.join(SAMPLES, "photo.jpg"), code=None)
    run("camera", "add", "--db", store, "door", "--source", "dir:" + work, "--baseline", os.path.join(SAMPLES, "photo.jpg"))


def there_and_back(server, work):
    one, two, three = (os.path.join(work, n) for n in ("one", "two", "three"))
    fill(one, work)
    server.sql("CREATE DATABASE first; ")
    server.sql("CREATE DATABASE second")
    first, second = server.address("first"), server.address("second")
    run("db", "copy", one, first)
    run("db", "check", "--db", first)
    expect("the same exports and log from the database", same_exports(one, first, work))
    run("db", "copy", first, two)
    expect("every row and definition came back", dump(one) == dump(two))
    expect("every picture came back", pictures(one) == pictures(two) and len(pictures(one)) >= 5)
    run("db", "backup", "--db", one, os.path.join(work, "a.backup"))
    run("db", "restore", "--db", second + "&likeness_blobs=" + os.path.join(work, "shared"), os.path.join(work, "a.backup"))
    where = second + "&likeness_blobs=" + os.path.join(work, "shared")
    expect("pictures lie in the shared folder", pictures(os.path.join(work, "shared")) == pictures(one))
    run("db", "check", "--db", where)
    run("db", "backup", "--db", where, os.path.join(work, "b.backup"))
    run("db", "restore", "--db", three, os.path.join(work, "b.backup"))
    expect("every row and picture came back from backups", dump(one) == dump(three) and pictures(one) == pictures(three))
    before = server.sql("SELECT count(*) FROM audit", "first")
    run("db", "copy", one, first, code=2)
    run("db", "restore", "--db", first, os.path.join(work, "a.backup"), code=2)
    run("db", "copy", first, two, code=2)
    expect("nothing was written over", server.sql("SELECT count(*) FROM audit", "first") == before and dump(one) == dump(two))
    run("ref", "add", "-q", "--db", first, "--id", "later", os.path.join(work, "p1.ppm"))
    run("db", "check", "--db", first)
    run("db", "copy", first, os.path.join(work, "later"))
    run("db", "check", "--db", os.path.join(work, "later"))
    return one, first


def while_written(store, name, work):
    stop, heads = threading.Event(), []

    def write(which):
        for i in range(1000):
            if stop.is_set():
                return
            path = os.path.join(work, "w%d.ppm" % which)
            picture(path, 100 + which * 1000 + i)
            run("ref", "add", "-q", "--db", store, "--id", "w%d" % which, path)

    writers = [threading.Thread(target=write, args=(i,)) for i in range(2)]
    for w in writers:
        w.start()
    for i in range(4):
        file = os.path.join(work, "%s-%d.backup" % (name, i))
        said = run("db", "backup", "--db", store, file)
        heads.append(re.search(r"[0-9]+:[0-9a-f]{64}", said).group(0))
        back = os.path.join(work, "%s-%d" % (name, i))
        run("db", "restore", "--db", back, file)
        run("db", "check", "--db", back)
        heads.append(re.search(r"head ([0-9]+:[0-9a-f]{64})", run("audit", "verify", "--db", back)).group(1))
    stop.set()
    for w in writers:
        w.join()
    for head in heads:
        run("audit", "verify", "--db", store, "--head", head)
    expect("%s: %d entries more while backups were taken" % (name, int(heads[-1].split(":")[0]) - int(heads[1].split(":")[0])),
           int(heads[-1].split(":")[0]) > int(heads[1].split(":")[0]))


def main():
    with postgres_server.Server() as server, tempfile.TemporaryDirectory() as work:
        one, first = there_and_back(server, work)
        while_written(one, "folder", work)
        while_written(first, "database", work)
    print("failed: %s" % ", ".join(failures) if failures else "all is where it was")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
