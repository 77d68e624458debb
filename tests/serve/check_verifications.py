#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check_verifications.py LIKENESS SAMPLES: verdicts over HTTP, once each however often they are asked for, their records, files, decisions,
and the audit log."""
import json
import os
import subprocess
import sys
import tempfile
import threading
import time

from service import PATIENCE, Listener, Service, check, png

LIKENESS, SAMPLES = [os.path.abspath(a) for a in sys.argv[1:3]]
VERIFICATIONS, AUDIT = "/api/v1/verifications", "/api/v1/audit"


def sample(name):
    with open(os.path.join(SAMPLES, name), "rb") as f:
        return f.read()


def by_command(s, *arguments):
    return json.loads(subprocess.run([LIKENESS, *arguments, "--db", s.store, "--json"], capture_output=True, check=False).stdout)


def without(document, *keys):
    return {k: v for k, v in document.items() if k not in keys}


def prepare(s):
    s.upload("original.png", sample("original.png"))
    s.upload("photo.jpg", sample("photo.jpg"), "image/jpeg")
    s.upload("dot", png(320, 240))
    check(s.ask("POST", "/api/v1/references", {"id": "pack", "image": "original.png"})[0] == 201, "reference")


def check_once(s):
    """One key, one verdict: the same answer again, nothing for another body, and one at a time."""
    body = {"photo": "photo.jpg", "reference": "pack", "pictures": True, "report": True, "evidence": True, "actor": "ann"}
    status, fields, first = s.ask("POST", VERIFICATIONS, body, Idempotency_Key='"phone-1"')
    check(status == 200 and first["verdict"] == "same", f"{status} {first}")
    place = fields["Location"]
    check(place.startswith(VERIFICATIONS + "/"), place)
    again = s.ask("POST", VERIFICATIONS, body, Idempotency_Key="phone-1")
    check(again[0] == 200 and again[2] == first and again[1]["Location"] == place, "the same answer")
    s.problem(422, "idempotency-mismatch", "POST", VERIFICATIONS, {**body, "note": "x"}, Idempotency_Key='"phone-1"')
    for bad in ('""', "a b", "x" * 201, '"'):
        s.problem(400, "bad-request", "POST", VERIFICATIONS, body, Idempotency_Key=bad)
    s.problem(404, "not-found", "POST", VERIFICATIONS, {"photo": "never"}, Idempotency_Key="fails")
    status, _, answer = s.ask("POST", VERIFICATIONS, {"photo": "dot"}, Idempotency_Key="fails-2")
    check(status == 200, f"{status} {answer}")
    check_news(s, first)
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(s.ask("POST", VERIFICATIONS, {"photo": "photo.jpg"}, Idempotency_Key="race"))) for _ in range(6)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    statuses = sorted(a[0] for a in answers)
    check(set(statuses) <= {200, 409} and 200 in statuses, f"{statuses}")
    check(len({a[2]["log_entry"] if "log_entry" in a[2] else a[1]["Location"] for a in answers if a[0] == 200}) == 1, "one entry for all")
    listed = s.ask("GET", VERIFICATIONS)[2]["verifications"]
    check(len(listed) == 3, f"three verdicts: {listed}")
    command = subprocess.run([LIKENESS, "verify", os.path.join(SAMPLES, "photo.jpg"), "--ref", "pack", "--db", s.store, "--no-store", "--json"],
                             capture_output=True, check=False)
    expected = json.loads(command.stdout)
    volatile = ("record", "log", "warnings", "inputs", "log_entry", "log_hash", "actor", "at", "note", "timings")
    check(without(first, *volatile) == without(expected, *volatile), "not what the command says")
    return place, body, first


def check_news(s, first):
    """Each verdict was told once to those who listen: not again with an answer that was kept."""
    told = Listener(s.port, "/api/v1/events", 0).events()
    document = next(d for _, kind, d in told if kind == "verification.done")
    check(document == {"entry": first["log_entry"], "verdict": "same", "intact": first["intact"], "reference": "pack", "version": 1}, f"{document}")
    document = next(d for _, kind, d in told if kind == "verification.done")
    check(document["entry"] > first["log_entry"] and document["reference"] is None, f"{document}")
def all_files(s, place):
    return {name: s.ask("GET", path)[2] for name, path in s.ask("GET", place)[2]["files"].items()}


def check_forgotten(s):
    """What the store forgets while the service runs is forgotten, though its memory may have it still."""
    s.upload("photo.jpg", sample("photo.jpg"), "image/jpeg")
    place = s.ask("POST", VERIFICATIONS, {"photo": "photo.jpg", "reference": "pack", "pictures": True, "report": True, "evidence": True})[1]["Location"]
    check(s.ask("GET", f"{place}/report.html")[0] in (200, 410), "at once")
    until = time.monotonic() + PATIENCE
    while s.ask("GET", f"{place}/report.html")[0] == 200 and time.monotonic() < until:
        time.sleep(0.2)
    s.problem(410, "gone", "GET", f"{place}/report.html")
    check(s.ask("GET", place)[2]["files"] == {}, "none is told of")


def check_restart(s, body, first, place):
    """The answer and what was made beside it outlive a kill -9, and are forgotten, the oldest first, where there is to be less."""
    before = all_files(s, place)
    check(set(before) >= {"result.json", "report.html", "evidence.lkev", "photo", "heat"}, f"{sorted(before)}")
    s.restart()
    again = s.ask("POST", VERIFICATIONS, body, Idempotency_Key='"phone-1"')
    check(again[0] == 200 and again[2] == first, f"after a kill: {again[0]} {again[2]}")
    check(all_files(s, place) == before, "the same bytes")
    check(by_command(s, "db", "check")["sound"], "db check")
    usual = s.command
    s.command = [*usual, "--keep-verdicts", "1Mi,30d"]
    s.restart()
    until = time.monotonic() + PATIENCE
    while s.ask("GET", place)[2]["files"] and time.monotonic() < until:
        time.sleep(0.1)
    check(s.ask("GET", place)[2]["files"] == {}, "forgotten")
    s.problem(410, "gone", "GET", f"{place}/report.html")
    check(s.ask("GET", place)[2]["verdict"] == "same", "the record stays")
    check_forgotten(s)
    s.command = [*usual, "--keep-verdicts", "none"]
    s.restart()
    s.upload("dot", png(320, 240))
    fields = s.ask("POST", VERIFICATIONS, {"photo": "dot", "reference": "pack", "report": True})[1]
    check(s.ask("GET", f"{fields['Location']}/report.html")[0] == 200, "in memory for a while")
    s.command = usual
    s.restart()
    s.problem(410, "gone", "GET", f"{fields['Location']}/report.html")
    check(by_command(s, "db", "check")["sound"], "db check")


def check_record(s, place):
    status, _, one = s.ask("GET", place)
    check(status == 200 and one["verdict"] == "same" and one["reference"] == "pack" and one["actor"] == "ann", f"{one}")
    check(one["record"]["photo"]["sha256"] == one["photo_sha256"] and one["log"]["seq"] == one["entry"], f"{one}")
    check(set(one["files"]) >= {"result.json", "report.html", "evidence.lkev", "reference", "aligned", "heat", "differences"}, f"{one['files']}")
    status, fields, page = s.ask("GET", one["files"]["report.html"])
    check(status == 200 and b"<html" in page[:200] and fields["Content-Disposition"] == "attachment; filename=report.html", f"{fields}")
    check("sandbox" in fields["Content-Security-Policy"], "a report is not shown as a page of the service")
    bundle = s.ask("GET", one["files"]["evidence.lkev"])[2]
    with tempfile.NamedTemporaryFile(suffix=".lkev") as f:
        f.write(bundle)
        f.flush()
        good = subprocess.run([LIKENESS, "evidence", "check", f.name, "--json"], capture_output=True, check=False)
        good = json.loads(good.stdout)
    check(good["good"] and good["entry"] == one["entry"], f"{good}")
    check(s.ask("GET", one["files"]["heat"])[2][:2] == b"\xff\xd8", "heat")
    check(s.ask("GET", one["files"]["result.json"])[2]["verdict"] == "same", "result")
    s.problem(404, "not-found", "GET", f"{place}/other")
    for entry in ("0", "1", "x", "999999", "-1", "9" * 30, "%27", "1e1"):
        s.problem(404, "not-found", "GET", f"{VERIFICATIONS}/{entry}")
        s.problem(404, "not-found", "GET", f"{VERIFICATIONS}/{entry}/report.html")
        s.problem(404, "not-found", "POST", f"{VERIFICATIONS}/{entry}/decision", {"decision": "accept", "reason": "x"})


def check_decisions(s, place):
    path = f"{place}/decision"
    check(s.ask("POST", path, {"decision": "accept", "actor": "bob"})[0] == 201, "with the machine")
    s.problem(422, "reason-required", "POST", path, {"decision": "reject"})
    s.problem(422, "reason-required", "POST", path, {"decision": "reject", "reason": " \n"})
    status, _, made = s.ask("POST", path, {"decision": "reject", "reason": "wrong lot", "actor": "eve"})
    check(status == 201, f"{made}")
    s.problem(400, "bad-field", "POST", path, {"decision": "maybe"})
    s.problem(400, "missing-field", "POST", path, {"reason": "x"})
    one = s.ask("GET", place)[2]
    check([(d["decision"], d["actor"], d["reason"]) for d in one["decisions"]] == [("accept", "bob", ""), ("reject", "eve", "wrong lot")], f"{one}")
    rejected = s.ask("GET", f"{VERIFICATIONS}?decision=reject")[2]["verifications"]
    check([v["entry"] for v in rejected] == [one["entry"]] and rejected[0]["decision_entry"] == made["entry"], f"{rejected}")
    check(len(s.ask("GET", f"{VERIFICATIONS}?decision=none")[2]["verifications"]) == 2, "not decided")
    check(by_command(s, "audit", "show", str(made["entry"]))["entries"][0]["kind"] == "decision", "an entry of its own")


def check_list(s):
    for i in range(5):
        s.ask("POST", VERIFICATIONS, {"photo": "dot", "reference": "pack", "actor": f"u{i % 2}"})
    seen, cursor = [], ""
    while cursor is not None:
        answer = s.ask("GET", f"{VERIFICATIONS}?limit=3{cursor}")[2]
        seen.append([v["entry"] for v in answer["verifications"]])
        cursor = f"&cursor={answer['next']}" if "next" in answer else None
    flat = [e for page in seen for e in page]
    check(len(flat) == 8 and flat == sorted(flat, reverse=True) and [len(p) for p in seen if p] == [3, 3, 2], f"{seen}")
    check(len(s.ask("GET", f"{VERIFICATIONS}?actor=u1")[2]["verifications"]) == 2, "actor")
    check(all(v["verdict"] == "same" for v in s.ask("GET", f"{VERIFICATIONS}?verdict=same")[2]["verifications"]), "verdict")
    day = s.ask("GET", VERIFICATIONS)[2]["verifications"][0]["at"][:10]
    check(len(s.ask("GET", f"{VERIFICATIONS}?day={day}")[2]["verifications"]) == 8, "day")
    check(s.ask("GET", f"{VERIFICATIONS}?day=2001-01-01")[2]["verifications"] == [], "another day")
    check(s.ask("GET", f"{VERIFICATIONS}?reference=none")[2]["verifications"] == [], "another reference")
    for query in ("verdict=maybe", "day=today", "day=2026-1-1", "cursor=x", "cursor=0", "limit=-1", "decision=", "actor="):
        s.problem(400, "bad-query", "GET", f"{VERIFICATIONS}?{query}")


def check_audit(s):
    whole = by_command(s, "audit", "list", "--last", "0")
    check(s.ask("GET", f"{AUDIT}?after=0&limit=1000")[2] == whole, "the document of the command")
    head = whole["head"]
    last = s.ask("GET", f"{AUDIT}?limit=4")[2]
    check(last["entries"] == whole["entries"][-4:] and last["next_before"] == last["entries"][0]["seq"], "the last ones")
    check(s.ask("GET", f"{AUDIT}?limit=4&before={last['next_before']}")[2]["entries"] == whole["entries"][-8:-4], "those before")
    part = s.ask("GET", f"{AUDIT}?after=2&limit=3")[2]
    check([e["seq"] for e in part["entries"]] == [3, 4, 5] and part["next_after"] == 5, f"{part}")
    check(s.ask("GET", f"{AUDIT}?after={head['count']}")[2]["entries"] == [], "behind the end")
    check(s.ask("GET", f"{AUDIT}?before=1")[2]["entries"] == [], "before the beginning")
    check({e["kind"] for e in s.ask("GET", f"{AUDIT}?kind=ref&after=0")[2]["entries"]} == {"ref.add"}, "kind")
    check(s.ask("GET", f"{AUDIT}/head")[2]["head"] == head, "head")
    proof = s.ask("GET", f"{AUDIT}/proof/3")[2]
    check(proof["entries"] == whole["entries"][2:] and proof["head"] == head, "a proof")
    for n in ("0", "x", "99999", "3e0", "%2e"):
        s.problem(404, "not-found", "GET", f"{AUDIT}/proof/{n}")
    verified = s.ask("GET", f"{AUDIT}/verify")[2]
    check(verified == by_command(s, "audit", "verify") and verified["check"]["good"], f"{verified}")
    kept = f"{head['count']}:{head['hash']}"
    check(s.ask("GET", f"{AUDIT}/verify?head={kept}")[2]["check"]["good"], "from a kept head")
    other = s.ask("GET", f"{AUDIT}/verify?head=1:{'0' * 64}")[2]["check"]
    check(not other["good"], "a head of another log")
    s.problem(400, "bad-query", "GET", f"{AUDIT}/verify?head=x")
    s.problem(400, "bad-query", "GET", f"{AUDIT}?after=1&before=2")
    s.problem(405, "unknown-method", "DELETE", AUDIT)


def main():
    s = Service(LIKENESS)
    try:
        prepare(s)
        place, body, first = check_once(s)
        check_record(s, place)
        check_decisions(s, place)
        check_list(s)
        check_audit(s)
        check_restart(s, body, first, place)
        check_audit(s)
    finally:
        s.stop()
    print("ok")


main()
