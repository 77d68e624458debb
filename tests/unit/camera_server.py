#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A server of HTTP as cameras and receivers of messages are, and as they fail. Python's standard library alone.

camera_server.py [--tls CERTIFICATE KEY] [--port N] [FOLDER]: prints its port, serves 127.0.0.1 and 127.0.0.2 until its standard
input ends.

  /text              "picture of the gate"            /slow           nothing for 5 s
  /basic ... /bearer the same for who may see it,     /drip           begins, then nothing
                     or with /NAME a file of FOLDER
  /status/N          N, with Retry-After: 7           /cut            half of what it announces
  /away              redirects to /seen, elsewhere    /large[-chunked] 3 MB, announced or not
  /redirect/N        redirects N times                /dated          Last-Modified 10 s before Date
  /post              what came: method, body, headers /count          how many requests came before
  /file/NAME         a file of FOLDER, as it is then
  /mjpeg             the .jpg files of FOLDER in turn, 20 a second, as multipart/x-mixed-replace; /mjpeg-bare without lengths,
                     /mjpeg-cut ends within the third picture, /mjpeg-stall sends two and then nothing
"""
import base64
import email.utils
import hashlib
import http.server
import os
import re
import socket
import ssl
import sys
import threading
import time

USER, PASSWORD, TOKEN = "anna", "se:cret #1", "abc.def-123"
TEXT = b"picture of the gate"


def digest(*parts):
    return hashlib.md5(":".join(parts).encode()).hexdigest()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    count = 0
    folder = "."

    def log_message(self, *_):
        pass

    def reply(self, code=200, body=TEXT, **headers):
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/post":
            self.reply(body=b"%s %d %s\n%s" % (self.command.encode(), len(body), body, str(self.headers).encode()))
        else:
            self.do_GET()

    def do_GET(self):
        Handler.count += 1
        path = self.path.split("?")[0]
        name, _, rest = path[1:].partition("/")
        method = getattr(self, "do_" + name.replace("-", "_"), None)
        if method:
            method(rest)
        else:
            self.reply(404, b"nothing")

    def do_text(self, _):
        self.reply(Content_Type="text/plain; charset=us-ascii")

    def do_count(self, _):
        self.reply(body=str(Handler.count - 1).encode())

    def do_status(self, code):
        self.reply(int(code), b"", Retry_After="7")

    def do_basic(self, name):
        wanted = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if self.headers.get("Authorization") == wanted:
            self.picture_or_text(name)
        else:
            self.reply(401, b"who?", WWW_Authenticate='Basic realm="gate"')

    def do_bearer(self, name):
        if self.headers.get("Authorization") == "Bearer " + TOKEN:
            self.picture_or_text(name)
        else:
            self.reply(401, b"who?", WWW_Authenticate="Bearer")

    def digest_right(self):
        given = self.headers.get("Authorization", "")
        field = dict(re.findall(r'(\w+)="?([^",]*)"?', given))
        if not given.startswith("Digest ") or field.get("username") != USER or field.get("nonce") != "n0nce":
            return False
        first = digest(USER, "gate", PASSWORD)
        second = digest(self.command, self.path)
        return field.get("response") == digest(first, "n0nce", field.get("nc", ""), field.get("cnonce", ""), "auth", second)

    def do_digest(self, name):
        if self.digest_right():
            self.picture_or_text(name)
        else:
            self.reply(401, b"who?", WWW_Authenticate='Digest realm="gate", qop="auth", nonce="n0nce"')

    def do_seen(self, _):
        self.reply(body=("authorization: %s" % self.headers.get("Authorization")).encode())

    def do_away(self, _):
        self.reply(302, b"", Location="http://127.0.0.2:%d/seen" % self.server.server_port)

    def do_near(self, _):
        self.reply(302, b"", Location="/seen")

    def do_plain(self, port):
        self.reply(302, b"", Location="http://127.0.0.1:%s/text" % port)

    def do_redirect(self, left):
        if int(left) > 0:
            self.reply(302, b"going on", Location="/redirect/%d" % (int(left) - 1))
        else:
            self.reply()

    def do_slow(self, _):
        time.sleep(5)
        self.reply()

    def do_drip(self, _):
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b"x" * 100)
        self.wfile.flush()
        time.sleep(5)

    def do_cut(self, _):
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b"x" * 500)
        self.close_connection = True

    def do_large(self, _):
        self.reply(body=b"x" * 3000000)

    def do_large_chunked(self, _):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for _ in range(30):
            self.wfile.write(b"186a0\r\n" + b"x" * 100000 + b"\r\n")
        self.wfile.write(b"0\r\n\r\n")

    def do_dated(self, _):
        self.reply(Last_Modified=email.utils.formatdate(time.time() - 10, usegmt=True))

    def picture_or_text(self, name):
        if name:
            self.do_file(name)
        else:
            self.reply()

    def do_file(self, name):
        try:
            with open(os.path.join(self.folder, os.path.basename(name)), "rb") as f:
                self.reply(body=f.read(), Content_Type="image/jpeg")
        except OSError:
            self.reply(404, b"nothing")

    def pictures(self):
        for name in sorted(os.listdir(self.folder)):
            if name.endswith(".jpg"):
                with open(os.path.join(self.folder, name), "rb") as f:
                    yield f.read()

    def send_pictures(self, lengths=True, count=1 << 30, cut=False):
        self.send_response(200)
        self.send_header("Content-Type", 'multipart/x-mixed-replace; boundary="--the edge"')
        self.end_headers()
        self.close_connection = True
        pictures = list(self.pictures())
        for i in range(count):
            picture = pictures[i % len(pictures)]
            length = b"Content-Length: %d\r\n" % len(picture) if lengths else b""
            part = b"--the edge\r\nContent-Type: image/jpeg\r\n" + length + b"\r\n" + picture + b"\r\n"
            last = cut and i == count - 1
            self.wfile.write(part[:len(part) // 2] if last else part)
            self.wfile.flush()
            if not last:
                time.sleep(0.05)

    def do_mjpeg(self, _):
        self.send_pictures()

    def do_mjpeg_bare(self, _):
        self.send_pictures(lengths=False)

    def do_mjpeg_cut(self, _):
        self.send_pictures(count=3, cut=True)

    def do_mjpeg_stall(self, _):
        self.send_pictures(count=2)
        time.sleep(5)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass  # a client that went away


def main():
    arguments = sys.argv[1:]
    tls = None
    if arguments[:1] == ["--tls"]:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(arguments[1], arguments[2])
        arguments = arguments[3:]
    port = 0
    if arguments[:1] == ["--port"]:
        port = int(arguments[1])
        arguments = arguments[2:]
    if arguments:
        Handler.folder = arguments[0]
    first = Server(("127.0.0.1", port), Handler)
    if tls:
        first.socket = tls.wrap_socket(first.socket, server_side=True)
    second = Server(("127.0.0.2", first.server_port), Handler)
    for server in (first, second):
        threading.Thread(target=server.serve_forever, daemon=True).start()
    print(first.server_port, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    try:
        main()
    except (KeyboardInterrupt, socket.error) as e:
        sys.exit(str(e))
