#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check_cameras.py LIKENESS: cameras over HTTP: a camera that the command added gets frames, which are what `watch --once` says of them, is
moved, acknowledged and settled; its documents are the command's; what is refused."""
import json
import os
import random
import subprocess
import sys
import tempfile
import time

from service import Listener, Service, check, png, size_of

LIKENESS = os.path.abspath(sys.argv[1])
CAMERA, WIDTH, HEIGHT, MARGIN = "/api/v1/cameras/gate", 320, 240, 48
PIXELS_TO_DEGREES = 30 / 160  # about: half of 60 degrees are half of the picture


def frame(right=0, seed=0):
    """The scene as a camera sees it that looks so many pixels further right, with a little noise."""
    rng, stride = random.Random(1), WIDTH + 2 * MARGIN
    pixels = bytearray([120]) * (stride * HEIGHT)
    for _ in range(140):
        x, y, level = rng.randrange(stride - 20), rng.randrange(HEIGHT - 10), rng.randrange(20, 236)
        end, bottom = min(stride, x + rng.randrange(6, 50)), min(HEIGHT, y + rng.randrange(6, 40))
        for row in range(y, bottom):
            pixels[row * stride + x:row * stride + end] = bytes([level]) * (end - x)
    noise, rows = random.Random(seed), b""
    for row in range(HEIGHT):
        line = pixels[row * stride + MARGIN + right:row * stride + MARGIN + right + WIDTH]
        rows += b"\0" + bytes(level + n % 7 for level, n in zip(line, noise.randbytes(WIDTH)))
    return png(WIDTH, HEIGHT, rows)


def command(s, *arguments):
    run = subprocess.run([LIKENESS, *arguments, "--db", s.store, "--json"], capture_output=True, check=False, cwd=s.folder.name)
    check(run.returncode in (0, 1), f"{arguments}: {run.returncode} {run.stderr}")
    return json.loads(run.stdout) if run.stdout.startswith(b"{") else None


def write(s, name, data):
    path = os.path.join(s.folder.name, name)
    with open(path, "wb") as f:
        f.write(data)
    return path


def add_camera(s):
    """Two frames in a folder, which only the command reads."""
    os.mkdir(os.path.join(s.folder.name, "frames"))
    for i in range(2):
        write(s, f"frames/{i}.png", frame(0, i))
    command(s, "camera", "add", "gate", "--source", "dir:frames", "--title", "Gate", "--hold", "0", "--learn", "0")
    said = command(s, "watch", "gate", "--once")
    check(said["state"] == "ok" and said["sure"], f"{said}")


def push(s, right, seed, expected):
    status, _, said = s.ask("POST", f"{CAMERA}/frames", frame(right, seed), Content_Type="image/png")
    check(status == 200 and said["schema"] == "likeness/watch/1" and said["state"] == expected and said["sure"], f"{status} {said}")
    return said


def check_standing(s):
    listed = command(s, "camera", "list")["cameras"][0]
    one = s.ask("GET", CAMERA)[2]
    check("source" in listed and "source" not in json.dumps(one) and "token_file" not in json.dumps(one), f"no sources: {one}")
    check({**one, "source": listed["source"]}.items() >= listed.items(), f"{one} is not what the command lists: {listed}")
    del listed["source"]
    check(s.ask("GET", "/api/v1/cameras")[2] == {"cameras": [listed]}, "the list")
    check(one["settings"]["confirm"] == 3 and one["offset"]["zoom"] == 1, f"{one}")
    views = s.ask("GET", f"{CAMERA}/baselines")[2]
    check([v["number"] for v in views["baselines"]] == [1] and views["baselines"][0]["origin"] == "first", f"{views}")
    for number in ("1", "newest"):
        status, fields, data = s.ask("GET", f"{CAMERA}/baselines/{number}?w=100")
        check(status == 200 and fields["Content-Type"] == "image/jpeg" and size_of(data) == (100, 75), f"{status} {size_of(data)}")
        check(("no-cache" in fields["Cache-Control"]) == (number == "newest"), f"{fields['Cache-Control']}")


