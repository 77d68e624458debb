#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check_serve.py LIKENESS SAMPLES: every documented route of the real service, its documents against the command's, and what it refuses."""
import json
import os
import socket
import subprocess
import sys
import tempfile
import time

from service import PATIENCE, Service, check, png

LIKENESS, SAMPLES = [os.path.abspath(a) for a in sys.argv[1:3]]
COMPARE = "/api/v1/compare"


def sample(name):
    with open(os.path.join(SAMPLES, name), "rb") as f:
        return f.read()


def by_command(*arguments):
    run = subprocess.run([LIKENESS, *arguments, "--json"], cwd=SAMPLES, capture_output=True, check=False)
    return json.loads(run.stdout)


def check_alone(s):
    """A second service on the same address says so, instead of taking every other connection."""
    with tempfile.TemporaryDirectory() as folder:
        listen = s.url.rstrip("/").rsplit("/", 1)[1]
        run = subprocess.run([LIKENESS, "serve", "--listen", listen, "--db", folder], capture_output=True, text=True, check=False, timeout=60)
    check(run.returncode == 2 and "Address already in use" in run.stderr, f"{run.returncode} {run.stderr}")


def check_pictures(s):
    status, fields, first = s.upload("original.png", sample("original.png"))
    check(status == 201 and first["width"] == 900 and fields["Location"].endswith(first["id"]), f"upload: {status} {first}")
    check(s.upload("original.png", sample("original.png"))[0] == 200, "the same again is 200")
    form = b'--cut\r\nContent-Disposition: form-data; name="file"; filename="dir/photo.jpg"\r\n\r\n' + sample("photo.jpg") + b"\r\n--cut--\r\n"
    status, _, second = s.ask("POST", "/api/v1/images", form, Content_Type="multipart/form-data; boundary=cut")
    check(status == 201 and second["name"] == "photo.jpg" and second["format"] == "jpeg", f"form: {status} {second}")
    names = [i["name"] for i in s.ask("GET", "/api/v1/images")[2]["images"]]
    check(names == ["photo.jpg", "original.png"], f"the last used first: {names}")
    status, fields, data = s.ask("GET", "/api/v1/images/photo.jpg")
    check(status == 200 and data[:2] == b"\xff\xd8" and data != sample("photo.jpg"), "pictures are encoded again")
    check(fields["X-Content-Type-Options"] == "nosniff" and "sandbox" in fields["Content-Security-Policy"], "headers of pictures")
    check(s.ask("GET", "/api/v1/images/photo.jpg", If_None_Match=fields["ETag"])[0] == 304, "ETag")
    return first["id"]


def check_compare(s, a):
    expected = by_command("compare", "original.png", "photo.jpg")
    check(s.ask("POST", COMPARE, {"a": "original.png", "b": "photo.jpg"})[2] == expected, "compare is not what the command says")
    same = sample("original.png")
    for name, warnings in (("original.jpg", ["named .jpg but the content is png"]), ("again.png", [])):
        check(s.ask("POST", f"/api/v1/images?name={name}", same, Content_Type="image/png")[0] in (200, 201), name)
        told = s.ask("POST", COMPARE, {"a": name, "b": name, "measures": "pixel", "align": "none"})[2]["warnings"]
        check(sorted({w["text"] for w in told}) == warnings, f"the warnings are those of the name: {told}")
    check(s.ask("POST", "/api/v1/images?name=original.png", same, Content_Type="image/png")[0] == 200, "its first name again")
    names = "pixel,orb,ssim"
    numbers = s.ask("POST", COMPARE, {"a": a, "b": "photo.jpg", "measures": names, "measures_only": True, "details": False})[2]
    expected = by_command("compare", "original.png", "photo.jpg", "--measures", names, "--measures-only", "--no-details")
    check(numbers == expected and numbers["score"] is None and len(numbers["measures"]) == 3, "measures alone")
    asked = {"a": a, "b": "photo.jpg", "pictures": True, "measures": "all", "ignore": ["60%,80%,12%,10%"]}
    status, fields, result = s.ask("POST", COMPARE, asked)
    check(status == 200, "by id")
    expected = by_command("compare", "original.png", "photo.jpg", "--measures", "all", "--ignore", "60%,80%,12%,10%")
    check(result == expected and any(m["name"] == "latent" for m in result["measures"]), "all measures, an area left out")
    kept = s.ask("GET", fields["Location"])[2]
    check(kept["asked"] == asked and kept["result"] == result, "what is kept of a comparison")
    check(kept["pictures"] == ["reference", "aligned", "photo", "heat", "map", "differences", "matches"], f"{kept['pictures']}")
    for name in kept["pictures"]:
        status, _, data = s.ask("GET", f"{fields['Location']}/{name}")
        check(status == 200 and data[:2] == b"\xff\xd8", f"picture {name}")
    check(s.ask("GET", f"{fields['Location']}/result.json")[2] == result, "the result alone")
    status, saved, page = s.ask("GET", f"{fields['Location']}/report.html")
    check(status == 200 and page.startswith(b"<!doctype html>") and saved["Content-Disposition"] == "attachment; filename=report.html",
          f"report: {status} {saved}")
    s.problem(404, "not-found", "GET", "/api/v1/comparisons/none/report.html")
    s.problem(400, "bad-request", "POST", COMPARE, {"a": a, "b": "photo.jpg", "ignore": ["0,0,100%,100%"]})
    s.problem(404, "not-found", "GET", f"{fields['Location']}/other")


