#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check_references.py LIKENESS SAMPLES: references and pictures over HTTP: versions, what a change must name, areas, and what is refused."""
import base64
import hashlib
import json
import os
import subprocess
import sys

from service import Service, check, png, size_of

LIKENESS, SAMPLES = [os.path.abspath(a) for a in sys.argv[1:3]]
REFERENCES = "/api/v1/references"


def sample(name):
    with open(os.path.join(SAMPLES, name), "rb") as f:
        return f.read()


def add(s, body, expected=201, **headers):
    status, fields, answer = s.ask("POST", REFERENCES, body, **headers)
    check(status == expected, f"add {body}: {status} {answer}")
    return fields["ETag"], answer


def check_versions(s):
    """Each change names the state it knows; what it does not say stays as it was."""
    etag, first = add(s, {"id": "pack", "image": "original.png", "tags": ["box"], "name": "Package", "ignore": ["85%,90%,15%,10%"]})
    check(etag == '"pack@1"' and first["ignore"] and first["star"]["value"] > 0, f"{etag} {first}")
    path = f"{REFERENCES}/pack"
    status, fields, one = s.ask("GET", path)
    check(status == 200 and fields["ETag"] == etag and fields["Cache-Control"] == "private, no-cache" and one["version"] == 1, f"{one}")
    check(s.ask("GET", path, If_None_Match=etag)[0] == 304, "nothing new")
    s.problem(428, "need-match", "PATCH", path, {"name": "Box"})
    s.problem(412, "stale", "PATCH", path, {"name": "Box"}, If_Match='"pack@7"')
    s.problem(412, "stale", "PATCH", path, {"name": "Box"}, If_Match='W/"pack@1"')
    status, fields, second = s.ask("PATCH", path, {"name": "Box"}, If_Match=f'"x", {etag}')
    check(status == 201 and second["version"] == 2 and second["name"] == "Box", f"{status} {second}")
    same = {k: (first[k], second[k]) for k in ("tags", "ignore", "sha256", "star", "format")}
    check(all(a == b for a, b in same.values()), f"what is not said stays: {same}")
    s.problem(412, "stale", "PATCH", path, {"name": "Late"}, If_Match=etag)
    status, fields, third = s.ask("PATCH", path, {"ignore": ["10,10 200,10 10,200", "0,0,50,50"], "tags": [], "note": "mask"}, If_Match=fields["ETag"])
    texts = [a["text"] if isinstance(a, dict) else a for a in third["ignore"]]
    check(status == 201 and third["tags"] == [] and "0,0,50,50" in json.dumps(texts[0]), f"rectangles first: {third}")
    versions = s.ask("GET", f"{path}/versions")[2]["versions"]
    check([v["version"] for v in versions] == [1, 2, 3] and [v["newest"] for v in versions] == [False, False, True], "versions")
    check(s.ask("GET", f"{path}@2")[2]["name"] == "Box", "an old version by name")
    shown = by_command(s, "ref", "show", "pack")["references"][0]
    check(shown == s.ask("GET", path)[2], "the same document as the command's")
    added = subprocess.run([LIKENESS, "ref", "add", "--db", s.store, "--id", "pack", os.path.join(SAMPLES, "original.png"), "--json"],
                           capture_output=True, check=True)
    check(len(json.loads(added.stdout)["references"][0]["ignore"]) == 2, "the command keeps the areas of a version made here")


def by_command(s, *arguments):
    run = subprocess.run([LIKENESS, *arguments, "--db", s.store, "--json"], capture_output=True, check=False)
    return json.loads(run.stdout)


def check_areas(s):
    """What cannot be left out is refused before anything is written."""
    etag = s.ask("GET", f"{REFERENCES}/pack")[1]["ETag"]
    for area in ("", "1,2,3", "nan,0,5,5", "5000,5000,10,10", "0,0,100%,100%", "1,1 2,2", "x"):
        s.problem(400, "bad-field", "PATCH", f"{REFERENCES}/pack", {"ignore": [area]}, If_Match=etag)
    s.problem(400, "bad-field", "PATCH", f"{REFERENCES}/pack", {"ignore": ["0,0,9,9"] * 257}, If_Match=etag)
    s.problem(400, "bad-field", "PATCH", f"{REFERENCES}/pack", {"ignore": "0,0,9,9"}, If_Match=etag)
    s.problem(400, "bad-request", "PATCH", f"{REFERENCES}/pack", {"tags": ["x" * 65]}, If_Match=etag)
    check(s.ask("GET", f"{REFERENCES}/pack")[1]["ETag"] == etag, "nothing was written")