def check_move(s):
    """Three frames that show it are an event, with its pictures; frozen are those that are the same, bit for bit."""
    check(s.ask("GET", f"{CAMERA}/now")[1]["ETag"] == s.ask("GET", f"{CAMERA}/baselines/1")[1]["ETag"], "nothing newer than the view")
    said = [push(s, 24, 10 + i, "moved") for i in range(3)]
    check([x["events"] for x in said] == [0, 0, 1] and abs(said[2]["offset"]["pan_px"] - 24) < 1, f"{said}")
    one = s.ask("GET", CAMERA)[2]
    check(one["state"] == "moved" and one["latched"] and abs(one["offset"]["pan_px"] - 24) < 1, f"{one}")
    events = s.ask("GET", f"{CAMERA}/events")[2]["events"]
    check([(e["state"], e["acknowledged_ms"]) for e in events] == [("moved", 0)], f"{events}")
    check([e["document"] for e in events] == command(s, "camera", "events", "gate")["events"], "documents")
    path = f"/api/v1/camera-events/{events[0]['id']}"
    check(s.ask("GET", path)[2] == events[0], "one event")
    for when in ("before", "after"):
        status, fields, data = s.ask("GET", f"{path}/{when}")
        check(status == 200 and size_of(data) == (WIDTH, HEIGHT) and "immutable" in fields["Cache-Control"], f"{when}: {status}")
    status, _, data = s.ask("GET", f"{CAMERA}/now?w=160&at=7")
    check(status == 200 and size_of(data) == (160, 120), f"now: {status}")
    return path


def check_aim(s):
    for name, right, aimed in (("away.png", 24, False), ("back.png", 0, True)):
        s.upload(name, frame(right, 77))
        status, _, said = s.ask("GET", f"{CAMERA}/aim?image={name}")
        check(status == 200 and said["schema"] == "likeness/camera-aim/1" and said["aimed"] == aimed, f"{status} {said}")
        check(abs(said["pan_deg"] - right * PIXELS_TO_DEGREES) < 1, f"{said}")
    s.problem(404, "not-found", "GET", f"{CAMERA}/aim?image=never.png")
    s.problem(400, "missing-query", "GET", f"{CAMERA}/aim")


def log_of(s):
    entries = command(s, "audit", "list")["entries"]
    return [(e["kind"], e["actor"], json.loads(e["payload"]).get("note", "")) for e in entries if e["subject"] == "gate"]


def check_acknowledge(s, path):
    """Seen: it ends when all is well. The new normal: what the event shows is the reference."""
    status, _, one = s.ask("POST", f"{path}/ack", {"note": "wind", "actor": "kim"})
    check(status == 200 and not one["latched"] and one["state"] == "moved", f"{status} {one}")
    check(s.ask("GET", path)[2]["acknowledged_ms"] > 0 and log_of(s)[-1] == ("camera.ack", "kim", "wind"), f"{log_of(s)}")
    for i in range(3):
        push(s, 0, 20 + i, "ok")
    check(s.ask("GET", CAMERA)[2]["state"] == "ok", "all is well again")
    for i in range(3):
        push(s, 30, 30 + i, "moved")
    newest = s.ask("GET", f"{CAMERA}/events?limit=1")[2]
    check(newest["events"][0]["state"] == "moved" and newest["next"] == str(newest["events"][0]["id"]), f"{newest}")
    older = s.ask("GET", f"{CAMERA}/events?limit=1&before={newest['next']}")[2]
    check(older["events"][0]["state"] == "ok", f"{older}")
    status, _, one = s.ask("POST", f"/api/v1/camera-events/{newest['next']}/ack", {"normal": True, "note": "new post", "actor": "kim"})
    check(status == 200 and one["state"] == "ok" and not one["latched"] and one["baselines"] == 1, f"{status} {one}")
    check(log_of(s)[-1] == ("camera.baseline", "kim", "new post"), f"{log_of(s)}")
    views = s.ask("GET", f"{CAMERA}/baselines?retired=true")[2]["baselines"]
    check([(v["number"], v["retired_ms"] > 0, v["origin"]) for v in views] == [(1, True, "first"), (2, False, "accepted")], f"{views}")
    push(s, 30, 40, "ok")
    status, _, one = s.ask("POST", f"{CAMERA}/ack", {})
    check(status == 200 and one["state"] == "ok", f"{status} {one}")
    check(len(s.ask("GET", "/api/v1/camera-events?limit=2")[2]["events"]) == 2, "events of all cameras")


