# SPDX-License-Identifier: Apache-2.0
"""A server that speaks S3 (s3rver, of tests/web/package.json), with a folder of its own, behind a gate: s3rver does not look at signatures
of version 4, so the gate does, as the S3 API reference says, and is busy when a test says so."""
import hashlib
import hmac
import http.client
import http.server
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "web", "node_modules", ".bin", "s3rver")
KEYS = {"AWS_ACCESS_KEY_ID": "S3RVER", "AWS_SECRET_ACCESS_KEY": "S3RVER"}  # those it knows


def signature(method, path, query, headers, names, day, region):
    text = "\n".join([method, path, "&".join(sorted(query.split("&"))) if query else "",
                      *[f"{n}:{' '.join(headers[n].split())}" for n in names.split(";")], "", names, headers["x-amz-content-sha256"]])
    key = b"AWS4" + KEYS["AWS_SECRET_ACCESS_KEY"].encode()
    for part in (day, region, "s3", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    scope = f"{day}/{region}/s3/aws4_request"
    to_sign = f"AWS4-HMAC-SHA256\n{headers['x-amz-date']}\n{scope}\n{hashlib.sha256(text.encode()).hexdigest()}"
    return hmac.new(key, to_sign.encode(), "sha256").hexdigest()


class Gate(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def refuse(self, status, code, words):
        body = f"<Error><Code>{code}</Code><Message>{words}</Message></Error>".encode()
        self.answer(status, {"Content-Type": "application/xml"}, body)

    def answer(self, status, headers, body):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if self.command != "HEAD":
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def is_signed(self, body):
        at = re.match(r"AWS4-HMAC-SHA256 Credential=[^/]+/(\d{8})/([^/]+)/s3/aws4_request, SignedHeaders=([^,]+), Signature=(\w{64})$",
                      self.headers.get("Authorization", ""))
        path, _, query = self.path.partition("?")
        return (at and {"host", "x-amz-content-sha256", "x-amz-date"} <= set(at[3].split(";"))
                and self.headers["x-amz-content-sha256"] == hashlib.sha256(body).hexdigest()
                and abs(time.time() - time.mktime(time.strptime(self.headers["x-amz-date"], "%Y%m%dT%H%M%SZ")) + time.timezone) < 900
                and hmac.compare_digest(at[4], signature(self.command, path, query, self.headers, at[3], at[1], at[2])))

    def pass_on(self):
        gate = self.server.gate
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        gate.requests += 1
        if gate.away:  # a connection from before
            self.close_connection = True
            return
        if gate.busy > 0:
            gate.busy -= 1
            self.refuse(503, "SlowDown", "Please reduce your request rate.")
        elif not self.is_signed(body):
            self.refuse(403, "SignatureDoesNotMatch", "The signature is another one.")
        else:
            inner = http.client.HTTPConnection("127.0.0.1", gate.inner_port, timeout=60)
            inner.request(self.command, self.path, body, dict(self.headers))
            answer = inner.getresponse()
            data = answer.read()
            kept = {n: v for n, v in answer.headers.items() if n.lower() not in ("connection", "keep-alive", "transfer-encoding", "date")}
            if self.command != "HEAD":
                kept = {n: v for n, v in kept.items() if n.lower() != "content-length"}
            self.answer(answer.status, kept, data)
            inner.close()

    do_GET = do_PUT = do_HEAD = do_DELETE = pass_on

    def log_message(self, *_):
        pass


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Server:
    def __init__(self):
        if not os.path.exists(PROGRAM) or not shutil.which("node"):
            print("skipped: there is no s3rver here (make setup installs it: tools/packages.txt, web)")
            sys.exit(77)
        self.folder = tempfile.TemporaryDirectory()
        self.inner_port, self.port = free_port(), free_port()
        self.busy, self.requests = 0, 0  # answers that say so; all that came
        self.process = subprocess.Popen([PROGRAM, "-d", self.folder.name, "-a", "127.0.0.1", "-p", str(self.inner_port), "-s", "--no-vhost-buckets",
                                         "--configure-bucket", "bucket"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 60
        while self.process.poll() is None and time.monotonic() < until:
            try:
                socket.create_connection(("127.0.0.1", self.inner_port), 1).close()
                break
            except OSError:
                time.sleep(0.1)
        else:
            sys.exit("s3rver does not come up")
        self.start()

    def start(self):
        self.front = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Gate)
        self.front.gate, self.front.daemon_threads, self.away = self, True, False
        threading.Thread(target=self.front.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        """As if it were gone: connections are refused."""
        self.away = True
        self.front.shutdown()
        self.front.server_close()

    def place(self, prefix):
        return f"s3://bucket/{prefix}?endpoint=http://127.0.0.1:{self.port}"

    def objects(self, prefix):
        """Names of what lies below the prefix, and where it is on the disk."""
        found = {}
        root = os.path.join(self.folder.name, "bucket", prefix)
        for at, _, names in os.walk(root):
            for name in names:
                if name.endswith("._S3rver_object"):
                    path = os.path.join(at, name)
                    found[os.path.relpath(path, root)[:-len("._S3rver_object")]] = path
        return found

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
        self.process.kill()
        self.process.wait()
        self.folder.cleanup()
