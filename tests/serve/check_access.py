#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check_access.py LIKENESS SAMPLES: tokens, scopes, sessions of browsers, their ends, and how much may be asked a minute."""
import http.client
import json
import os
import re
import sqlite3
import stat
import subprocess
import sys
import time

from service import Service, check, noise, png

LIKENESS, SAMPLES = [os.path.abspath(a) for a in sys.argv[1:3]]
FREE = {"/livez", "/readyz", "/version", "/api/v1/openapi.json", "/api/v1/session", "/login", "/logout", "/problems"}


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def token(s, *arguments):
    run = subprocess.run([LIKENESS, "token", *arguments, "--db", s.store, "--json"], capture_output=True, check=False)
    return json.loads(run.stdout)


def first_token(s):
    path = os.path.join(s.store, "first-token")
    check(stat.S_IMODE(os.stat(path).st_mode) == 0o600, "only its owner can read the first token")
    with open(path, encoding="ascii") as f:
        return f.read().strip()


def check_closed(s, admin):
    """Nothing but what is free answers without a token; every other route says 401 whatever is sent."""
    document = s.ask("GET", "/api/v1/openapi.json")[2]
    closed = 0
    for path, methods in document["paths"].items():
        for method, route in methods.items():
            status, fields, body = s.ask(method.upper(), path, {} if "requestBody" in route else None)
            if path in FREE or path.startswith("/api/v1/schemas/") or not route["security"]:
                check(status not in (401, 403), f"{method} {path} is free: {status}")
                check(path in FREE or path.startswith("/api/v1/schemas/") or "html" in str(fields) or "text/" in str(fields), f"{path} should not be free")
                continue
            closed += 1
            check(status == 401 and fields["WWW-Authenticate"] and body["code"] == "unauthorized", f"{method} {path}: {status} {body}")
            check("x-scopes" in route, f"{path} does not say its scopes")
    check(closed > 20, f"only {closed} routes are closed")
    for bad in ("", "lk_", "lk_" + "0" * 64, admin[:-1], admin + "0", "lk_" + "x" * 5000, "' OR 1=1 --"):
        s.problem(401, "unauthorized", "GET", "/api/v1/references", **bearer(bad))
    s.problem(401, "unauthorized", "GET", "/api/v1/references", Authorization="Basic " + admin)
    s.problem(401, "unauthorized", "GET", "/metrics")
    check(s.ask("GET", "/metrics", **bearer(admin))[0] == 200, "metrics with a token")


def wait_for(holds, text):
    until = time.monotonic() + 20
    while not holds():
        check(time.monotonic() < until, text)
        time.sleep(0.2)


def check_scopes(s, admin):
    reader = token(s, "add", "reader", "--scope", "read", "--days", "1")
    gate = token(s, "add", "gate", "--scope", "verify")
    check(reader["token"].startswith("lk_") and gate["scopes"] == "verify", f"{reader}")
    wait_for(lambda: s.ask("GET", "/api/v1/references", **bearer(reader["token"]))[0] == 200, "a new token is known soon")
    wait_for(lambda: s.ask("GET", "/api/v1/session", **bearer(gate["token"]))[2]["name"] == "gate", "and the other")
    picture = png(64, 48)
    s.problem(403, "forbidden", "POST", "/api/v1/images?name=dot", picture, Content_Type="image/png", **bearer(reader["token"]))
    s.problem(403, "forbidden", "POST", "/api/v1/references", {"id": "dot", "image": "dot"}, **bearer(gate["token"]))
    s.problem(403, "forbidden", "POST", "/api/v1/compare", {"a": "dot", "b": "dot"}, **bearer(gate["token"]))
    s.problem(403, "forbidden", "GET", "/api/v1/tokens", **bearer(reader["token"]))
    status, _, uploaded = s.ask("POST", "/api/v1/images?name=dot", picture, Content_Type="image/png", **bearer(gate["token"]))
    check(status == 201 and uploaded["name"] == "dot", "the gate uploads")
    s.problem(404, "not-found", "POST", "/api/v1/references", {"id": "dot", "image": "dot"}, **bearer(admin))
    check(s.ask("POST", "/api/v1/images?name=dot", png(31, 31), Content_Type="image/png", **bearer(admin))[0] == 201, "the same name, of another")
    check(s.ask("POST", "/api/v1/references", {"id": "dot", "image": uploaded["id"], "actor": "somebody"}, **bearer(admin))[2]["actor"] == "first", "the token says who")
    status, _, v = s.ask("POST", "/api/v1/verifications", {"photo": "dot", "reference": "dot", "actor": "eve"}, Idempotency_Key="1", **bearer(gate["token"]))
    check(status == 200 and v["actor"] == "gate", f"the record says who: {v}")
    reviewer = token(s, "add", "eyes", "--scope", "reviewer")
    check(reviewer["scopes"] == "read compare verify decide", f"a role is its scopes: {reviewer}")
    wait_for(lambda: s.ask("GET", "/api/v1/session", **bearer(reviewer["token"]))[2]["name"] == "eyes", "and the third")
    decision = ("POST", f"/api/v1/verifications/{v['log_entry']}/decision", {"decision": "reject", "reason": "by hand"})
    s.problem(403, "forbidden", *decision, **bearer(gate["token"]))
    check(s.ask(*decision, **bearer(reviewer["token"]))[0] == 201, "who reviews decides")
    status, _, other = s.ask("POST", "/api/v1/verifications", {"photo": "dot"}, Idempotency_Key="1", **bearer(admin))
    check(status == 200 and other["log_entry"] != v["log_entry"], "a key is its client's own")
    check(v["inputs"][1]["width"] == 64 and other["inputs"][1]["width"] == 31, "a name is each client's own")
    return reader, gate


