#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check_nginx.py LIKENESS SAMPLES CONFIGURATION: a real nginx, with the example configuration, in front of the real service: encryption,
login, and what the service says through both. Skips (77) without nginx and openssl."""
import base64
import http.client
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import time

from service import PATIENCE, Service, check

NAME = "likeness.example.org"
LOGIN = {"Authorization": "Basic " + base64.b64encode(b"auditor:a password").decode()}


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def configuration(example, folder, service_port, ports):
    """The example with this test's ports and files: each replacement must find its place."""
    with open(example) as f:
        text = f.read()
    for old, new in (("server 127.0.0.1:8787;", f"server 127.0.0.1:{service_port};"), ("listen 80;", f"listen 127.0.0.1:{ports[0]};"),
                     ("listen 443 ssl http2;", f"listen 127.0.0.1:{ports[1]} ssl http2;"),
                     ("/etc/ssl/certs/likeness.pem", f"{folder}/cert.pem"), ("/etc/ssl/private/likeness.key", f"{folder}/key.pem"),
                     ("/etc/nginx/likeness.users", f"{folder}/users")):
        check(old in text, f"{example} has no {old!r}")
        text = text.replace(old, new)
    places = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    user = "user root;\n" if os.getuid() == 0 else ""
    return (f"{user}daemon off;\npid {folder}/pid;\nerror_log {folder}/error.log;\nworker_processes 1;\nevents {{}}\n"
            f"http {{\naccess_log off;\n{places}{text}}}\n")


def ask(port, method, path, body=None, headers=None, secure=True):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    connection = (http.client.HTTPSConnection("127.0.0.1", port, timeout=PATIENCE, context=context) if secure
                  else http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE))
    try:
        connection.request(method, path, body, {"Host": NAME, **(headers or {})})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def checks(ports, samples):
    status, headers, _ = ask(ports[0], "GET", "/compare", secure=False)
    check(status == 301 and headers["Location"] == f"https://{NAME}/compare", f"http leads to https: {status} {headers['Location']}")
    check(ask(ports[1], "GET", "/")[0] == 401, "nobody gets in without a login")
    status, headers, page = ask(ports[1], "GET", "/compare", headers=LOGIN)
    check(status == 200 and b"likeness" in page and "default-src 'none'" in headers["Content-Security-Policy"], f"the page: {status}")
    check(headers["Strict-Transport-Security"] is not None, "HSTS")
    same_site = {"Origin": f"https://{NAME}", "Sec-Fetch-Site": "same-origin"}
    for name in ("original.png", "photo.jpg"):
        with open(os.path.join(samples, name), "rb") as f:
            status, _, body = ask(ports[1], "POST", f"/api/v1/images?name={name}", f.read(),
                                  {**LOGIN, **same_site, "Content-Type": "application/octet-stream"})
        check(status in (200, 201), f"upload: {status} {body[:200]}")
    status, _, body = ask(ports[1], "POST", "/api/v1/compare", json.dumps({"a": "original.png", "b": "photo.jpg"}),
                          {**LOGIN, **same_site, "Content-Type": "application/json"})
    check(status == 200 and json.loads(body)["verdict"] == "same", f"compare: {status} {body[:200]}")
    status, _, body = ask(ports[1], "POST", "/api/v1/compare", "{}",
                          {**LOGIN, "Origin": "https://elsewhere.example", "Content-Type": "application/json"})
    check(status == 403, f"pages of other places stay out: {status} {body[:200]}")
    check(ask(ports[1], "GET", "/livez", headers=LOGIN)[0] == 200, "livez")


def main():
    likeness, samples, example = [os.path.abspath(a) for a in sys.argv[1:4]]
    nginx = shutil.which("nginx") or (os.access("/usr/sbin/nginx", os.X_OK) and "/usr/sbin/nginx")
    if not nginx or not shutil.which("openssl"):
        print("skipped: no nginx or no openssl")
        return 77
    service = Service(likeness, "--host", NAME)
    folder = service.folder.name
    ports = free_port(), free_port()
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                    f"/CN={NAME}", "-keyout", f"{folder}/key.pem", "-out", f"{folder}/cert.pem"], check=True, capture_output=True)
    password = subprocess.run(["openssl", "passwd", "-5", "a password"], check=True, capture_output=True, text=True).stdout.strip()
    with open(f"{folder}/users", "w") as f:
        f.write(f"auditor:{password}\n")
    with open(f"{folder}/nginx.conf", "w") as f:
        f.write(configuration(example, folder, service.port, ports))
    tested = subprocess.run([nginx, "-t", "-p", folder, "-c", f"{folder}/nginx.conf"], capture_output=True, text=True, check=False)
    check(tested.returncode == 0 and not re.search(r"\[(warn|emerg)\]", tested.stderr), tested.stderr)
    proxy = subprocess.Popen([nginx, "-p", folder, "-c", f"{folder}/nginx.conf"], stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and proxy.poll() is None:
            with socket.socket() as s:
                if s.connect_ex(("127.0.0.1", ports[1])) == 0:
                    break
            time.sleep(0.02)
        checks(ports, samples)
    finally:
        proxy.terminate()
        proxy.wait()
    service.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
