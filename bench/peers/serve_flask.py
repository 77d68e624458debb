#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The web service against the obvious one of Flask, Pillow, OpenCV and scikit-image, two workers each: serve_flask.py BUILD_FOLDER [SECONDS]

Both compare the same pair by pixel, ORB and SSIM, asked by the same clients over kept connections. "by name": both pictures are uploaded
once, then compared again and again. "from files": each comparison sends both files, no file twice: each has a mark of its own. The peer
fits the photo to the reference and computes three numbers; ours does the same as "numbers", finds the difference map with its regions and
a verdict besides as "judged", and aligns the photo before that as "aligned".
What is printed as ms is the time of processors that one comparison takes in all processes of the service, since two workers on two
processors do as many as that allows, and other work on the machine changes it little. LIKENESS_DATA: folder of photographs, of
which a pair of 12 MP is made too."""
import contextlib
import glob
import hashlib
import http.client
import io
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import zlib

import cv2
import flask
import numpy as np
from PIL import Image
from skimage.metrics import structural_similarity

HERE = os.path.dirname(os.path.abspath(__file__))
CLIENTS, WORKERS, TURNS = 4, 2, 5

# -- The peer: gunicorn serve_flask:app --

app = flask.Flask(__name__)


def compare(a, b):
    a, b = Image.open(a).convert("RGB"), Image.open(b).convert("RGB")
    a, b = np.asarray(a), np.asarray(b.resize(a.size))
    gray = [cv2.cvtColor(x, cv2.COLOR_RGB2GRAY) for x in (a, b)]
    orb = cv2.ORB_create(1500)
    keypoints, descriptors = zip(*(orb.detectAndCompute(g, None) for g in gray))
    matches = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True).match(*descriptors)
    inliers = 0
    if len(matches) >= 4:
        source, target = (np.float32([keypoints[i][index(m)].pt for m in matches])
                          for i, index in ((1, lambda m: m.trainIdx), (0, lambda m: m.queryIdx)))
        inliers = int(cv2.findHomography(source, target, cv2.RANSAC, 3)[1].sum())
    different = int((a != b).any(axis=2).sum())
    return {"pixel": 1 - different / (a.shape[0] * a.shape[1]), "orb": inliers, "ssim": structural_similarity(*gray)}


def place(name):
    return os.path.join(os.environ["UPLOADS"], hashlib.sha256(name.encode()).hexdigest())


@app.post("/images")
def images():
    with open(place(flask.request.args["name"]), "wb") as f:
        f.write(flask.request.data)
    return {"name": flask.request.args["name"]}, 201


@app.post("/compare")
def compare_route():
    if flask.request.files:
        return compare(flask.request.files["a"], flask.request.files["b"])
    return compare(place(flask.request.json["a"]), place(flask.request.json["b"]))


# -- Services and clients --

ASKED = {"numbers": {"align": "none", "measures_only": True, "details": False}, "judged": {"align": "none"}, "aligned": {"align": "auto"}}


def marked(data):
    """The same picture in another file."""
    mark = os.urandom(16)
    if data[:2] == b"\xff\xd8":
        return data[:2] + b"\xff\xfe\x00\x12" + mark + data[2:]
    chunk = b"liKe" + mark
    return data[:33] + len(mark).to_bytes(4, "big") + chunk + zlib.crc32(chunk).to_bytes(4, "big") + data[33:]


class Peer:
    def __init__(self, folder):
        environment = dict(os.environ, UPLOADS=folder, PYTHONPATH=HERE)
        self.port = 18291
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "--workers", str(WORKERS), "--threads", "2", "--bind", f"127.0.0.1:{self.port}", "--log-level",
             "error", "--preload", "serve_flask:app"], env=environment)
        for _ in range(200):
            try:
                http.client.HTTPConnection("127.0.0.1", self.port).connect()
                return
            except OSError:
                time.sleep(0.1)

    def upload(self, connection, name, data):
        connection.request("POST", f"/images?name={name}", data)

    def by_name(self, connection):
        connection.request("POST", "/compare", json.dumps({"a": "a", "b": "b"}), {"Content-Type": "application/json"})
        return answer(connection)

    def from_files(self, connection, a, b):
        form = b"".join(b'--cut\r\nContent-Disposition: form-data; name="%s"; filename="%s"\r\n\r\n%s\r\n' % (n, n, d) for n, d in ((b"a", a), (b"b", b)))
        connection.request("POST", "/compare", form + b"--cut--\r\n", {"Content-Type": "multipart/form-data; boundary=cut"})
        return answer(connection)

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Ours:
    def __init__(self, likeness, folder, ask):
        self.ask = ask
        self.process = subprocess.Popen([likeness, "serve", "--listen", "127.0.0.1:0", "--workers", str(WORKERS), "--db", os.path.join(folder, "store")],
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.port = int(self.process.stdout.readline().strip().rstrip("/").rsplit(":", 1)[1])

    def upload(self, connection, name, data):
        connection.request("POST", f"/api/v1/images?name={name}", data, {"Content-Type": "application/octet-stream"})

    def by_name(self, connection):
        ask = {"a": "a", "b": "b", "measures": "pixel,orb,ssim", **self.ask}
        connection.request("POST", "/api/v1/compare", json.dumps(ask), {"Content-Type": "application/json"})
        return answer(connection)

    def from_files(self, connection, a, b):
        for name, data in (("a", a), ("b", b)):
            self.upload(connection, name, data)
            answer(connection)
        return self.by_name(connection)

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait()


def answer(connection):
    got = connection.getresponse()
    text = got.read()
    if got.status not in (200, 201):
        sys.exit(f"{got.status} {text[:300]}")
    return json.loads(text)


def processor_s(pid):
    """Of a process, its children, and theirs that have ended."""
    seconds, new = 0.0, [pid]
    while new:
        process = new.pop()
        try:
            seconds += sum(map(int, read(f"/proc/{process}/stat").rsplit(b")", 1)[1].split()[11:15])) / os.sysconf("SC_CLK_TCK")
            new += map(int, read(f"/proc/{process}/task/{process}/children").split())
        except OSError:
            pass
    return seconds


def prepare(service, pair):
    """Both pictures are there, and whatever is made once is made."""
    connection = http.client.HTTPConnection("127.0.0.1", service.port)
    for name, data in zip("ab", pair):
        service.upload(connection, name, data)
        answer(connection)
    service.by_name(connection)


def ms_each(service, pair, way, seconds):
    """Clients ask for so long."""
    done = []
    before, until = processor_s(service.process.pid), time.perf_counter() + seconds

    def client():
        own = http.client.HTTPConnection("127.0.0.1", service.port)
        while time.perf_counter() < until:
            done.append(service.by_name(own) if way == "by name" else service.from_files(own, *map(marked, pair)))

    threads = [threading.Thread(target=client) for _ in range(CLIENTS)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return 1e3 * (processor_s(service.process.pid) - before) / len(done)


def large_pair():
    """12 MP from photographs, and the same moved, dimmer and noisy."""
    files = sorted(glob.glob(os.path.join(os.environ.get("LIKENESS_DATA", ""), "data/photos/kodak24/*")))[:12]
    if len(files) < 12:
        return None
    tiles = [np.asarray(Image.open(f).convert("RGB").resize((1000, 1000))) for f in files]
    a = np.vstack([np.hstack(tiles[i:i + 4]) for i in (0, 4, 8)])
    b = np.roll(a.astype(np.float32), (1, 2), (0, 1)) * 0.97 + 3 + np.random.default_rng(0).normal(0, 3, a.shape)
    return [jpeg(a), jpeg(np.clip(b, 0, 255).astype(np.uint8))]


def jpeg(pixels):
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=90)
    return out.getvalue()


def read(path):
    with open(path, "rb") as f:
        return f.read()


def compare_services(likeness, label, pair, way, seconds):
    """In turns, so that other work on the machine falls on all of them."""
    with contextlib.ExitStack() as stack:
        folder = lambda: stack.enter_context(tempfile.TemporaryDirectory())
        services = {"Flask": Peer(folder()), **{name: Ours(likeness, folder(), ask) for name, ask in ASKED.items()}}
        for service in services.values():
            stack.callback(service.stop)
            prepare(service, pair)
        turns = [{name: ms_each(service, pair, way, seconds) for name, service in services.items()} for _ in range(TURNS)]
    peer = statistics.median(turn["Flask"] for turn in turns)
    for name in ASKED:
        ours, ratios = statistics.median(turn[name] for turn in turns), sorted(turn["Flask"] / turn[name] for turn in turns)
        print(f"serve, {label} {way}, {name}: ours {ours:.1f} ms, Flask {peer:.1f} ms, ratio {statistics.median(ratios):.2f} "
              f"[{ratios[0]:.2f}, {ratios[-1]:.2f}]", flush=True)


def main():
    likeness = os.path.join(os.path.abspath(sys.argv[1]), "likeness")
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 2
    samples = os.path.join(HERE, "../../samples")
    pairs = {"samples": [read(os.path.join(samples, n)) for n in ("original.png", "photo.jpg")], "12 MP": large_pair()}
    for label, pair in pairs.items():
        for way in ("by name", "from files"):
            if pair:
                compare_services(likeness, label, pair, way, seconds)


if __name__ == "__main__":
    main()
