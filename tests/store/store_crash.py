#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""store_crash.py LIKENESS STORE_WRITER STORE_INSPECT: nothing that was acknowledged is lost.

  killed   two writers at a time add to one store and are killed with SIGKILL at random moments, again and again, until WRITES writes were
           acknowledged: after each kill every acknowledged version is there, whole, and the store is sound
  together four writers add at once, to references and to the log; none fails, none is lost
  full     a disk of 1 MB (a tmpfs in a mount namespace of its own; skipped where that is not permitted) fills up: a clear error, nothing half
           done; with space again it goes on
  still    a disk that cannot be written to is read all the same, and says so when it should be written to
  flipped  a bit of the database turned anywhere is found, or changes nothing that can be read
  short    the same by a limit on the size of files
  log      what Python makes of the exported log and of the database is what likeness says

A kill does not need the disk: the system keeps what was written. Where there is /dev/shm, it is used, so that syncing is free."""
import os
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

LIKENESS, WRITER, INSPECT = (os.path.abspath(p) for p in sys.argv[1:4])
HERE = os.path.dirname(os.path.abspath(__file__))
WRITES, FLIPS = int(os.environ.get("STORE_WRITES", "10000")), int(os.environ.get("STORE_FLIPS", "120"))
ROUNDS = 2000  # of kills, at most: a slow machine writes little before each
failures = []


def expect(what, right, detail=""):
    print("  %s%s" % (what, "" if right else "  FAILED %s" % (detail,)), flush=True)
    if not right:
        failures.append(what)


def inspect(store, *more):
    """{"ID@VERSION": sha256} of what is there, with every picture, record and entry checked."""
    done = subprocess.run([INSPECT, store, *more], capture_output=True, text=True, check=False, timeout=120)
    there = dict(line.split() for line in done.stdout.splitlines() if "@" in line)
    return done.returncode, there, done.stdout.splitlines()[-1:], done.stderr


class Writer:
    """A store_writer whose acknowledgements are read as they come."""

    def __init__(self, kind, store, prefix, count):
        self.process = subprocess.Popen([WRITER, kind, store, prefix, str(count)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.lines = []
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            if line.endswith(b"\n"):  # a line that was cut off was not said
                self.lines.append(line.decode().strip())

    def end(self):
        code = self.process.wait(timeout=120)
        self.reader.join()
        return code, self.process.stderr.read().decode()

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        return self.end()


def killed(work):
    store, r = os.path.join(work, "killed"), random.Random(20261121)
    acknowledged, rounds, bad, restart_s = {}, 0, 0, 0.0
    while len(acknowledged) < WRITES and rounds < ROUNDS:
        writers = [Writer("refs", store, "r%d%s" % (rounds, name), 100000) for name in "ab"]
        time.sleep(r.uniform(0.002, 0.3))
        for w in r.sample(writers, 2):
            w.kill()
            acknowledged.update(line.split() for line in w.lines)
        rounds += 1
        began = time.monotonic()
        if rounds % 10 == 1 or len(acknowledged) >= WRITES or rounds == ROUNDS:  # everything
            code, there, last, err = inspect(store)
            lost = [k for k, v in acknowledged.items() if there.get(k) != v]
            if code != 0 or lost:
                bad += 1
                print("   ", lost[:3], last, err)
        else:  # it opens, at once
            bad += subprocess.run([LIKENESS, "audit", "list", "--last", "1", "--db", store], capture_output=True, check=False).returncode != 0
            restart_s = max(restart_s, time.monotonic() - began)
    expect("%d acknowledged writes, %d rounds of kills: none lost, all whole" % (len(acknowledged), rounds),
           len(acknowledged) >= WRITES and bad == 0)
    print("  opened again in at most %.2f s" % restart_s)
    extra = len(there) - len(acknowledged)
    expect("%d more were done when the kill came" % extra, 0 <= extra <= 4 * rounds)
    print("  ", *last)


def together(work):
    store = os.path.join(work, "together")
    writers = [Writer("refs", store, "p%d" % i, 150) for i in range(3)] + [Writer("log", store, "p3", 300)]
    ends = [w.end() for w in writers]
    expect("four writers at once end well", all(code == 0 for code, _ in ends), ends)
    code, there, last, err = inspect(store)
    said = dict(line.split() for w in writers[:3] for line in w.lines)
    expect("what they said is what is there", code == 0 and there == said and len(said) == 3 * 165, (last, err))
    numbers = [int(line.split(":")[0]) for line in writers[3].lines]
    expect("entries of the log have one number each", len(set(numbers)) == 300 and "796 entries" in last[0], last)
    log = os.path.join(work, "log.jsonl")
    subprocess.run([LIKENESS, "audit", "export", "--db", store, "-o", log], check=True)
    verify = subprocess.run([LIKENESS, "audit", "verify", log, "-q"], capture_output=True, text=True, check=False).stdout.split()
    other = subprocess.run([sys.executable, os.path.join(HERE, "check_log.py"), log, os.path.join(store, "likeness.db")],
                           capture_output=True, text=True, check=False).stdout.strip()
    expect("Python and likeness find the same head", verify[-1:] == [other], (verify, other))


def gave_up(what, store, words, again):
    """A writer that ran into a limit: what it said, what is there, and that it goes on afterwards."""
    w = Writer("refs", store, "x", 100000)
    code, err = w.end()
    expect("%s: %s" % (what, err.strip()), code == 2 and any(word in err.lower() for word in words) and store in err, code)
    again()
    code, there, last, err = inspect(store)
    said = dict(line.split() for line in w.lines)
    expect("%s: %d acknowledged, all whole, nothing half done" % (what, len(said)), code == 0 and there == said and len(said) > 5,
           (last, err, len(there) - len(said)))
    w = Writer("refs", store, "y", 20)
    expect("%s: with room it goes on" % what, w.end()[0] == 0 and inspect(store)[0] == 0)


def full(work):
    disk = os.path.join(work, "disk")
    os.mkdir(disk)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", disk], capture_output=True, check=False).returncode != 0:
        print("  full disk: skipped: no mount is permitted here")
        return
    gave_up("full disk", os.path.join(disk, "store"), ["no space left"],
            lambda: subprocess.run(["mount", "-o", "remount,size=8m", disk], check=True))
    still(os.path.join(disk, "store"), disk)
    subprocess.run(["umount", disk], check=True)


def likeness(*args):
    return subprocess.run([LIKENESS, *args], capture_output=True, text=True, check=False, timeout=60)


def still(store, disk):
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    read, wrote = likeness("ref", "list", "--db", store), likeness("ref", "rm", "x-1", "--yes", "--db", store)
    expect("read-only disk: it is read", read.returncode == 0 and "x-1 " in read.stdout, read.stderr)
    expect("read-only disk: it is not written: %s" % wrote.stderr.strip(), wrote.returncode == 2 and "ead-only" in wrote.stderr, wrote)
    subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
    make_older(os.path.join(store, "likeness.db"))
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    refused = likeness("ref", "list", "--db", store)
    expect("read-only disk, older store: %s" % refused.stderr.strip(), refused.returncode == 2 and "older likeness" in refused.stderr, refused)
    subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
    later = [likeness("audit", "verify", "--db", store), likeness("ref", "list", "--db", store)]
    expect("older store: reading brings it up to date", [r.returncode for r in later] == [0, 0] and later[1].stdout == read.stdout, later)


def make_older(path):
    """The second schema's tables, which had no number of the last change with each reference, no cameras, jobs and tokens."""
    db = sqlite3.connect(path)
    db.executescript("DROP TABLE blob_place; DROP TABLE camera_score; DROP TABLE kept_gone; DROP TABLE kept_file; DROP TABLE kept_blob; DROP TABLE kept; DROP TABLE decision; DROP TABLE answered; DROP TABLE token; DROP TABLE news; DROP TABLE job_file; DROP TABLE job; DROP VIEW picture_in_use; DROP TABLE camera_event; DROP TABLE camera_view; DROP TABLE camera")
    for table in "derived", "reference":
        for name, event in ("added", "INSERT"), ("changed", "UPDATE"), ("gone", "DELETE"):
            if (table, name) != ("reference", "gone"):
                db.execute("DROP TRIGGER %s_%s" % (table, name))
                db.execute("CREATE TRIGGER %s_%s AFTER %s ON %s BEGIN UPDATE state SET changes = changes + 1; END" % (table, name, event, table))
    db.executescript("DROP INDEX reference_changed_at; ALTER TABLE reference DROP COLUMN changed; PRAGMA user_version = 2")
    db.close()


