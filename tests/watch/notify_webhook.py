#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""notify_webhook.py NOTIFY_TOOL: events at a real HTTP server: what it gets, what its answers mean, who may have signed it."""
import hashlib
import hmac
import http.server
import json
import os
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

from telling import Tool, check, wait_for

TOOL = os.path.abspath(sys.argv[1])
KEY = "k\u00e9y with blanks, and = #"


class Server:
    """Answers the n-th request with the n-th of `answers`, then with 204: a code, (code, headers), or what to do instead."""

    def __init__(self, *answers, tls=None):
        self.answers, self.requests, self.lock = list(answers), [], threading.Lock()
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with server.lock:
                    server.requests.append((time.time(), self.path, self.headers, body))
                    answer = server.answers.pop(0) if server.answers else 204
                if answer == "cut off":
                    self.close_connection = True
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                if answer == "hang":
                    time.sleep(40)
                    return
                code, headers, text = answer if isinstance(answer, tuple) else (answer, {}, b"")
                self.send_response(code)
                for name, value in headers.items():
                    self.send_header(name, value)
                if code != 204:
                    self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                try:
                    self.wfile.write(text)
                except OSError:  # who has heard enough goes
                    self.close_connection = True

            do_GET = do_POST

            def handle(self):
                try:
                    super().handle()
                except OSError:
                    pass

            def log_message(self, *args):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.port = self.http.server_address[1]
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self.http.socket = context.wrap_socket(self.http.socket, server_side=True)
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def tool(self, *options, path="/hook?a=1", host="127.0.0.1", scheme="http"):
        return Tool(TOOL, f"webhook={scheme}://{host}:{self.port}{path}", "retry=0.1", *options)

    def close(self):
        self.http.shutdown()
        self.http.server_close()


def key_file(text=f"hmac {KEY}\n", mode=0o600):
    with open("key", "w", encoding="utf-8") as f:
        f.write(text)
    os.chmod("key", mode)
    return "secret=key"


def check_signature(request):
    """By the standard library, from what came over the wire only."""
    moment, _, headers, body = request
    parts = dict(part.split("=", 1) for part in headers["Likeness-Signature"].split(","))
    wanted = hmac.new(KEY.encode(), parts["t"].encode() + b"." + body, hashlib.sha256).hexdigest()
    check(hmac.compare_digest(wanted, parts["v1"]), f"the signature is wrong: {parts}")
    check(abs(int(parts["t"]) - moment) <= 5, f"signed for {parts['t']} at {moment}")
    return int(parts["t"])


def test_taken():
    server = Server(200, 201)
    tool = server.tool(key_file())
    tool.ok("send 12 gate moved 0.41")
    tool.ok("send 13 gate ok 0.99")
    tool.ok("flush 30")
    check(tool.starting("delivered") == ["delivered 12", "delivered 13"], tool.lines)
    tool.end()
    server.close()
    check(len(server.requests) == 2, server.requests)
    for number, request in zip((12, 13), server.requests):
        _, path, headers, body = request
        check(path == "/hook?a=1" and headers["Content-Type"] == "application/json", path)
        check(headers["Likeness-Event"] == str(number) and headers["Idempotency-Key"] == f'"gate/{number}"', dict(headers))
        check(json.loads(body)["id"] == number, body)
        check_signature(request)


def test_without_key():
    server = Server()
    tool = server.tool()
    tool.ok("send 1 gate moved 0.41")
    tool.ok("flush 30")
    tool.end()
    server.close()
    check("Likeness-Signature" not in server.requests[0][2], dict(server.requests[0][2]))


def test_tried_again():
    """Until it works, under the same number and with a fresh signature; the order of events stays."""
    server = Server("cut off", 500, 503, 408, 429, 502)
    tool = server.tool(key_file())
    tool.ok("send 1 gate moved 0.41")
    tool.ok("send 2 gate ok 0.9")
    tool.ok("flush 60")
    check(tool.starting("delivered") == ["delivered 1", "delivered 2"], tool.lines)
    check(tool.counts("webhook") == [2, 6, 0, 0], tool.lines)
    tool.end()
    server.close()
    numbers = [r[2]["Likeness-Event"] for r in server.requests]
    check(numbers == ["1"] * 7 + ["2"], numbers)
    check(len({r[3] for r in server.requests[:7]}) == 1, "another body")
    moments = [check_signature(r) for r in server.requests]
    check(moments == sorted(moments) and moments[-1] > moments[0], moments)
    waits = [b[0] - a[0] for a, b in zip(server.requests, server.requests[1:7])]
    for i, wait in enumerate(waits):  # 0.1 s, twice as long each time, shortened by up to a half
        check(wait > 0.05 * 2 ** i - 0.01, f"try {i + 2} after {wait} s: {waits}")


def test_retry_after():
    server = Server((429, {"Retry-After": "3"}, b""), (503, {"Retry-After": "nonsense"}, b""))
    tool = server.tool()
    tool.ok("send 1 gate moved 0.41")
    tool.ok("flush 30")
    tool.end()
    server.close()
    waits = [b[0] - a[0] for a, b in zip(server.requests, server.requests[1:])]
    check(len(waits) == 2 and waits[0] >= 2.9 and waits[1] < 2, waits)