def fill(path, word):
    """The path with the word for each of its parameters, and what its query wants."""
    return re.sub(r"\{[^}]*\}", word, path) + ("?w=40" if path.endswith("/thumb") else "")


def check_each_scope(s, admin):
    """A token of one scope alone gets what routes of that scope give, under whatever id it asks: 403 is said where the scope is
    another, and only there; and ids of one kind of thing open nothing of another kind."""
    picture = noise(5)
    status, _, held = s.ask("POST", "/api/v1/images?name=held", picture, Content_Type="image/png", **bearer(admin))
    check(status == 201, "a picture")
    check(s.ask("POST", "/api/v1/references", {"id": "held", "image": "held"}, **bearer(admin))[0] == 201, "an original")
    wishes = {"photo": "held", "reference": "held", "pictures": True, "report": True, "evidence": True}
    status, _, v = s.ask("POST", "/api/v1/verifications", wishes, **bearer(admin))
    entry = v["log_entry"]
    check(status == 200 and s.ask("GET", f"/api/v1/verifications/{entry}/photo", **bearer(admin))[0] == 200, "a verdict's photo")
    paths = s.ask("GET", "/api/v1/openapi.json")[2]["paths"]
    routes = [(path, m["get"]) for path, m in paths.items() if "get" in m and m["get"]["security"]]
    streams = [path for path, get in routes if "text/event-stream" in json.dumps(get["responses"])]
    check(len(routes) > 30 and streams, f"{len(routes)} routes, {streams}")
    asked = 0
    for scope in ("read", "compare", "verify", "decide", "manage"):
        made = s.ask("POST", "/api/v1/tokens", {"name": scope, "scopes": scope}, **bearer(admin))[2]
        headers = bearer(made["token"])
        for path, get in routes:
            may = scope in get["x-scopes"].split()
            for word in ("held", str(entry), f"v{entry}", "reference:held@1"):
                if path in streams and may:
                    continue
                status, _, body = s.ask("GET", fill(path, word), **headers)
                asked += 1
                original = path.startswith("/api/v1/images/{image}") and word.startswith("reference:") and scope != "read"
                check((status in (401, 403)) == (original or not may), f"{scope}: {path} with {word}: {status} {str(body)[:200]}")
        for word in (f"v{entry}", f"v{entry}".ljust(64, "0"), f"v{entry}%2Fphoto"):
            for name in ("photo", "aligned", "result.json", "report.html"):
                status = s.ask("GET", f"/api/v1/comparisons/{word}/{name}", **headers)[0]
                check(status in (403, 404), f"{scope}: a verdict's {name} as a comparison's: {status}")
        if scope in ("compare", "verify"):
            s.problem(403, "forbidden", "GET", "/api/v1/images/reference:held", **headers)
            check(s.ask("GET", f"/api/v1/images/{held['id']}", **headers)[0] == 200, "what was uploaded may be seen")
            s.problem(404, "not-found", "GET", "/api/v1/images/held", **headers)
    check(asked > 400, f"only {asked} requests")


def sessions_of(s):
    connection = sqlite3.connect(os.path.join(s.store, "likeness.db"), timeout=30)
    try:
        return connection.execute("SELECT count(*) FROM token WHERE kind = 'session'").fetchone()[0]
    finally:
        connection.close()