def check_changes(s):
    status, _, one = s.ask("POST", f"{CAMERA}/mask", {"ignore": ["0%,0%,25%,10%", "50%,50% 60%,50% 55%,70%"], "actor": "kim"})
    check(status == 200 and one["settings"]["ignore"] == [[0, 0, 0.25, 0, 0.25, 0.1, 0, 0.1], [0.5, 0.5, 0.6, 0.5, 0.55, 0.7]], f"{status} {one}")
    status, _, one = s.ask("PATCH", CAMERA, {"name": "North gate", "confirm": 4, "enabled": False, "hold_s": 2.5})
    check(status == 200 and (one["name"], one["confirm"], one["enabled"], one["hold_s"]) == ("North gate", 4, False, 2.5), f"{status} {one}")
    check(len(one["settings"]["ignore"]) == 2 and one["every_s"] == 30, f"the rest stays: {one}")
    s.upload("beside.png", frame(30, 50))
    status, _, one = s.ask("POST", f"{CAMERA}/baselines", {"image": "beside.png", "beside": True})
    check(status == 200 and one["baselines"] == 2, f"{status} {one}")
    for wrong in ("0,0,10,10", "0%,0%,100%,100%", "1%,1% 2%,2%", "nonsense%", "0%,0%,0%,10%"):
        s.problem(400, "bad-field", "POST", f"{CAMERA}/mask", {"ignore": [wrong]})
    s.problem(400, "bad-field", "POST", f"{CAMERA}/mask", {"ignore": ["0%,0%,1%,1%"] * 65})
    s.problem(400, "missing-field", "POST", f"{CAMERA}/mask", {})
    for body in ({"confirm": 0}, {"confirm": 1 << 40}, {"every_s": -1}, {"threshold": 2}):
        s.problem(400, "bad-request", "PATCH", CAMERA, body)
    s.problem(400, "bad-field", "PATCH", CAMERA, {"name": "x" * 256})
    s.problem(400, "unknown-field", "PATCH", CAMERA, {"source": "http://10.0.0.1/"})
    check(s.ask("GET", CAMERA)[2]["settings"] == one["settings"], "what was refused changed nothing")


def told(events):
    """What of the camera is told next: what it is, and where the camera stands."""
    document = next(d for _, kind, d in events if kind == "camera.state")
    check(document["camera"] == "gate", f"{document}")
    return document["what"], document.get("state"), document.get("latched"), document.get("event")


def check_news(s):
    """Who listens hears of a camera whichever process it was that looked or was told."""
    listener = Listener(s.port, "/api/v1/events")
    events = listener.events()
    for i in range(3):
        write(s, f"frames/z{i}.png", frame(-20, 60 + i))
    status, _, one = s.ask("PATCH", CAMERA, {"confirm": 2, "enabled": True})
    check(status == 200 and told(events) == ("settings", None, None, None), f"{status} {one}")
    lines = subprocess.run([LIKENESS, "watch", "gate", "--until-end", "--jsonl", "--db", s.store], capture_output=True, check=False, cwd=s.folder.name)
    event = json.loads(lines.stdout.splitlines()[-1])  # before it come those of frames that were pushed, which nobody was told
    check(told(events) == ("state", "moved", True, event["id"]) and event["state"] == "moved", f"{event}")
    command(s, "camera", "ack", "gate")
    check(told(events) == ("acknowledged", "moved", False, None), "by the command")
    command(s, "camera", "baseline", "gate", "frames/z2.png")
    check([told(events), told(events)] == [("view", None, None, None), ("state", "ok", False, None)], "a new view")
    for i in range(2):
        push(s, 30, 70 + i, "moved")
    said = [told(events)[:3] for _ in range(2)]
    check(said == [("state", "ok", False), ("state", "moved", True)], f"frames that were pushed; the first ends the alarm that was told: {said}")
    again = Listener(s.port, "/api/v1/events", 0).events()
    check([told(again)[0] for _ in range(3)] == ["settings", "view", "state"], "those that were missed")
    listener.close()