def check_store(s):
    added = {"id": "pack", "image": "original.png", "tags": ["box"], "name": "Package"}
    check(s.ask("POST", "/api/v1/references", added)[0] == 201, "reference")
    listed = s.ask("GET", "/api/v1/references")[2]["references"]
    check([(r["id"], r["tags"], r["format"]) for r in listed] == [("pack", ["box"], "png")], f"{listed}")
    status, _, v = s.ask("POST", "/api/v1/verify", {"photo": "photo.jpg", "reference": "pack", "note": "first"})
    check(status == 200 and v["schema"] == "likeness/verify/1" and v["verdict"] == "same", f"verify: {status} {v}")
    status, _, v = s.ask("POST", "/api/v1/verify", {"photo": "photo.jpg"})
    check(status == 200 and v["verdict"] == "same", f"identify: {status} {v}")
    log = by_command("audit", "list", "--db", os.path.join(s.folder.name, "store"))
    check(json.dumps(log).count('"verify"') >= 2, f"both are in the log: {log}")
    s.problem(404, "not-found", "POST", "/api/v1/verify", {"photo": "photo.jpg", "reference": "other"})
    s.problem(400, "bad-field", "POST", "/api/v1/references", {"id": "../x", "image": "original.png"})
    check(s.ask("GET", "/api/v1/cameras")[2] == {"cameras": []}, "cameras")
    s.problem(404, "not-found", "GET", "/api/v1/cameras/none/events")


def check_document(s):
    """Each documented route is there, and each of its methods answers something else than 404 and 405."""
    document = s.ask("GET", "/api/v1/openapi.json")[2]
    for path, methods in document["paths"].items():
        for method, route in methods.items():
            if "text/event-stream" in next(iter(route["responses"].values())).get("content", {}):
                continue  # never ends: check_jobs.py
            status, _, body = s.ask(method.upper(), path.replace("{schema}", "compare-1"), {} if "requestBody" in route else None)
            named = "{" in path.replace("{schema}", "")
            check(status != 405 and (status < 404 or status == 415 or (named and status == 404)), f"{method} {path}: {status} {body}")
            for schema in [c.get("schema", {}).get("$ref") for c in list(route["responses"].values())[0].get("content", {}).values()]:
                check(schema is None or s.ask("GET", schema)[0] == 200, f"{schema} is not there")
    for path in ("/livez", "/readyz", "/version", "/"):
        check(s.ask("GET", path)[0] == 200, path)
    check(b"likeness_http_requests_total" in s.ask("GET", "/metrics")[2], "metrics")
    check(s.ask("HEAD", "/livez")[0] == 200, "HEAD")


def check_tags(s):
    """What a GET answers has a strong ETag, under which it need not come again; another state has another one."""
    def get(path, **headers):
        status, fields, body = s.ask("GET", path, **headers)
        return status, fields.get("ETag"), fields["Cache-Control"], body
    for path in ("/api/v1/images", "/api/v1/references", "/api/v1/cameras", "/api/v1/openapi.json", "/api/v1/schemas/compare-1", "/api/v1/audit", "/compare", "/site.mjs"):
        status, tag, cache, body = get(path)
        check(status == 200 and tag and tag[0] == '"' and cache == "private, no-cache", f"{path}: {status} {tag} {cache}")
        check(get(path)[1:] == (tag, cache, body), f"{path}: the same again")
        check(get(path, If_None_Match=f'"x", {tag}')[0::3] == (304, b""), f"{path}: held")
        again = [s.ask("GET", path, **headers)[1]["Content-Security-Policy"] for headers in ({}, {"If_None_Match": tag})]
        check(again[0] == again[1], f"{path}: what is held keeps its policy: {again}")
        check(get(path, If_None_Match='"x"')[0] == 200, f"{path}: another is held")
    before = get("/api/v1/images")[1]
    s.upload("one-more", png(9, 9))
    check(get("/api/v1/images", If_None_Match=before)[0] == 200, "another list")
    for path in ("/livez", "/metrics"):
        check(get(path)[1:3] == (None, "no-store"), path)
    document = s.ask("GET", "/api/v1/openapi.json")[2]
    post = document["paths"]["/api/v1/verifications"]["post"]
    key = next(p for p in post["parameters"] if p["name"] == "Idempotency-Key")
    check("24 hours" in key["description"] and {"200", "409", "422", "default"} == set(post["responses"]), f"{post}")
    check(set(document["components"]["headers"]) == {"ETag", "Location", "Retry-After"}, "headers")
    check("Retry-After" in document["components"]["responses"]["problem"]["headers"], "of problems")
    listed = document["paths"]["/api/v1/cameras"]["get"]["responses"]
    check("ETag" in listed["200"]["headers"] and "304" in listed and "score" in str(listed["200"]), f"{listed}")


