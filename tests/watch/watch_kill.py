#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""watch_kill.py LIKENESS: `watch` killed at random moments and started again, until it has seen all frames of a folder. Its events
are those of a run that nobody disturbed, byte for byte; a program and a webhook have got each of them, under its number, and never
another one under the same number."""
import http.server
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

from telling import check

LIKENESS = os.path.abspath(sys.argv[1])
SEED = int(sys.argv[2]) if len(sys.argv) > 2 else 1
WIDTH, HEIGHT, MARGIN, FRAMES = 320, 240, 48, 60
ROUNDS = 4
MOVED = set(range(12, 24)) | set(range(36, 46))  # the frames that look 24 px further right


def scene():
    rng, stride = random.Random(1), WIDTH + 2 * MARGIN
    pixels = bytearray([120]) * (stride * HEIGHT)
    for _ in range(140):
        x, y, level = rng.randrange(stride - 20), rng.randrange(HEIGHT - 10), rng.randrange(20, 236)
        right, bottom = min(stride, x + rng.randrange(6, 50)), min(HEIGHT, y + rng.randrange(6, 40))
        for row in range(y, bottom):
            pixels[row * stride + x:row * stride + right] = bytes([level]) * (right - x)
    return pixels, stride


def draw(folder):
    pixels, stride = scene()
    os.mkdir(folder)
    for i in range(FRAMES):
        noise, left, out = random.Random(i), MARGIN + (24 if i in MOVED else 0), bytearray()
        for row in range(HEIGHT):
            line = pixels[row * stride + left:row * stride + left + WIDTH]
            out += bytes(level + n % 7 for level, n in zip(line, noise.randbytes(WIDTH)))
        path = f"{folder}/{i:03}.pgm"
        with open(path, "wb") as f:
            f.write(b"P5\n%d %d\n255\n" % (WIDTH, HEIGHT) + out)
        os.utime(path, (1763658000 + i, 1763658000 + i))  # when it was taken


class Hook:
    """Takes every third event only at the second try."""

    def __init__(self):
        self.taken, calls = [], []
        hook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                calls.append(body)
                good = len(calls) % 3 != 0
                if good:
                    hook.taken.append((self.headers["Idempotency-Key"], body))
                try:
                    self.send_response(200 if good else 503)
                    self.end_headers()
                except OSError:
                    pass  # it was killed meanwhile

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def run(*args):
    return subprocess.run([LIKENESS, *args], check=True, capture_output=True, text=True).stdout


def add(db):
    run("camera", "add", "gate", "--db", db, "--source", "dir:frames", "--confirm", "3", "--hold", "0s", "--no-latch",
        "--learn", "0", "--every", "1s", "--baseline", "frames/000.pgm")


def watch(db, hook, taken):
    return subprocess.Popen([LIKENESS, "watch", "gate", "--db", db, "--until-end", "--quiet",
                             "--webhook", f"http://127.0.0.1:{hook.server.server_port}/", "--exec", f"tee -a {taken}"],
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def documents(path):
    with open(path, encoding="utf-8") as f:
        return f.read().splitlines()


def by_number(lines):
    """Each event once; another document under the same number is an error."""
    known = {}
    for line in lines:
        number = json.loads(line)["id"]
        check(known.setdefault(number, line) == line, f"two documents of event {number}:\n{known[number]}\n{line}")
    return known


def main():
    draw("frames")
    hook = Hook()
    add("calm")
    begun = time.monotonic()
    check(watch("calm", hook, "calm.jsonl").wait(120) == 1, "the view had changed")  # `likeness help exit-codes`
    seconds = time.monotonic() - begun
    calm = documents("calm.jsonl")
    check([json.loads(d)["state"] for d in calm] == ["moved", "ok"] * 2, calm)
    check(sorted(body for _, body in hook.taken) == sorted(calm), f"the webhook was told {hook.taken}, the program {calm}")
    rng, repeated, kills = random.Random(SEED), 0, 0
    for round_ in range(ROUNDS):
        hook, db, taken = Hook(), f"db{round_}", f"taken{round_}.jsonl"
        add(db)
        open(taken, "w", encoding="utf-8").close()
        for left in range(11, -1, -1):
            process = watch(db, hook, taken)
            try:
                process.wait(rng.uniform(0.02, seconds / 2) if left else 120)
                break
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.wait()
                kills += 1
        check(process.returncode in (0, 1), f"it ended with {process.returncode}")
        lines = [line for line in documents(taken) if line.endswith("}")]
        for told in (by_number(lines), by_number(body for _, body in hook.taken)):
            check(sorted(told) == [1, 2, 3, 4], f"round {round_}: events {sorted(told)}, wanted are 1 to 4")
            for document in calm:
                got = told[json.loads(document)["id"]]
                check(got == document, f"round {round_}: wanted\n{document}\ngot\n{got}")
        check({key for key, _ in hook.taken} == {f'"gate/{i}"' for i in range(1, 5)}, hook.taken)
        repeated += len(lines) - len(calm)
        shutil.rmtree(db)
    check(kills >= ROUNDS, f"only {kills} kills")
    print(f"{kills} kills in {ROUNDS} rounds; {repeated} times an event came to the program again, under its number")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        os.chdir(place)
        os.environ["LIKENESS_DB"] = os.path.join(place, "nowhere")
        main()