def check_series(s):
    """Each frame of this test is counted once, in steps of ten seconds and of ten minutes; the last one is where the camera stands."""
    now = int(time.time() * 1000)
    one = s.ask("GET", CAMERA)[2]
    for step in (10, 600):
        status, _, said = s.ask("GET", f"{CAMERA}/series?step={step}&from={now - 3600000}&to={now + 600000}")  # frames of a folder count as taken one after the other
        points = said["points"]
        check(status == 200 and said["schema"] == "likeness/camera-series/1" and said["step_s"] == step and said["limit"] == 0.5, f"{status} {said}")
        check(sum(p["frames"] for p in points) == one["frames"] and all(p["missed"] == 0 for p in points), f"{one['frames']} frames: {points}")
        check([p["at_ms"] for p in points] == sorted({p["at_ms"] // (1000 * step) * 1000 * step for p in points}), f"{points}")
        check(all(p["lowest"] <= p["score"] <= p["highest"] for p in points), f"{points}")
        check(abs(points[-1]["lowest"] - one["score"]) < 1e-4 and points[-1]["state"] == one["state"] and points[-1]["baseline"] > 0, f"{one} {points}")
    check(s.ask("GET", f"{CAMERA}/series")[2]["step_s"] == 180 and s.ask("GET", f"{CAMERA}/series?from=5&to=100000000")[2]["points"] == [], "another time")
    s.problem(400, "bad-query", "GET", f"{CAMERA}/series?from=9&to=9")
    s.problem(400, "bad-query", "GET", f"{CAMERA}/series?from=0&step=600")  # too many steps
    s.problem(400, "bad-query", "GET", f"{CAMERA}/series?step=0")


ALLOWED = """# what cameras may look at
http 10.0.0.0/8
http [fd00::]/8:*
https *.cameras.example
rtsp lobby.example:8554   # the lobby's
dir FRAMES
"""
GOOD = ("http://10.1.2.3/snapshot.jpg?x=1", "http://[fd00::7]:81/", "http://[::ffff:10.0.0.9]/a", "https://north.Cameras.example/now.jpg", "rtsp://lobby.example:8554/1",
        "http://10.1.2.3:80", "dir:FRAMES", "dir:FRAMES/sub")
BAD = ("http://11.0.0.1/", "http://10.0.0.1:8080/", "https://10.0.0.1/", "http://127.0.0.1/", "http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://169.254.169.254/latest/meta-data",
       "http://0x0a000001/", "http://167772161/", "http://10.1/", "http://010.0.0.1/", "http://10.0.0.1.evil.example/", "http://10.0.0.1@127.0.0.1/", "http://127.0.0.1#@10.0.0.1/",
       "http://127.0.0.1\\\\@10.0.0.1/", "http://10.0.0.1:80:90/", "http://10.0.0.1:/", "http://10.0.0.1:0/", "http://10.0.0.1:70000/", "http://10.0.0.1%2f@x/", "http:///10.0.0.1/",
       "HTTP://10.0.0.1/", "file:///etc/passwd", "file:/etc/passwd", "/etc/passwd", "gopher://10.0.0.1/", "ftp://10.0.0.1/", "-", "push:", "", "http://", "http://10.0.0.1 /", "http://10.0.0.1\n/",
       "https://cameras.example/", "https://evilcameras.example/", "https://a.cameras.example.evil/", "https://a.cameras.example./", "https://..cameras.example/", "https://*.cameras.example/",
       "rtsp://lobby.example/", "rtsps://lobby.example:8554/", "http://[fd00::7/", "http://[fe80::1%25eth0]/", "http://[10.0.0.1]/", "http://\u0661\u0660.0.0.1/", "dir:/", "dir:/etc",
       "dir:FRAMES/../..", "dir:FRAMES/out", "dir:FRAMESx", "dir:frames", "dir:", "dir:FRAMES/none", "http://10.0.0.1:*/")


def check_adding():
    """Cameras are added with sources of the operator's list alone, however an address is written, and removed."""
    with tempfile.TemporaryDirectory() as folder:
        frames = os.path.join(os.path.realpath(folder), "frames")
        os.makedirs(os.path.join(frames, "sub"))
        os.symlink("/etc", os.path.join(frames, "out"))
        path = os.path.join(folder, "sources")
        with open(path, "w", encoding="utf-8") as f:
            f.write(ALLOWED.replace("FRAMES", frames))
        s = Service(LIKENESS, "--camera-sources", path)
        try:
            s.upload("home.png", frame(0, 1))
            check(s.ask("GET", "/api/v1/camera-sources")[2]["sources"][1] == "http [fd00::]/8:*", "what is allowed is told")
            for i, source in enumerate(GOOD):
                status, fields, one = s.ask("POST", "/api/v1/cameras", {"id": f"good-{i}", "image": "home.png", "source": source.replace("FRAMES", frames), "every_s": 5, "name": f"No {i}"})
                check(status == 201 and fields["Location"] == f"/api/v1/cameras/good-{i}" and one["baselines"] == 1 and (one["every_s"], one["name"]) == (5, f"No {i}"), f"{source}: {status} {one}")
                check("source" not in json.dumps(one), "sources are not told")
            for source in BAD:
                body = {"id": "bad", "image": "home.png", "source": source.replace("FRAMES", frames)}
                s.problem(403 if source else 400, "source-not-allowed" if source else "bad-field", "POST", "/api/v1/cameras", body)
            status, _, one = s.ask("POST", "/api/v1/cameras", {"id": "gate", "image": "home.png", "actor": "kim", "note": "new", "learn_s": 0})
            check(status == 201 and one["state"] == "ok" and one["looked_ms"] == 0, f"{status} {one}")
            sources = {c["id"]: c["source"] for c in command(s, "camera", "list")["cameras"]}
            check(len(sources) == len(GOOD) + 1 and sources["gate"] == "push:" and sources["good-0"] == GOOD[0], f"{sources}")
            push(s, 0, 5, "ok")
            s.problem(409, "already-there", "POST", "/api/v1/cameras", {"id": "gate", "image": "home.png"})
            s.problem(400, "bad-field", "POST", "/api/v1/cameras", {"id": "../x", "image": "home.png"})
            s.problem(404, "not-found", "POST", "/api/v1/cameras", {"id": "new", "image": "never.png"})
            s.problem(400, "bad-request", "POST", "/api/v1/cameras", {"id": "new", "image": "home.png", "confirm": 0})
            s.problem(400, "unknown-field", "POST", "/api/v1/cameras", {"id": "new", "image": "home.png", "token_file": "/etc/passwd"})
            check(log_of(s)[:2] == [("camera.add", "kim", ""), ("camera.baseline", "kim", "new")], f"{log_of(s)}")
            check(s.ask("DELETE", f"{CAMERA}?note=sold&actor=kim")[0] == 204 and log_of(s)[-1] == ("camera.rm", "kim", "sold"), f"{log_of(s)}")
            s.problem(404, "not-found", "DELETE", CAMERA)
            check(s.ask("POST", "/api/v1/cameras", {"id": "gate", "image": "home.png"})[2]["baselines"] == 1, "it comes back with a new view alone")
        finally:
            s.stop()
        for line in ("http", "http a b", "ftp x", "http 10.0.0.0/33", "http name/8", "http *.10.0.0.1", "dir none", "http a:0", "http " + "x" * 600):
            with open(path, "w", encoding="utf-8") as f:
                f.write(f"{line}\n")
            run = subprocess.run([LIKENESS, "serve", "--listen", "127.0.0.1:0", "--db", os.path.join(folder, "s"), "--camera-sources", path], capture_output=True, text=True, check=False)
            check(run.returncode == 2 and "line 1" in run.stderr, f"{line}: {run.returncode} {run.stderr}")


def check_refusals(s):
    for method, path, body in (("GET", "", None), ("PATCH", "", {}), ("POST", "/mask", {"ignore": []}), ("POST", "/ack", {}), ("GET", "/events", None), ("GET", "/series", None),
                               ("GET", "/baselines", None), ("GET", "/baselines/1", None), ("GET", "/now", None), ("GET", "/aim?image=back.png", None),
                               ("POST", "/baselines", {"image": "back.png"})):
        s.problem(404, "not-found", method, f"/api/v1/cameras/none{path}", body)
    s.problem(404, "not-found", "POST", "/api/v1/cameras/none/frames", frame(), Content_Type="image/png")
    for number in ("0", "99", "x", "-1", "1x", "99999999999"):
        s.problem(404, "not-found", "GET", f"{CAMERA}/baselines/{number}")
    for number in ("0", "99", "x", "-1", "9999999999999999999999"):
        s.problem(404, "not-found", "GET", f"/api/v1/camera-events/{number}")
        s.problem(404, "not-found", "GET", f"/api/v1/camera-events/{number}/after")
        s.problem(404, "not-found", "POST", f"/api/v1/camera-events/{number}/ack", {})
    s.problem(422, "corrupt-image", "POST", f"{CAMERA}/frames", frame()[:5000], Content_Type="image/png")
    s.problem(415, "unsupported-format", "POST", f"{CAMERA}/frames", b"P5\n4 4\n255\n" + b"x" * 16, Content_Type="application/octet-stream")
    s.problem(400, "bad-query", "GET", f"{CAMERA}/events?limit=0")
    s.problem(400, "unknown-query", "GET", f"{CAMERA}?x=1")
    s.problem(403, "source-not-allowed", "POST", "/api/v1/cameras", {"id": "new", "image": "back.png", "source": "http://10.0.0.1/"})  # nothing is


def main():
    s = Service(LIKENESS)
    try:
        add_camera(s)
        check_standing(s)
        path = check_move(s)
        check_aim(s)
        check_acknowledge(s, path)
        check_changes(s)
        check_news(s)
        check_series(s)
        check_refusals(s)
        command(s, "audit", "verify")
    finally:
        s.stop()
    check_adding()
    print("ok")


main()