def check_pictures(s):
    path = f"{REFERENCES}/pack/picture"
    status, fields, data = s.ask("GET", path)
    check(status == 200 and size_of(data)[0] == 900, f"{size_of(data)}")
    check(fields["Cache-Control"] == "private, no-cache", "the newest may be another")
    status, fields, data = s.ask("GET", f"{path}?version=1&w=120")
    check(status == 200 and size_of(data)[0] == 120 and "immutable" in fields["Cache-Control"], f"{status} {fields}")
    check(s.ask("GET", f"{path}?version=1&w=120", If_None_Match=fields["ETag"])[0] == 304, "a picture that is held is not made again")
    s.problem(404, "not-found", "GET", f"{path}?version=99")
    s.problem(400, "bad-query", "GET", f"{path}?w=0")
    s.problem(400, "bad-query", "GET", f"{path}?w=12px")
    s.problem(400, "bad-query", "GET", f"{path}?version=99999999999999999999")
    thumb = s.ask("GET", "/api/v1/images/original.png/thumb?w=64")
    check(thumb[0] == 200 and size_of(thumb[2])[0] == 64 and thumb[1]["Content-Type"] == "image/jpeg", "thumb")
    s.problem(400, "missing-query", "GET", "/api/v1/images/original.png/thumb")
    check(size_of(s.ask("GET", "/api/v1/images/reference:pack@1/thumb?w=32")[2])[0] == 32, "a stored one, as a picture")
    said = subprocess.run([LIKENESS, "info", os.path.join(SAMPLES, "original.png"), "--json"], capture_output=True, check=True)
    quality = s.ask("GET", "/api/v1/images/original.png/quality")[2]
    check(quality["stars"] == 5 and quality in [f["quality"] for f in json.loads(said.stdout)["files"]], f"{quality} is not what info says")
    s.problem(404, "not-found", "GET", "/api/v1/images/never.png/quality")
    status, _, c = s.ask("POST", "/api/v1/compare", {"a": "reference:pack@1", "b": "reference:pack"})
    check(status == 200 and c["verdict"] == "same", f"two versions compared: {c}")
    s.problem(404, "not-found", "POST", "/api/v1/compare", {"a": "reference:none", "b": "reference:pack"})
    s.problem(400, "bad-request", "POST", "/api/v1/compare", {"a": "reference:../x", "b": "reference:pack"})


def check_list(s):
    for i in range(7):
        add(s, {"id": f"dot-{i}", "image": "dot", "tags": ["dots"] if i % 2 else [], "name": f"Dot {'ÄB'[i % 2]}"})
    pages, cursor = [], ""
    while cursor is not None:
        answer = s.ask("GET", f"{REFERENCES}?limit=3{cursor}")[2]
        pages.append([r["id"] for r in answer["references"]])
        cursor = f"&cursor={answer['next']}" if "next" in answer else None
    check(pages == [["dot-0", "dot-1", "dot-2"], ["dot-3", "dot-4", "dot-5"], ["dot-6", "pack"]], f"{pages}")
    names = [r["id"] for r in s.ask("GET", f"{REFERENCES}?tag=dots")[2]["references"]]
    check(names == ["dot-1", "dot-3", "dot-5"], f"tag: {names}")
    check(len(s.ask("GET", f"{REFERENCES}?q=DOT%20b")[2]["references"]) == 3, "q, in any letters")
    check(s.ask("GET", f"{REFERENCES}?q=%25' OR 1=1 --".replace(" ", "%20"))[2]["references"] == [], "q is a text")
    check(s.ask("GET", f"{REFERENCES}?tag=' OR 1=1 --".replace(" ", "%20"))[2]["references"] == [], "a tag is a text")
    for query in ("limit=0", "limit=501", "limit=x", "limit=1e2", "cursor=../x", "removed=yes", "tag=" + "x" * 65, "q="):
        s.problem(400, "bad-query", "GET", f"{REFERENCES}?{query}")
    s.problem(400, "unknown-query", "GET", f"{REFERENCES}?tags=dots")


