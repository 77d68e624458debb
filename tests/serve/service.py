# SPDX-License-Identifier: Apache-2.0
"""The real command as a running service, and what the tests of it share."""
import http.client
import json
import os
import random
import signal
import struct
import subprocess
import sys
import tempfile
import zlib

PATIENCE = 60  # seconds; only what is broken takes so long


def check(holds, text):
    if not holds:
        sys.exit(f"FAILED: {text}")


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, rows=None):
    """A gray picture; with other rows than fit, a broken one."""
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = b"".join(b"\0" + bytes((x * y) % 251 for x in range(width)) for y in range(height)) if rows is None else rows
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def noise(seed, width=96, height=72):
    r = random.Random(seed)
    blocks = [[r.randrange(256) for _ in range(width // 12 + 1)] for _ in range(height // 12 + 1)]
    rows = b"".join(b"\0" + bytes(blocks[y // 12][x // 12] for x in range(width)) for y in range(height))
    return png(width, height, rows)


def size_of(data):
    """Width and height of a PNG or JPEG."""
    if data[:4] == b"\x89PNG":
        return struct.unpack(">II", data[16:24])
    at = 2
    while at + 9 < len(data):
        marker, length = data[at + 1], struct.unpack(">H", data[at + 2:at + 4])[0]
        if 0xC0 <= marker <= 0xC2:
            height, width = struct.unpack(">HH", data[at + 5:at + 9])
            return width, height
        at += 2 + length
    return 0, 0


class Listener:
    """Server-sent events, as a browser reads them."""

    def __init__(self, port, path, last=None):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        self.connection.request("GET", path, headers={} if last is None else {"Last-Event-ID": str(last)})
        self.answer = self.connection.getresponse()
        self.last = last

    def events(self):
        """(number, type, document) until the stream ends."""
        event = {}
        for raw in self.answer:
            line = raw.decode().rstrip("\n")
            if line:
                key, _, value = line.partition(": ")
                event[key] = value
            elif event:
                if "data" in event:
                    self.last = int(event["id"])
                    yield self.last, event["event"], json.loads(event["data"])
                event = {}

    def close(self):
        self.connection.close()


TYPES = {"string": str, "boolean": bool, "integer": int, "number": (int, float), "array": list, "object": dict, "null": type(None)}


def check_value(value, schema, where):
    """The value is what the schema says, and has no keys that it does not tell."""
    kinds = schema.get("type", list(TYPES))
    kinds = [kinds] if isinstance(kinds, str) else kinds
    fits = any(isinstance(value, TYPES[k]) and (k in ("boolean", "null") or not isinstance(value, bool)) for k in kinds)
    check(fits, f"{where} is {value!r:.100}, not {kinds}")
    if isinstance(value, dict) and "properties" in schema:
        check(set(schema.get("required", [])) <= set(value) <= set(schema["properties"]), f"{where} has the keys {sorted(value)}: {sorted(schema['properties'])}")
        for key, one in value.items():
            check_value(one, schema["properties"][key], f"{where}.{key}")
    if isinstance(value, list) and "items" in schema:
        for one in value:
            check_value(one, schema["items"], f"{where}[]")


class Service:
    document = None  # of OpenAPI, once it is read

    def __init__(self, likeness, *options):
        self.folder = tempfile.TemporaryDirectory()
        self.store = os.path.join(self.folder.name, "store")
        self.problems = ""  # the page that explains them
        self.command = [likeness, "serve", "--listen", "127.0.0.1:0", "--db", self.store, *options]
        self.start()

    def start(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        line = self.process.stdout.readline().strip()
        check(line.startswith("http://127.0.0.1:"), f"it said {line!r} {'' if line else self.process.stderr.read()}")
        self.port = int(line.rstrip("/").rsplit(":", 1)[1])
        self.url = line

    def restart(self):
        """The same store, after a kill that lets nothing be finished."""
        self.process.kill()
        self.process.wait(PATIENCE)
        self.start()

    def ask(self, method, path, body=None, **headers):
        """Status, headers and body of the answer; a dict is sent as JSON, and JSON comes back as one."""
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
            headers.setdefault("Content-Type", "application/json")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, body, {k.replace("_", "-"): v for k, v in headers.items()})
            answer = connection.getresponse()
            data = answer.read()
            kind = answer.headers.get("Content-Type", "")
            body = json.loads(data) if "json" in kind and data else data
        finally:
            connection.close()
        if path.startswith("/api/v1/") and answer.status in (200, 201, 202) and method != "HEAD":
            self.hold(method, path, answer, body)
        return answer.status, answer.headers, body

    def hold(self, method, path, answer, body):
        """An answer is what OpenAPI says of it: the schema of its keys, and its headers."""
        if self.document is None:
            self.document = {}
            status, _, document = self.ask("GET", "/api/v1/openapi.json")
            self.document = document if status == 200 else {}
        parts = path.split("?")[0].split("/")
        for pattern, methods in self.document.get("paths", {}).items():
            names = pattern.split("/")
            if len(names) == len(parts) and all(n == p or n.startswith("{") for n, p in zip(names, parts)) and method.lower() in methods:
                told = next(iter(methods[method.lower()]["responses"].values()))
                for header in told.get("headers", {}):
                    check(header in answer.headers or (header == "Location" and answer.status == 200), f"{method} {path}: no {header}")
                schema = told.get("content", {}).get("application/json", {}).get("schema", {})
                if isinstance(body, dict) and "$ref" not in schema:
                    check_value(body, schema, f"{method} {path}: ")
                if not any(n.startswith("{") for n in names):
                    return

    def upload(self, name, data, kind="image/png"):
        return self.ask("POST", f"/api/v1/images?name={name}", data, Content_Type=kind)

    def problem(self, status, code, method, path, body=None, **headers):
        got, fields, text = self.ask(method, path, body, **headers)
        if not self.problems:
            self.problems = self.ask("GET", "/problems")[2].decode()
        check(f'id="{code}"' in self.problems and text["title"] != code, f"/problems does not explain {code}")
        check(got == status and text.get("code") == code and fields["Content-Type"] == "application/problem+json",
              f"{method} {path}: {got} {text}, not {status} {code}")
        return fields

    def kill(self):
        """As a loss of power to the process would; start() goes on with what the store holds."""
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(PATIENCE)
        said = self.process.stderr.read()
        self.folder.cleanup()
        check(code == 130, f"it ended with {code}: {said[-3000:]}")
        check("Sanitizer" not in said and "runtime error" not in said, said[-3000:])
