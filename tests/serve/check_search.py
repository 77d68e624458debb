#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check_search.py LIKENESS SAMPLES: searching over HTTP, against the command: pictures of a collection, whose index stays open from one
request to the next and follows its changes, and originals of the store."""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

from service import PATIENCE, Service, check

LIKENESS, SAMPLES = [os.path.abspath(a) for a in sys.argv[1:3]]
SEARCH = "/api/v1/search"


def likeness(*arguments, code=0):
    run = subprocess.run([LIKENESS, *arguments], cwd=SAMPLES, capture_output=True, check=False)
    check(run.returncode == code, f"{arguments}: {run.returncode} {run.stderr.decode()}")
    return run.stdout


def sample(name):
    with open(os.path.join(SAMPLES, name), "rb") as f:
        return f.read()


def make_pictures(folder):
    os.makedirs(os.path.join(folder, "sub"))
    for name, to in (("original.png", "a.png"), ("original.png", "sub/copy.png"), ("photo.jpg", "photo.jpg")):
        shutil.copy(os.path.join(SAMPLES, name), os.path.join(folder, to))
    for seed in range(1, 7):
        likeness("simulate", "original.png", "--out", os.path.join(folder, f"view-{seed}.jpg"), "--seed", str(seed), "--difficulty", "0.3")


def index(s, **settings):
    job = s.ask("POST", "/api/v1/indexes", {"collection": "pics", **settings})[2]["id"]
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        state = s.ask("GET", f"/api/v1/jobs/{job}")[2]
        if state["state"] not in ("queued", "running"):
            break
        time.sleep(0.1)
    check(state["state"] == "done", f"{state}")


def search(s, **asked):
    status, _, found = s.ask("POST", SEARCH, {"image": "photo.jpg", **asked})
    check(status == 200 and found["schema"] == "likeness/search/1", f"{asked}: {status} {found}")
    return found


def opened(s):
    return int(re.search(rb"likeness_indexes_opened_total (\d+)", s.ask("GET", "/metrics")[2]).group(1))


def check_collection(s, pictures, place):
    """Each way finds what the command finds, and tells it in the same document."""
    for by in ("both", "whole", "embedding", "hash", "wavelet"):
        expected = json.loads(likeness("search", "photo.jpg", "--index", place, "--by", by, "-k", "4", "--json"))
        found = search(s, collection="pics", by=by, k=4)
        check(json.dumps(expected).replace(pictures, "pics") == json.dumps(found), f"{by}: {found} is not {expected}")
    first = search(s, collection="pics", k=1)["hits"]
    check([h["path"] for h in first] == ["pics/photo.jpg"] and "words" not in first[0], f"{first}")
    explained = search(s, collection="pics", k=1, explain=True)["hits"][0]
    check(re.fullmatch(r"by embedding: cosine 1\.000 0 of 256 bits differ", explained["words"]), f"{explained}")
    check(all(h["score"] >= 0.9 for h in search(s, collection="pics", min_score=0.9)["hits"]), "min_score")
    both = search(s, collection="pics", image="original.png", k=1)["hits"]
    check([h["path"] for h in both] == ["pics/a.png", "pics/sub/copy.png"], f"a content with two files: {both}")
    for hit in first + both:
        status, fields, thumb = s.ask("GET", f"/api/v1/collections/pics/pictures/{hit['id']}/thumb")
        check(status == 200 and thumb[:4] == b"\x89PNG", f"thumbnail of {hit}")
        status, _, picture = s.ask("GET", f"/api/v1/collections/pics/pictures/{hit['id']}?side=200")
        check(status == 200 and picture[:2] == b"\xff\xd8", f"picture of {hit}")


def check_stays_open(s):
    """Opened once by each of the two benches at most, however often it is asked."""
    before = opened(s)
    check(before <= 2, f"{before}")
    for _ in range(12):
        search(s, collection="pics", k=2)
        s.ask("GET", "/api/v1/collections")
    check(opened(s) <= 2, f"{before} {opened(s)}")


def check_follows(s, pictures, place):
    """A picture that is new is found without opening the index again; another index in its place is opened."""
    before = opened(s)
    likeness("simulate", "photo.jpg", "--out", os.path.join(pictures, "new.jpg"), "--seed", "9", "--difficulty", "0.1")
    s.upload("new.jpg", open(os.path.join(pictures, "new.jpg"), "rb").read(), "image/jpeg")
    check(search(s, collection="pics", image="new.jpg", k=1)["hits"][0]["score"] < 1, "it is not there yet")
    index(s)
    found = search(s, collection="pics", image="new.jpg", k=1)
    check(found["hits"][0]["path"] == "pics/new.jpg" and found["searched"] == 9, f"{found}")
    s.problem(400, "bad-request", "POST", SEARCH, {"image": "photo.jpg", "collection": "pics", "by": "local"})
    index(s, keypoints=True)
    found = search(s, collection="pics", image="original.png", by="local", explain=True)
    check(len(found["hits"]) >= 4 and "keypoints agree on one place" in found["hits"][0]["words"], f"{found}")
    check(opened(s) == before, "an index that changed was opened again")
    for name in os.listdir(os.path.dirname(place)):
        os.unlink(os.path.join(os.path.dirname(place), name))
    s.problem(409, "not-indexed", "POST", SEARCH, {"image": "photo.jpg", "collection": "pics"})
    picture = "/api/v1/collections/pics/pictures/" + "0" * 64
    s.problem(404, "not-found", "GET", picture)
    os.mkdir(place)  # something is there, and cannot be read
    s.problem(500, "failed", "POST", SEARCH, {"image": "photo.jpg", "collection": "pics"})
    s.problem(500, "failed", "GET", picture)
    os.rmdir(place)
    index(s)
    check(search(s, collection="pics", k=1)["searched"] == 9 and opened(s) > before, "another index in its place")
    with open(place, "r+b") as f:
        f.write(b"no database any more")
    os.rename(place, place + ".moved")
    shutil.copy(place + ".moved", place)
    status, _, problem = s.ask("POST", SEARCH, {"image": "photo.jpg", "collection": "pics"})
    check(status == 500 and problem["code"] == "failed" and os.path.dirname(place) not in problem["detail"], f"{status} {problem}")


def check_originals(s):
    check(search(s)["hits"] == [], "an empty store")
    for name in ("original.png", "photo.jpg"):
        check(s.ask("POST", "/api/v1/references", {"id": name.split(".")[0], "image": name, "tags": ["box"]})[0] == 201, name)
    expected = json.loads(likeness("search", "photo.jpg", "--db", s.store, "-k", "5", "--json"))
    del expected["store"]
    found = search(s, k=5)
    check(found == expected and {h["id"] for h in found["hits"]} == {"original", "photo"}, f"{found} is not {expected}")
    check("keypoints agree on one place" in search(s, k=1, explain=True)["hits"][0]["words"], "explained")
    check(search(s, image="reference:original@1", k=1)["hits"][0]["id"] == "original", "one of the store is asked for")
    check(search(s, min_score=1)["hits"] == [] or search(s, min_score=1)["hits"][0]["score"] == 1, "min_score")
    s.ask("DELETE", "/api/v1/references/photo", None, If_Match='"photo@1"')
    check([h["id"] for h in search(s)["hits"]] == ["original"], "one that is out of use is not found")


def check_refusals(s):
    s.problem(404, "no-collection", "POST", SEARCH, {"image": "photo.jpg", "collection": "other"})
    s.problem(404, "not-found", "POST", SEARCH, {"image": "never", "collection": "pics"})
    s.problem(404, "not-found", "POST", SEARCH, {"image": "never"})
    s.problem(400, "missing-field", "POST", SEARCH, {"collection": "pics"})
    s.problem(400, "bad-field", "POST", SEARCH, {"image": "photo.jpg", "k": 0})
    s.problem(400, "bad-field", "POST", SEARCH, {"image": "photo.jpg", "collection": "pics", "by": "magic"})
    s.problem(400, "bad-field", "POST", SEARCH, {"image": "photo.jpg", "min_score": 2})
    s.problem(400, "bad-request", "POST", SEARCH, {"image": "photo.jpg", "by": "hash"})
    s.problem(400, "bad-request", "POST", SEARCH, {"image": "photo.jpg", "k": 50})
    s.problem(400, "unknown-field", "POST", SEARCH, {"image": "photo.jpg", "index": "/etc/passwd"})


def main():
    work = tempfile.mkdtemp()
    pictures = os.path.join(os.path.realpath(work), "my pictures")
    make_pictures(pictures)
    try:
        s = Service(LIKENESS, "--workers", "2", "--collection", f"pics={pictures}")
        place = os.path.join(s.store, "work", "indexes", "pics.lki")
        try:
            for name in ("original.png", "photo.jpg"):
                check(s.upload(name, sample(name))[0] == 201, name)
            s.problem(409, "not-indexed", "POST", SEARCH, {"image": "photo.jpg", "collection": "pics"})
            index(s)
            check_collection(s, pictures, place)
            check_stays_open(s)
            check_refusals(s)
            check_originals(s)
            check_follows(s, pictures, place)
        finally:
            s.stop()
    finally:
        shutil.rmtree(work, ignore_errors=True)
    print("ok")


main()