def check_retire(s):
    path = f"{REFERENCES}/dot-1"
    etag = s.ask("GET", path)[1]["ETag"]
    s.problem(428, "need-match", "DELETE", path)
    s.problem(412, "stale", "DELETE", path, If_Match='"dot-1@9"')
    status, fields, gone = s.ask("DELETE", f"{path}?note=sold%20out", If_Match=etag)
    check(status == 200 and gone["removed"] and fields["ETag"] != etag, f"{status} {gone}")
    s.problem(404, "not-found", "DELETE", path, If_Match=fields["ETag"])
    check("dot-1" not in [r["id"] for r in s.ask("GET", f"{REFERENCES}?limit=500")[2]["references"]], "it is out of use")
    check("dot-1" in [r["id"] for r in s.ask("GET", f"{REFERENCES}?limit=500&removed=1")[2]["references"]], "and there when asked for")
    check(s.ask("GET", f"{path}/picture")[0] == 200, "nothing is erased")
    status, _, back = s.ask("PATCH", path, {"note": "sold again"}, If_Match=fields["ETag"])
    check(status == 201 and back["version"] == 2 and not back["removed"], f"it comes back: {status} {back}")
    log = [e["kind"] for e in by_command(s, "audit", "list", "--subject", "dot-1")["entries"]]
    check(log == ["ref.add", "ref.rm", "ref.add"], f"{log}")


def check_refusals(s):
    s.problem(412, "stale", "POST", REFERENCES, {"id": "pack", "image": "dot"}, If_None_Match="*")
    s.problem(412, "stale", "POST", REFERENCES, {"id": "pack", "image": "dot"}, If_Match='"pack@1"')
    s.problem(404, "not-found", "PATCH", f"{REFERENCES}/none", {"name": "x"}, If_Match="*")
    s.problem(404, "not-found", "GET", f"{REFERENCES}/none")
    s.problem(404, "not-found", "GET", f"{REFERENCES}/none/versions")
    s.problem(404, "not-found", "GET", f"{REFERENCES}/none/picture")
    for name in ("..%2fx", "%2e%2e", "a%00b", "%27%3b--", "x@", "x@0", "x@1@2", "%ff", "a" * 129):
        status = s.ask("GET", f"{REFERENCES}/{name}")[0]
        check(status in (400, 404), f"{name}: {status}")
        status = s.ask("PATCH", f"{REFERENCES}/{name}", {"name": "x"}, If_Match="*")[0]
        check(status in (400, 404), f"PATCH {name}: {status}")
    s.problem(404, "not-found", "GET", f"{REFERENCES}/{'a' * 500}")
    s.problem(405, "unknown-method", "PUT", f"{REFERENCES}/pack", {})
    s.problem(400, "bad-field", "POST", REFERENCES, {"id": "x", "image": "dot", "name": "x" * 501})
    s.problem(404, "not-found", "DELETE", "/api/v1/images/never")
    s.upload("spare", png(9, 9))
    digest = base64.b64encode(hashlib.sha256(png(9, 9)).digest()).decode()
    status = s.ask("POST", "/api/v1/images", png(9, 9), Content_Type="image/png", Content_Digest=f"sha-512=:AA==:, sha-256=:{digest}:")[0]
    check(status == 200, f"its digest is right: {status}")
    for wrong in (digest[:-4] + "AAA=", "", "AAAA"):
        s.problem(422, "digest-mismatch", "POST", "/api/v1/images", png(9, 9), Content_Type="image/png", Content_Digest=f"sha-256=:{wrong}:")
    check(s.ask("DELETE", "/api/v1/images/spare")[0] == 204 and s.ask("GET", "/api/v1/images/spare")[0] == 404, "forgotten")


def main():
    s = Service(LIKENESS)
    try:
        s.upload("original.png", sample("original.png"))
        s.upload("dot", png(64, 48))
        check_versions(s)
        check_areas(s)
        check_pictures(s)
        check_list(s)
        check_retire(s)
        check_refusals(s)
        check(by_command(s, "audit", "verify")["check"]["good"], "the log is whole")
    finally:
        s.stop()
    print("ok")


main()