def test_refused_by_receiver():
    """An answer that would be the same the next time: given up at once, and the next event is told."""
    other = Server()
    for answer in (400, 401, 404, 410, 422, (302, {"Location": f"http://127.0.0.1:{other.port}/"}, b""),
                   (307, {"Location": f"http://127.0.0.1:{other.port}/"}, b"")):
        server = Server(answer)
        tool = server.tool()
        tool.ok("send 1 gate moved 0.41")
        tool.ok("send 2 gate moved 0.41")
        said = tool.do("flush 30")
        check(said.startswith("error 9 http://127.0.0.1") and "1 event not delivered" in said and "a=1" not in said, said)
        check(tool.starting("delivered") == ["delivered 2"] and tool.starting("trouble 1 1 "), tool.lines)
        check(tool.counts("webhook") == [1, 1, 1, 0], tool.lines)
        tool.end()
        server.close()
        check(len(server.requests) == 2, f"{answer}: {len(server.requests)} requests")
    check(not other.requests, "it followed a redirect")
    other.close()


def test_long_answer():
    """Taken is taken, however much the server says about it."""
    long = b"x" * 5000000
    server = Server((200, {}, long), (404, {}, long), (500, {}, long))
    tool = server.tool()
    for event in (1, 2, 3):
        tool.ok(f"send {event} gate moved 0.41")
    check(tool.do("flush 30").startswith("error 9 "), tool.lines)
    check(tool.starting("delivered") == ["delivered 1", "delivered 3"], tool.lines)
    tool.end()
    server.close()
    check([r[2]["Likeness-Event"] for r in server.requests] == ["1", "2", "3", "3"], server.requests)


def test_hanging_server():
    """No answer within 10 s is a failed try; and it holds up neither another receiver nor our end."""
    server = Server("hang", 204, "hang")
    tool = server.tool("exec=true")
    begun = time.monotonic()
    tool.ok("send 1 gate moved 0.41")
    wait_for(lambda: tool.counts("exec")[0] == 1, "the program's")
    check(time.monotonic() - begun < 5, "the program waited for the server")
    check("10 s" in tool.wait("trouble 1 0") or "time" in tool.wait("trouble 1 0"), tool.lines)
    tool.ok("flush 30")
    tool.ok("send 2 gate moved 0.41")
    wait_for(lambda: len(server.requests) == 3, "the third request")
    begun = time.monotonic()
    tool.end()
    check(time.monotonic() - begun < 5, "it waited at its end")
    check(tool.starting("delivered") == ["delivered 1"], tool.lines)
    server.close()


def test_killed_in_the_middle():
    """We die while the server works on it: the next run tells it again under the same number."""
    server = Server("hang")
    tool = server.tool()
    tool.ok("send 7 gate moved 0.41")
    wait_for(lambda: server.requests, "the request")
    tool.kill()
    again = server.tool()
    again.ok("send 7 gate moved 0.41")
    again.ok("flush 30")
    check(again.starting("delivered") == ["delivered 7"], again.lines)
    again.end()
    server.close()
    check([r[2]["Idempotency-Key"] for r in server.requests] == ['"gate/7"'] * 2, server.requests)
    check(server.requests[0][3] == server.requests[1][3], "another body")


def test_server_comes_late():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    tool = Tool(TOOL, f"webhook=http://127.0.0.1:{port}/", "retry=0.1")
    for event in range(1, 6):
        tool.ok(f"send {event} gate moved 0.41")
    tool.wait("trouble 1 0")
    taken = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            taken.append(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["id"])
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args):
            pass

    late = http.server.HTTPServer(("127.0.0.1", port), Handler)
    threading.Thread(target=late.serve_forever, daemon=True).start()
    tool.ok("flush 60")
    tool.end()
    check(taken == [1, 2, 3, 4, 5], taken)
    late.shutdown()


def test_tls():
    for name in ("ca", "other"):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.crt",
                        "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
                       check=True, capture_output=True)
    server = Server(tls=("ca.crt", "ca.key"))
    for host, options, taken in (("localhost", ["webca=ca.crt"], True), ("localhost", ["webca=other.crt"], False),
                                 ("localhost", [], False), ("127.0.0.1", ["webca=ca.crt"], False)):
        tool = server.tool(*options, host=host, scheme="https")
        tool.ok("send 1 gate moved 0.41")
        said = tool.do(f"flush {30 if taken else 1}")
        check(said == "ok" if taken else said.startswith("error 9 "), f"{host} {options}: {said}")
        tool.end()
    check(len(server.requests) == 1, "it told somebody it should not trust")
    server.close()


def test_refused():
    for url, words in (("ftp://hub/", "must begin with"), ("http://a:secret@hub/", "credentials"), ("http:///x", "host")):
        said = Tool(TOOL, f"webhook={url}", fails=True).first
        check(words in said and "a:secret" not in said, f"{url}: {said}")
    for text, mode, words in (("basic a:secret\n", 0o600, "hmac KEY"), ("hmac \n", 0o600, "hmac KEY"),
                              ("hmac secret\n", 0o644, "chmod 600"), ("secret\n", 0o600, "hmac KEY")):
        said = Tool(TOOL, "webhook=http://hub/", key_file(text, mode), fails=True).first
        check(words in said and "secret" not in said, f"{text}: {said}")
    said = Tool(TOOL, "webhook=http://hub/", "secret=/no/such/file", fails=True).first
    check("/no/such/file" in said, said)


def main():
    wanted = sys.argv[2:]
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for name, test in list(globals().items()):
            if name.startswith("test_") and (not wanted or name in wanted):
                begun = time.monotonic()
                test()
                print(f"ok {name} {time.monotonic() - begun:.1f} s", flush=True)


if __name__ == "__main__":
    main()