def flipped(work):
    store, r, found, harmless = os.path.join(work, "flipped"), random.Random(7), 0, 0
    Writer("refs", store, "f", 60).end()
    Writer("log", store, "f-3", 30).end()
    path = os.path.join(store, "likeness.db")
    with open(path, "rb") as f:
        good = f.read()
    log = os.path.join(work, "flipped.jsonl")

    def everything():
        listed, entries = likeness("ref", "list", "--json", "--db", store), likeness("audit", "export", "-o", log, "--db", store)
        with open(log, encoding="utf-8") as f:
            return (inspect(store)[:3], listed.stdout, entries.returncode, f.read())

    before = everything()
    for _ in range(FLIPS):
        at = r.randrange(len(good))
        with open(path, "wb") as f:
            f.write(good[:at] + bytes([good[at] ^ 1 << r.randrange(8)]) + good[at + 1:])
        done = subprocess.run([INSPECT, store], capture_output=True, text=True, check=False, timeout=60)
        if done.returncode == 1:
            found += 1
        elif done.returncode == 0 and everything() == before:
            harmless += 1
        else:
            expect("bit of byte %d" % at, False, (done.returncode, done.stderr))
    expect("of %d bits %d were found, %d changed nothing" % (FLIPS, found, harmless), found + harmless == FLIPS and found > FLIPS / 10)


def short(work):
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (600000, usual[1]))
    gave_up("short files", os.path.join(work, "short"), ["file too large", "no space left", "input or output failed"],
            lambda: resource.setrlimit(resource.RLIMIT_FSIZE, usual))


def main():
    if os.environ.get("STORE_APART") != "1" and shutil.which("unshare"):
        # A mount namespace of its own, where the disk of 1 MB is nobody else's.
        apart = ["unshare", "--user", "--map-root-user", "--mount"]
        if subprocess.run([*apart, "true"], capture_output=True, check=False).returncode == 0:
            os.environ["STORE_APART"] = "1"
            os.execvp(apart[0], [*apart, sys.executable, *sys.argv])
    base = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="likeness-crash-", dir=base) as work:
        wanted = os.environ.get("STORE_TESTS", "killed together full flipped short").split()
        for test in [t for t in (killed, together, full, flipped, short) if t.__name__ in wanted]:
            print(test.__name__)
            began = time.monotonic()
            test(work)
            print("  %.1f s" % (time.monotonic() - began))
    sys.exit(1 if failures else 0)


main()