def check_refusals(s):
    s.problem(404, "not-found", "GET", "/api/v1/nothing")
    check(s.problem(405, "unknown-method", "DELETE", "/livez")["Allow"] == "GET", "Allow")
    s.problem(400, "unknown-field", "POST", COMPARE, {"a": "x", "b": "y", "c": 1})
    s.problem(400, "missing-field", "POST", COMPARE, {"a": "x"})
    s.problem(400, "bad-field", "POST", COMPARE, {"a": 1, "b": "y"})
    s.problem(400, "bad-field", "POST", COMPARE, {"a": "original.png", "b": "photo.jpg", "align": "sideways"})
    s.problem(400, "bad-json", "POST", COMPARE, '{"a": "x", "a": "y"}', Content_Type="application/json")
    s.problem(400, "bad-json", "POST", COMPARE, "[" * 5000, Content_Type="application/json")
    s.problem(415, "unsupported-type", "POST", COMPARE, "{}", Content_Type="text/plain")
    s.problem(413, "too-large", "POST", COMPARE, " " * 70000, Content_Type="application/json")
    s.problem(400, "unknown-query", "GET", "/livez?x=1")
    s.problem(421, "unknown-host", "GET", "/livez", Host="evil.example")
    s.problem(403, "other-origin", "POST", COMPARE, {"a": "x", "b": "y"}, Origin="http://evil.example")
    s.problem(403, "other-origin", "POST", COMPARE, {"a": "x", "b": "y"}, Sec_Fetch_Site="cross-site")
    s.problem(404, "not-found", "POST", COMPARE, {"a": "never", "b": "photo.jpg"})
    s.problem(404, "not-found", "GET", "/api/v1/images/..%2f..%2fetc%2fpasswd")
    two = b'--cut\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--cut\r\nContent-Disposition: form-data; name="b"\r\n\r\n2\r\n--cut--\r\n'
    s.problem(400, "bad-form", "POST", "/api/v1/images", two, Content_Type="multipart/form-data; boundary=cut")
    check(s.ask("GET", "/livez", X="y" * 60000)[0] in (400, 413, 431), "a header of 60 kB")


def check_hostile_pictures(s):
    path = "/api/v1/images"
    whole = sample("original.png")
    s.problem(422, "too-many-pixels", "POST", path, png(100000, 100000, b"\0"), Content_Type="image/png")
    s.problem(422, "corrupt-image", "POST", path, whole[:100000], Content_Type="image/png")
    s.problem(422, "corrupt-image", "POST", path, png(64, 64, b"\0" * 9), Content_Type="image/png")
    s.problem(415, "unsupported-format", "POST", path, b"<svg xmlns='http://www.w3.org/2000/svg'/>", Content_Type="image/png")
    s.problem(415, "unsupported-type", "POST", path, whole, Content_Type="text/html")
    s.problem(400, "empty", "POST", path, b"", Content_Type="image/png")
    s.problem(413, "too-large", "POST", path, b"x" * ((8 << 20) + 1), Content_Type="image/png")
    check(s.upload("dot", png(7, 5))[0] == 201, "and then a good one")


def check_slow_client(s):
    """A head that never ends is cut off, and nobody waits for it."""
    slow = [socket.create_connection(("127.0.0.1", s.port)) for _ in range(200)]
    for c in slow:
        c.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n")
    began = time.monotonic()
    check(s.ask("GET", "/livez")[0] == 200 and time.monotonic() - began < 5, "livez beside 200 slow clients")
    slow[0].settimeout(PATIENCE)
    check(slow[0].recv(100) == b"" and time.monotonic() - began < 30, "a slow head is cut off")
    for c in slow:
        c.close()


def main():
    s = Service(LIKENESS, "--max-body", "8Mi")
    try:
        check_alone(s)
        check_compare(s, check_pictures(s))
        check_store(s)
        check_document(s)
        check_tags(s)
        check_refusals(s)
        check_hostile_pictures(s)
        check_slow_client(s)
        check(s.ask("GET", "/readyz")[0] == 200, "ready after all that")
    finally:
        s.stop()
    refused = subprocess.run([LIKENESS, "serve", "--listen", "0.0.0.0:0", "--db", "/nonexistent/x"], capture_output=True, check=False)
    check(refused.returncode == 2, "other addresses than loopback's are refused")
    print("ok")


main()
