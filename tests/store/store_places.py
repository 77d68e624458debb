#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""store_places.py LIKENESS s3|folder: a store whose pictures lie elsewhere, on S3 (a server that checks signatures) or in a folder that
machines share: made, remembered, checked, copied there and back, shared by two services, and without its server."""
import hashlib
import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "serve")]
import s3_server  # noqa: E402
from service import Service, check, png  # noqa: E402

LIKENESS, KIND = os.path.abspath(sys.argv[1]), sys.argv[2]
VERIFICATIONS = "/api/v1/verifications"


def run(*arguments, code=0, **env):
    done = subprocess.run([LIKENESS, *arguments], capture_output=True, text=True, env={**os.environ, **env}, check=False)
    check(done.returncode == code, f"{arguments}: {done.returncode} {done.stdout} {done.stderr}")
    return done.stdout if code == 0 and not done.stderr else done.stdout + done.stderr


class Node(Service):
    def __init__(self, store, *options):
        self.folder = tempfile.TemporaryDirectory()
        self.store, self.problems, self.document = store, "", None
        self.command = [LIKENESS, "serve", "--listen", "127.0.0.1:0", "--db", store, *options]
        self.start()


def names_of(files):
    return {n for n in files if len(os.path.basename(n)) == 64}


def check_objects(files):
    for name in names_of(files):
        with open(files[name], "rb") as f:
            check(hashlib.sha256(f.read()).hexdigest() == os.path.basename(name), f"{name} has other bytes")


def walk(folder):
    return {os.path.relpath(os.path.join(at, n), folder): os.path.join(at, n) for at, _, names in os.walk(folder) for n in names}


def check_service(store, place):
    """Two nodes on one store, of which the second is told nothing of the place, one after the other and at once."""
    one = Node(store, "--blobs", place)
    for name, data in (("pack.png", png(200, 150)), ("small.png", png(160, 120))):
        check(one.upload(name, data)[0] == 201, "upload")
    status, _, answer = one.ask("POST", "/api/v1/references", {"id": "pack", "image": "pack.png"})
    check(status == 201, f"{status} {answer}")
    body = {"photo": "small.png", "reference": "pack", "pictures": True, "report": True, "evidence": True}
    status, fields, answer = one.ask("POST", VERIFICATIONS, body, Idempotency_Key="k1")
    check(status == 200, f"{status} {answer}")
    two = Node(store)
    files = one.ask("GET", fields["Location"])[2]["files"]
    check({"report.html", "evidence.lkev", "heat"} <= set(files), f"{files}")
    for path in files.values():
        check(one.ask("GET", path)[2] == two.ask("GET", path)[2], f"{path} is not the same on both nodes")
    check(two.ask("GET", "/api/v1/references/pack/picture")[0] == 200, "the original, from the second node")
    two.stop()
    return one, body


def check_away(server, one, body):
    """While S3 is away: 503 with a code, nothing recorded; what is asked again under its key is answered once it is back."""
    before = one.ask("GET", "/api/v1/audit/head")[2]["head"]["count"]
    server.stop()
    fields = one.problem(503, "store-away", "POST", VERIFICATIONS, body, Idempotency_Key="k2")
    check("Retry-After" in fields, "Retry-After")
    one.upload("new.png", png(90, 70))
    one.problem(503, "store-away", "POST", "/api/v1/references", {"id": "new", "image": "new.png"})
    check(one.ask("GET", "/api/v1/audit/head")[2]["head"]["count"] == before, "nothing was recorded")
    check(one.ask("GET", "/livez")[0] == 200, "livez")
    said = run("db", "check", "--db", one.store, code=2)
    check("no answer" in said and "s3://bucket/" in said and "does not answer" in said, said)
    check("S3RVER" not in said, "a key is told")
    check("pack" in run("ref", "list", "--db", one.store), "what needs no picture works")
    server.start()
    status, _, answer = one.ask("POST", VERIFICATIONS, body, Idempotency_Key="k2")
    check(status == 200, f"{status} {answer}")
    again = one.ask("POST", VERIFICATIONS, body, Idempotency_Key="k2")
    check(again[2] == answer, "the same answer")
    check(one.ask("POST", "/api/v1/references", {"id": "new", "image": "new.png"})[0] == 201, "back again")
    check(one.ask("GET", "/api/v1/audit/head")[2]["head"]["count"] == before + 2, "once each")


def check_keys(store):
    said = run("db", "check", "--db", store, code=2, AWS_SECRET_ACCESS_KEY="wrong-secret")
    check("403" in said and "SignatureDoesNotMatch" in said and "wrong-secret" not in said, said)
    said = run("ref", "list", "--db", store, code=2, AWS_SECRET_ACCESS_KEY="")
    check("AWS_SECRET_ACCESS_KEY" in said, said)


def check_moves(work, store, place, elsewhere):
    """Copied out, back in, and by a backup: the same log, and every picture."""
    heads = set()
    plain, again, restored = (os.path.join(work, n) for n in ("plain", "again", "restored"))
    said = run("db", "copy", store, os.path.join(work, "same"), "--blobs", place, code=2)
    check("two stores cannot" in said, said)
    run("db", "copy", store, plain)
    run("db", "backup", os.path.join(work, "file"), "--db", store)
    run("db", "copy", plain, again, "--blobs", elsewhere("again"))
    run("db", "restore", os.path.join(work, "file"), "--db", restored, "--blobs", elsewhere("restored"))
    for s in (store, plain, again, restored):
        found = json.loads(run("db", "check", "--db", s, "--json"))
        check(found["sound"] and found["kept"] >= 1 and found["unused_pictures"] == 0, f"{s}: {found}")
        heads.add(json.loads(run("audit", "list", "--db", s, "--last", "0", "--json"))["head"]["hash"])
    check(len(heads) == 1, "the log is another one")
    said = run("ref", "list", "--db", plain, code=2, LIKENESS_BLOBS=place)
    check("db copy" in said, said)
    said = run("ref", "list", "--db", store, code=2, LIKENESS_BLOBS=os.path.join(work, "nowhere"))
    check("nowhere" in said, said)
    said = run("db", "restore", os.path.join(work, "file"), "--db", os.path.join(work, "last"), "--blobs", place, code=2)
    check("another store's pictures lie here" in said, said)
    return plain


def check_damage(store, files):
    name = sorted(names_of(files))[0]
    with open(files[name], "r+b") as f:
        f.seek(10)
        f.write(b"damage")
    said = run("db", "check", "--db", store, code=1)
    check("was changed" in said and name[-64:] in said, said)


def on_s3(work):
    with s3_server.Server() as server:
        os.environ.update(s3_server.KEYS)
        store, place = os.path.join(work, "store"), server.place("some/prefix")
        one, body = check_service(store, place)
        check_away(server, one, body)
        one.stop()
        check(not os.path.exists(os.path.join(store, "blobs")), "pictures in the folder")
        check_objects(server.objects("some/prefix"))
        check_keys(store)
        check_moves(work, store, place, server.place)
        check(names_of(server.objects("some/prefix")) == names_of(server.objects("again")), "other pictures")
        server.busy, before = 2, server.requests
        run("db", "check", "--db", store)
        check(server.busy == 0 and server.requests > before + 2, "it was not asked again")
        check_damage(store, server.objects("some/prefix"))


def in_folder(work):
    store, place = os.path.join(work, "store"), os.path.join(work, "shared")
    one, _ = check_service(store, place)
    one.stop()
    check(not os.path.exists(os.path.join(store, "blobs")), "pictures in the store's folder")
    check_objects(walk(place))
    check_moves(work, store, place, lambda name: os.path.join(work, "shared-" + name))
    moved = os.path.join(work, "mounted")
    os.rename(place, moved)
    said = run("ref", "list", "--db", store, code=2)
    check("--blobs" in said and "shared" in said, said)
    check(json.loads(run("db", "check", "--db", store, "--json", LIKENESS_BLOBS=moved))["sound"], "under another path")
    os.rename(moved, place)
    check_damage(store, walk(place))


with tempfile.TemporaryDirectory() as folder:
    (on_s3 if KIND == "s3" else in_folder)(folder)
print("ok")