def check_many_sessions(s, admin):
    """One token has so many sessions at a time, the oldest end; what is revoked is gone all the same."""
    made = s.ask("POST", "/api/v1/tokens", {"name": "many", "scopes": "read"}, **bearer(admin))[2]
    names = []
    for i in range(120):
        status, fields, _ = s.ask("POST", "/login", {"token": made["token"]})
        check(status == 200, f"login {i}: {status}")
        names.append(fields["Set-Cookie"].split(";")[0])
    check(sessions_of(s) == 100, f"{sessions_of(s)} sessions are kept")
    s.problem(401, "unauthorized", "GET", "/api/v1/references", Cookie=names[0])
    check(s.ask("GET", "/api/v1/references", Cookie=names[-1])[0] == 200, "the newest is in use")
    check(s.ask("DELETE", f"/api/v1/tokens/{made['id']}", **bearer(admin))[0] == 204, "revoke")
    s.problem(401, "unauthorized", "GET", "/api/v1/references", Cookie=names[-1])
    s.problem(401, "unauthorized", "POST", "/login", {"token": made["token"]})


def check_sessions(s, admin):
    status, fields, who = s.ask("POST", "/login", {"token": admin})
    cookie = fields["Set-Cookie"]
    check(status == 200 and "HttpOnly" in cookie and "SameSite=Strict" in cookie and admin not in cookie, f"{status} {cookie}")
    check(who == {"auth": True, "name": "first", "scopes": "read compare verify decide manage admin"}, f"{who}")
    name = cookie.split(";")[0]
    check(s.ask("GET", "/api/v1/references", Cookie=f"a=b; {name}")[0] == 200, "a page may look")
    origin = s.url.rstrip("/")
    status = s.ask("POST", "/api/v1/images?name=c", png(9, 9), Content_Type="image/png", Cookie=name, Origin=origin)[0]
    check(status == 201, f"a page of ours may change: {status}")
    s.problem(403, "other-origin", "POST", "/api/v1/images", png(9, 9), Content_Type="image/png", Cookie=name)
    s.problem(403, "other-origin", "POST", "/api/v1/images", png(9, 9), Content_Type="image/png", Cookie=name, Origin="http://evil.example")
    secret = name.split("=", 1)[1]
    s.problem(401, "unauthorized", "POST", "/login", {"token": secret})
    check(s.ask("POST", "/logout", Cookie=name, Origin=origin)[0] == 204, "logout")
    s.problem(401, "unauthorized", "GET", "/api/v1/references", Cookie=name)
    for _ in range(5):
        s.ask("POST", "/login", {"token": "lk_" + "1" * 64})
    fields = s.problem(429, "rate-limited", "POST", "/login", {"token": admin})
    check(int(fields["Retry-After"]) >= 1, "how long to wait")


def check_tokens(s, admin, gate):
    status, _, made = s.ask("POST", "/api/v1/tokens", {"name": "page", "scopes": "read compare", "days": 3}, **bearer(admin))
    check(status == 201 and s.ask("GET", "/api/v1/references", **bearer(made["token"]))[0] == 200, f"{made}")
    s.problem(400, "bad-field", "POST", "/api/v1/tokens", {"name": "page", "scopes": "root"}, **bearer(admin))
    listed = s.ask("GET", "/api/v1/tokens", **bearer(admin))[2]["tokens"]
    check([t["name"] for t in listed] == ["first", "reader", "gate", "eyes", "page"], f"{listed}")
    check("lk_" not in json.dumps(listed), "no secrets in lists")
    with open(os.path.join(s.store, "likeness.db"), "rb") as f:
        check(made["token"].encode() not in f.read(), "no secrets in the store")
    check(s.ask("DELETE", f"/api/v1/tokens/{made['id']}", **bearer(admin))[0] == 204, "revoke")
    s.problem(401, "unauthorized", "GET", "/api/v1/references", **bearer(made["token"]))
    s.problem(404, "not-found", "DELETE", f"/api/v1/tokens/{made['id']}", **bearer(admin))
    token(s, "revoke", gate["id"])
    wait_for(lambda: s.ask("GET", "/api/v1/session", **bearer(gate["token"]))[2]["name"] == "", "what the command revokes ends soon")
    log = s.ask("GET", "/api/v1/audit?kind=token&after=0", **bearer(admin))[2]["entries"]
    check([e["kind"] for e in log] == ["token.add"] * 5 + ["token.revoke"] * 2, f"{[e['kind'] for e in log]}")
    check(gate["token"] not in json.dumps(log), "no secrets in the log")


