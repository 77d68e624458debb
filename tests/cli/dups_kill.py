#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""dups_kill.py LIKENESS: `dups --apply` is killed with SIGKILL at random moments, KILLS times for each action, and no picture is lost.

After each kill:
  every action   each content is still there, whole, at the name that is kept; the index opens, and the next run does the rest
  links          each name leads to its own picture, as before
  trash, move    as many files of each content as before are somewhere, whole
  trash          each file in files/ has its .trashinfo
and what has left its name is in the log. A kill does not need the disk: where there is /dev/shm, it is used, so that syncing is free. Half of
the kills come at any moment of the run, half while files are being dealt with."""
import collections
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

LIKENESS = os.path.abspath(sys.argv[1])
KILLS = int(os.environ.get("DUPS_KILLS", "100"))
CONTENTS, COPIES = 5, 24
ACTIONS = {
    "trash": ["--action", "trash"],
    "delete": ["--action", "trash", "--permanent"],
    "hardlink": ["--action", "hardlink"],
    "symlink": ["--action", "symlink"],
    "reflink": ["--action", "reflink"],
    "move": ["--action", "move:away"],
}


def picture(seed):
    r = random.Random(seed)
    return b"P6 48 48 255\n" + bytes(r.randrange(256) for _ in range(48 * 48 * 3))


BYTES = {hashlib.sha256(picture(i)).hexdigest(): picture(i) for i in range(CONTENTS)}


class Scene:
    def __init__(self, work, action):
        self.work, self.action = work, action
        self.log = os.path.join(work, "log.jsonl")
        self.names = {}
        for i, digest in enumerate(BYTES):
            for k in range(COPIES):
                self.names[os.path.join("d", "s%d" % (k % 3), "p%d-%d%s.ppm" % (i, k, "\n" if k == 7 else ""))] = digest

    def fill(self):
        for name in ("d", "away", "data"):
            shutil.rmtree(os.path.join(self.work, name), ignore_errors=True)
        for name, digest in self.names.items():
            path = os.path.join(self.work, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as f:
                f.write(BYTES[digest])
        if os.path.exists(self.log):
            os.remove(self.log)

    def start(self):
        env = dict(os.environ, XDG_DATA_HOME=os.path.join(self.work, "data"), OMP_WAIT_POLICY="passive")
        return subprocess.Popen([LIKENESS, "dups", "d", "--kind", "exact", "--index", "i.lki", "--model", "phash", "--apply", "--yes", "-q",
                                 "--log", self.log, "--keep", "path:*/s0/*-0.ppm", *ACTIONS[self.action]],
                                cwd=self.work, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def logged(self):
        if not os.path.exists(self.log):
            return []
        with open(self.log, "rb") as f:
            whole = f.read()
        return [json.loads(line) for line in whole.split(b"\n")[:-1]]

    def wrong(self):
        """What is not as it must be."""
        found, wrong = collections.Counter(), []
        for folder, _, files in os.walk(self.work):
            for name in files:
                path = os.path.join(folder, name)
                if name.endswith(".ppm"):
                    if not os.path.exists(path):
                        wrong.append("leads nowhere: " + path)
                        continue
                    with open(path, "rb") as f:
                        digest = hashlib.sha256(f.read()).hexdigest()
                    found[digest] += 1
                    if digest not in BYTES:
                        wrong.append("is no picture of ours: " + path)
        begun = {os.path.relpath(line["path"], os.path.realpath(self.work)) for line in self.logged() if line["what"] == "begin"}
        for digest in BYTES:
            if found[digest] == 0:
                wrong.append("lost: " + digest)
            if self.action != "delete" and found[digest] != COPIES:
                wrong.append("%d of %d left of %s" % (found[digest], COPIES, digest))
        for name, digest in self.names.items():
            path = os.path.join(self.work, name)
            there = os.path.exists(path)
            if there:
                with open(path, "rb") as f:
                    if f.read() != BYTES[digest]:
                        wrong.append("another picture: " + name)
            elif "s0/" in name and "-0.ppm" in name:
                wrong.append("the kept one is gone: " + name)
            elif self.action in ("hardlink", "symlink", "reflink"):
                wrong.append("its name is gone: " + name)
            elif name not in begun:
                wrong.append("gone, and not in the log: " + name)
        trash = os.path.join(self.work, "data", "Trash")
        for name in os.listdir(os.path.join(trash, "files")) if os.path.isdir(os.path.join(trash, "files")) else []:
            if not os.path.exists(os.path.join(trash, "info", name + ".trashinfo")):
                wrong.append("in the trash without a .trashinfo: " + name)
        return wrong


def run_action(work, action, r):
    scene = Scene(work, action)
    scene.fill()
    began = time.monotonic()
    p = scene.start()
    while p.poll() is None and not os.path.exists(scene.log):
        time.sleep(0.0005)
    acting = time.monotonic()
    err = p.stderr.read().decode()
    p.wait()
    ended = time.monotonic()
    expected = 2 if action == "reflink" and "cannot share blocks" in err else 0
    if p.returncode != expected or scene.wrong():
        sys.exit("%s, not killed: %d %s %s" % (action, p.returncode, err[:300], scene.wrong()[:5]))
    kills = midway = refused = 0
    for i in range(10 * KILLS):
        if kills == KILLS:
            break
        scene.fill()
        p = scene.start()
        if i % 2:
            time.sleep(r.uniform(0, ended - began))
        else:
            while p.poll() is None and not os.path.exists(scene.log):
                time.sleep(0.0005)
            time.sleep(r.uniform(0, ended - acting))
        p.send_signal(signal.SIGKILL)
        p.stderr.read()
        if p.wait() != -signal.SIGKILL:
            continue  # it was done already
        kills += 1
        done = sum(line["what"] != "begin" for line in scene.logged())
        midway += 0 < done < CONTENTS * (COPIES - 1)
        wrong = scene.wrong()
        if wrong:
            sys.exit("%s, kill %d: %s" % (action, kills, wrong[:5]))
        if i % 10 == 0:  # what is left is done by the next
            p = scene.start()
            refused += b"cannot share blocks" in p.stderr.read()
            if p.wait() not in (0, expected) or scene.wrong():
                sys.exit("%s, after kill %d: %d %s" % (action, kills, p.returncode, scene.wrong()[:5]))
    print("  %-8s killed %d times, %d of them between the first file and the last%s" % (
        action, kills, midway, "; this file system shares no blocks" if expected else ""), flush=True)
    return kills == KILLS and (midway > 0 or KILLS < 20)


def main():
    base = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    work = tempfile.mkdtemp(prefix="likeness-dups-", dir=base)
    good = True
    try:
        for action in ACTIONS:
            folder = os.path.join(work, action)
            os.mkdir(folder)
            good = run_action(folder, action, random.Random(20261122)) and good
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
