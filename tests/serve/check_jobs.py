#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check_jobs.py LIKENESS SAMPLES: long work of the real service: what it leaves against the command's, its news and their resumption, its end
when somebody cancels it, when the service ends, and when it is killed."""
import contextlib
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time

from service import PATIENCE, Listener, Service, check, noise

LIKENESS, SAMPLES = [os.path.abspath(a) for a in sys.argv[1:3]]
JOBS = "/api/v1/jobs"
TRAINING = {"kind": "contrastive", "labels": "none", "size": 32, "batch": 8, "validation": 0.2}


def make_pictures(folder):
    os.makedirs(os.path.join(folder, "sub"))
    for name, to in (("original.png", "a.png"), ("original.png", "sub/copy.png"), ("photo.jpg", "photo.jpg")):
        shutil.copy(os.path.join(SAMPLES, name), os.path.join(folder, to))
    for i in range(12):
        with open(os.path.join(folder, f"noise-{i}.png"), "wb") as f:
            f.write(noise(i))
    with open(os.path.join(folder, "broken.png"), "wb") as f:
        f.write(noise(99)[:200])


def check_embedding(s):
    with open(os.path.join(SAMPLES, "photo.jpg"), "rb") as f:
        s.upload("photo.jpg", f.read(), "image/jpeg")
    run = subprocess.run([LIKENESS, "embed", "photo.jpg", "--json"], cwd=SAMPLES, capture_output=True, check=False)
    check(s.ask("POST", "/api/v1/embeddings", {"image": "photo.jpg"})[2] == json.loads(run.stdout), "the vector is not the command's")
    s.problem(404, "not-found", "POST", "/api/v1/embeddings", {"image": "other"})


def begin(s, what, **settings):
    status, fields, job = s.ask("POST", f"/api/v1/{what}", {"collection": "pics", **settings})
    check(status == 202 and job["state"] in ("queued", "running") and fields["Location"] == f"{JOBS}/{job['id']}", f"{what}: {status} {job}")
    return job["id"]


def look(s, job):
    return s.ask("GET", f"{JOBS}/{job}")[2]


def wait(s, job, *states, within=120):
    until = time.monotonic() + within
    while time.monotonic() < until:
        document = look(s, job)
        if document["state"] in states:
            return document
        time.sleep(0.1)
    check(False, f"job {job} does not become {states}: {look(s, job)}")


def check_duplicates(s, pictures, work):
    job = begin(s, "duplicates", min_score=0.6)
    s.problem(404, "not-found", "GET", f"/api/v1/maps/{job}")
    done = wait(s, job, "done", "failed")
    check(done["state"] == "done" and done["settings"] == {"min_score": 0.6}, done)
    found = s.ask("GET", f"/api/v1/duplicates/{job}")[2]
    run = subprocess.run([LIKENESS, "dups", pictures, "--json", "--min-score", "0.6", "--index", os.path.join(work, "own.lki")], capture_output=True, check=False)
    expected = json.loads(run.stdout)
    check(json.dumps(expected["groups"]).replace(pictures, "pics") == json.dumps(found["groups"]), f"{found} is not what the command says: {expected}")
    check(found["groups"][0]["keep"] in ("pics/a.png", "pics/sub/copy.png"), f"{found['groups'][0]}")
    check(len(found["skipped"]) == 1 and found["skipped"][0]["path"] == "pics/broken.png", f"{found['skipped']}")
    check(pictures not in json.dumps(found), "a folder of the server is told")
    sha = found["groups"][0]["members"][0]["sha256"]
    status, fields, thumb = s.ask("GET", f"/api/v1/collections/pics/pictures/{sha}/thumb")
    check(status == 200 and thumb[:4] == b"\x89PNG" and fields["Content-Type"] == "image/png", f"thumb: {status}")
    status, fields, picture = s.ask("GET", f"/api/v1/collections/pics/pictures/{sha}?side=300")
    check(status == 200 and picture[:2] == b"\xff\xd8", f"picture: {status} {picture[:100]}")
    for bad in ("0" * 64, "..%2f..%2fetc%2fpasswd", "x"):
        s.problem(404, "not-found", "GET", f"/api/v1/collections/pics/pictures/{bad}")
    return job


def check_map(s, pictures):
    job = begin(s, "maps", method="pca", seed=3)
    done = wait(s, job, "done", "failed")
    check(done["state"] == "done" and [f["name"] for f in done["files"]] == ["map.html", "map.json"], f"{done}")
    found = s.ask("GET", f"/api/v1/maps/{job}")[2]
    check(found["schema"] == "likeness/map/1" and found["method"] == "pca" and found["seed"] == 3 and len(found["pictures"]) == 14, f"{found}")
    status, fields, page = s.ask("GET", f"{JOBS}/{job}/files/map.html")
    check(status == 200 and b"<script" in page and pictures.encode() not in page, "the page")
    check(fields["Content-Disposition"].startswith("attachment") and "sandbox" in fields["Content-Security-Policy"], "it is not shown as one of the service's own")
    s.problem(404, "not-found", "GET", f"{JOBS}/{job}/files/other")
    s.problem(404, "not-found", "GET", f"{JOBS}/{job}/files/..%2fmap.json")
    s.problem(404, "not-found", "GET", f"/api/v1/duplicates/{job}")


def check_vectors(s, pictures, work):
    done = wait(s, begin(s, "vectors"), "done", "failed")
    check(done["state"] == "done", done)
    data = s.ask("GET", f"{JOBS}/{done['id']}/files/vectors.npy")[2]
    own = os.path.join(work, "own.npy")
    subprocess.run([LIKENESS, "embed", pictures, "--out", own], capture_output=True, check=False)
    with open(own, "rb") as f:
        check(f.read() == data, "vectors are not those of the command")
    paths = s.ask("GET", f"{JOBS}/{done['id']}/files/vectors.npy.paths")[2].decode().splitlines()
    check(len(paths) == 15 and paths[0] == "pics/a.png", f"{paths}")


def check_training(s):
    listener = Listener(s.port, "/api/v1/events")
    job = begin(s, "trainings", **TRAINING, epochs=3)
    types, states = [], []
    for _, kind, document in listener.events():
        if document["job"] == job:
            types.append(kind)
            if kind == "job.epoch" and document["training"]["event"] == "epoch":
                check(document["training"]["schema"] == "likeness/train/1" and document["training"]["loss"] > 0, f"{document}")
            if kind == "job.state":
                states.append(document["state"])
                if document["state"] in ("done", "failed"):
                    break
    listener.close()
    check(states == ["queued", "running", "done"], f"{states} {look(s, job)}")
    check(types.count("job.epoch") == 5, f"a begin, three epochs and an end: {types}")
    names = [f["name"] for f in look(s, job)["files"]]
    check(names[:3] == ["network.onnx", "network.onnx.html", "network.onnx.json"], f"{names}")


def numbered(s, path, last, until):
    """What a listener hears that loses its connection after each second event."""
    heard, ends = [], False
    while not ends:
        listener = Listener(s.port, path, last)
        if listener.answer.status == 204:
            return heard
        for n, event in enumerate(listener.events()):
            heard.append(event)
            last = event[0]
            ends = until(event)
            if ends or n == 1:
                break
        listener.close()
    return heard


def check_resume(s, job):
    def is_end(event):
        return event[1] == "job.state" and event[2]["state"] in ("done", "failed", "cancelled")
    whole = list(Listener(s.port, f"{JOBS}/{job}/events").events())
    pieces = numbered(s, f"{JOBS}/{job}/events", 0, is_end)
    check(whole == pieces and len(whole) >= 3, f"pieces of a stream are not the whole: {whole} {pieces}")
    check(all(a[0] < b[0] for a, b in zip(whole, whole[1:])), "numbers grow")
    check(Listener(s.port, f"{JOBS}/{job}/events", whole[-1][0]).answer.status == 204, "nothing is left to hear")
    check(Listener(s.port, f"{JOBS}/999/events").answer.status == 404, "of no job")
    later = numbered(s, "/api/v1/events", 0, lambda e: e[2]["job"] == job and is_end(e))
    check([e for e in later if e[2]["job"] == job] == whole, "the same in the stream of all")


def check_forgotten(s, job):
    """News are bounded: of a job that ended long ago there are none, and its stream says so instead of being opened again and again."""
    with contextlib.closing(sqlite3.connect(os.path.join(s.store, "likeness.db"))) as db, db:
        db.execute("DELETE FROM news WHERE job = ?", (job,))
    check(Listener(s.port, f"{JOBS}/{job}/events").answer.status == 204, "nothing is left of its news")


def check_cancel(s):
    waits = [begin(s, "trainings", **TRAINING, epochs=5000) for _ in range(2)]
    wait(s, waits[0], "running")
    check(s.ask("DELETE", f"{JOBS}/{waits[1]}")[2]["state"] == "cancelled", "one that waits")
    s.problem(409, "has-ended", "DELETE", f"{JOBS}/{waits[1]}")
    s.problem(409, "no-result", "GET", f"/api/v1/duplicates/{begin(s, 'duplicates')}")
    began = time.monotonic()
    check(s.ask("GET", "/livez")[0] == 200 and time.monotonic() - began < 5, "livez beside a training")
    check(s.ask("DELETE", f"{JOBS}/{waits[0]}")[0] == 202, "one that runs")
    done = wait(s, waits[0], "cancelled", "failed", "done")
    check(done["state"] == "cancelled" and not done["files"], f"{done}")
    s.problem(404, "not-found", "DELETE", f"{JOBS}/999")


def check_refusals(s):
    s.problem(404, "no-collection", "POST", "/api/v1/indexes", {"collection": "other"})
    s.problem(404, "no-collection", "POST", "/api/v1/indexes", {"collection": "../pics"})
    s.problem(404, "no-collection", "GET", "/api/v1/collections/other/pictures/" + "0" * 64)
    s.problem(400, "missing-field", "POST", "/api/v1/duplicates", {})
    s.problem(400, "bad-field", "POST", "/api/v1/duplicates", {"collection": "pics", "keep": "--apply"})
    s.problem(400, "bad-field", "POST", "/api/v1/duplicates", {"collection": "pics", "kinds": "exact,all"})
    s.problem(400, "bad-field", "POST", "/api/v1/maps", {"collection": "pics", "neighbours": 1})
    s.problem(400, "bad-field", "POST", "/api/v1/trainings", {**TRAINING, "collection": "pics", "kind": "magic"})
    s.problem(400, "unknown-field", "POST", "/api/v1/duplicates", {"collection": "pics", "action": "trash"})
    s.problem(404, "not-found", "GET", f"{JOBS}/0")
    s.problem(404, "not-found", "GET", f"{JOBS}/1x")
    s.problem(404, "not-found", "GET", f"{JOBS}/99999999999999999999")
    s.problem(400, "bad-query", "GET", f"{JOBS}?limit=0")


def check_list(s):
    jobs = s.ask("GET", f"{JOBS}?limit=2")[2]
    check(len(jobs["jobs"]) == 2 and jobs["jobs"][0]["id"] > jobs["jobs"][1]["id"], f"{jobs}")
    rest = s.ask("GET", f"{JOBS}?limit=200&cursor={jobs['next']}")[2]["jobs"]
    check(rest[0]["id"] == jobs["jobs"][1]["id"] - 1, "the next part")
    check({j["kind"] for j in s.ask("GET", f"{JOBS}?kind=map")[2]["jobs"]} == {"map"}, "of a kind")


def check_many_listeners(s):
    """More than are let in, and some who never read: the others hear what happens."""
    deaf = []
    for _ in range(60):
        c = socket.create_connection(("127.0.0.1", s.port))
        c.sendall(b"GET /api/v1/events?after=0 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        deaf.append(c)
    hearing = [Listener(s.port, "/api/v1/events") for _ in range(20)]
    job = begin(s, "indexes")
    for listener in hearing:
        check(any(kind == "job.state" and d["job"] == job and d["state"] == "done" for _, kind, d in listener.events()), "the end")
        listener.close()
    for c in deaf:
        c.close()
    check(s.ask("GET", "/livez")[0] == 200, "livez after them")


def processes_below(pid):
    out = []
    for line in os.popen(f"ps -e -o pid=,ppid=,args="):
        child, parent, words = line.split(None, 2)
        if int(parent) == pid and "--progress=jsonl" in words:
            out.append(int(child))
    return out


def check_crash_of_command(s):
    """What runs a job is killed: the job is told failed, and the service goes on."""
    job = begin(s, "trainings", **TRAINING, epochs=5000)
    wait(s, job, "running")
    until = time.monotonic() + 20
    while not processes_below(s.process.pid) and time.monotonic() < until:
        time.sleep(0.05)
    for pid in processes_below(s.process.pid):
        os.kill(pid, signal.SIGSEGV)
    failed = wait(s, job, "failed", "done")
    check(failed["state"] == "failed" and "signal" in failed["failure"], f"{failed}")
    check(wait(s, begin(s, "indexes"), "done", "failed")["state"] == "done", "the next one")


def check_restart(pictures):
    """A service that ends gives its job back; one that is killed leaves it to its lease; the next service ends it, with the same result."""
    folder = tempfile.mkdtemp()
    options = ["--db", os.path.join(folder, "store"), "--collection", f"pics={pictures}"]
    try:
        s = Service(LIKENESS, *options)
        listener = Listener(s.port, "/api/v1/events")
        job = begin(s, "trainings", **TRAINING, epochs=400)
        for _, kind, _ in listener.events():
            if kind == "job.epoch":
                break
        s.stop()
        s = Service(LIKENESS, *options)
        check(look(s, job)["state"] in ("queued", "running"), f"{look(s, job)}")
        wait(s, job, "running")
        s.process.kill()
        s.process.wait()
        until = time.monotonic() + 20
        while os.popen("ps -e -o args= | grep -F -- '%s/store/work' | grep -vc grep" % folder).read().strip() != "0" and time.monotonic() < until:
            time.sleep(0.2)
        check(time.monotonic() < until, "what a killed service ran goes on")
        s = Service(LIKENESS, *options)
        check(look(s, job)["state"] == "running", "held by its lease")
        done = wait(s, job, "done", "failed", "cancelled", within=240)
        check(done["state"] == "done" and done["tries"] == 2, f"{done}")
        numbers = [n for n, _, _ in Listener(s.port, f"{JOBS}/{job}/events", 0).events()]
        check(numbers == sorted(set(numbers)), f"{numbers}")
        s.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main():
    work = tempfile.mkdtemp()
    pictures = os.path.join(os.path.realpath(work), "my pictures")
    make_pictures(pictures)
    try:
        s = Service(LIKENESS, "--collection", f"pics={pictures}")
        try:
            check(s.ask("GET", "/api/v1/collections")[2]["collections"][0]["indexed"] is False, "nothing is indexed yet")
            job = check_duplicates(s, pictures, work)
            here = s.ask("GET", "/api/v1/collections")[2]["collections"][0]
            check(here["name"] == "pics" and here["pictures"] == 14 and here["with_keypoints"] == 14 and here["skipped"] == 1, f"{here}")
            check_embedding(s)
            check_map(s, pictures)
            check_vectors(s, pictures, work)
            check_training(s)
            check_resume(s, job)
            check_refusals(s)
            check_cancel(s)
            check_list(s)
            check_forgotten(s, job)
            check_many_listeners(s)
            check_crash_of_command(s)
            everything = json.dumps(s.ask("GET", f"{JOBS}?limit=200")[2])
            check(work not in everything, "folders of the server are told: " + str(re.findall(r".{60}" + re.escape(work), everything)[:3]))
            listener = Listener(s.port, "/api/v1/events")
        finally:
            s.stop()
        check(list(listener.events()) == [], "streams end with the service")
        check_restart(pictures)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    for wrong in ("x", "=" + SAMPLES, "a b=" + SAMPLES, "x=" + os.path.join(SAMPLES, "none"), "x=" + os.path.join(SAMPLES, "original.png"), "x=/"):
        run = subprocess.run([LIKENESS, "serve", "--listen", "127.0.0.1:0", "--db", os.path.join(tempfile.gettempdir(), "never"), "--collection", wrong],
                             capture_output=True, check=False, timeout=PATIENCE)
        check(run.returncode == 2, f"--collection {wrong} is taken")
    print("ok")


main()