def check_streams(s, admin):
    """A stream of news ends with the token or the session that listens, and only then."""
    made = s.ask("POST", "/api/v1/tokens", {"name": "ear", "scopes": "read"}, **bearer(admin))[2]
    logins = []
    wait_for(lambda: logins.append(s.ask("POST", "/login", {"token": made["token"]})) or logins[-1][0] == 200, "a login after those that failed")
    cookie = logins[-1][1]["Set-Cookie"].split(";")[0]
    streams = []
    for headers in (bearer(made["token"]), {"Cookie": cookie}, bearer(admin)):
        connection = http.client.HTTPConnection("127.0.0.1", s.port, timeout=8)
        connection.request("GET", "/api/v1/events", headers=headers)
        answer = connection.getresponse()
        check(answer.status == 200 and b"retry" in answer.readline(), f"a stream: {answer.status}")
        answer.readline()
        streams.append((connection, answer))
    check(s.ask("DELETE", f"/api/v1/tokens/{made['id']}", **bearer(admin))[0] == 204, "revoke")
    for _, answer in streams[:2]:
        check(b"event" not in answer.read(), "a stream of a revoked token brings no news, and ends")
    check(s.ask("POST", "/api/v1/verifications", {"photo": "held", "reference": "held"}, **bearer(admin))[0] == 200, "news")
    answer = streams[2][1]
    check(any(b"verification.done" in answer.readline() for _ in range(20)), "others go on")
    for connection, _ in streams:
        connection.close()


def check_bytes(address="X-Forwarded-For"):
    """What a body costs does not depend on whether its size was told; a host of IPv6 is its network, at a proxy too."""
    s = Service(LIKENESS, "--rate", "3", "--behind-proxy")
    try:
        megabytes = [bytes(1 << 19)] * 5
        for body in (b"".join(megabytes), iter(megabytes)):
            host = "192.0.2.1" if isinstance(body, bytes) else "192.0.2.2"
            check(s.ask("GET", "/api/v1/references", **{address: host})[0] == 200, "a first one")
            fields = s.problem(429, "rate-limited", "POST", "/api/v1/images", body, Content_Type="image/png", **{address: host})
            check(int(fields["Retry-After"]) >= 1, "how long to wait")
        hosts = [f"2001:db8::{i:x}" for i in range(1, 9)]
        statuses = [s.ask("GET", "/api/v1/references", **{address: host})[0] for host in hosts]
        check(statuses[:3] == [200] * 3 and statuses[-1] == 429, f"addresses of one network: {statuses}")
        for other in ("2001:db8:0:1::1", "::ffff:192.0.2.9", "2001:DB8:0:2::1"):
            check(s.ask("GET", "/api/v1/references", **{address: f"2001:db8::1, {other}"})[0] == 200, f"{other} is another")
    finally:
        s.stop()


def check_store_away():
    """A store that cannot be asked is said to be so: not that what was asked for is not there."""
    s = Service(LIKENESS)
    try:
        check(s.upload("held", noise(6))[0] == 201 and s.ask("POST", "/api/v1/references", {"id": "held", "image": "held"})[0] == 201, "an original")
        s.problem(404, "not-found", "GET", "/api/v1/references/other")
        for folder, _, names in os.walk(s.store):
            for name in names:
                if not name.startswith("likeness.db"):
                    os.unlink(os.path.join(folder, name))
        status, _, body = s.ask("GET", "/api/v1/references/held/picture")
        check(status == 503 and body["code"] == "store-cannot-read" and s.folder.name not in body["detail"], f"a picture of the store is gone: {status} {body}")
    finally:
        s.kill()
        s.folder.cleanup()


def check_rate():
    s = Service(LIKENESS, "--rate", "6")
    try:
        s.problem(404, "not-found", "POST", "/login", {"token": "lk_1"})
        statuses = [s.ask("GET", "/api/v1/references")[0] for _ in range(9)]
        check(statuses[:5] == [200] * 5 and statuses[-1] == 429, f"{statuses}")
        s.problem(429, "rate-limited", "POST", "/login", {"token": "lk_1"})
        check(int(s.problem(429, "rate-limited", "GET", "/api/v1/references")["Retry-After"]) >= 1, "how long to wait")
        check(s.ask("GET", "/livez")[0] == 200, "what is free is free")
        check(s.ask("GET", "/api/v1/session")[2] == {"auth": False, "name": "", "scopes": "read compare verify decide manage admin"}, "nobody logs in")
    finally:
        s.stop()


def main():
    s = Service(LIKENESS, "--auth", "token")
    try:
        admin = first_token(s)
        check_closed(s, admin)
        _, gate = check_scopes(s, admin)
        check_tokens(s, admin, gate)
        check_sessions(s, admin)
        check_each_scope(s, admin)
        check_streams(s, admin)
        s.restart()
        check_many_sessions(s, admin)
        check(s.ask("GET", "/api/v1/references", **bearer(admin))[0] == 200, "after a kill")
    finally:
        s.stop()
    check_rate()
    check_bytes()
    check_store_away()
    for options in (("--auth", "open"), ("--rate", "-1")):
        run = subprocess.run([LIKENESS, "serve", *options], capture_output=True, check=False)
        check(run.returncode == 2, f"{options}")
    print("ok")


main()
