#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""postgres_server.py COMMAND [ARGUMENT...]: runs the command with a PostgreSQL of its own, whose address is in LIKENESS_TEST_POSTGRES.

The server has a folder of its own, a socket and no port, and goes with the command. It refuses to be root's: then it is nobody's. Where
the machine has one, its order of letters is that of English, which the store's order of bytes must not follow. Where there is no
PostgreSQL (tools/packages.txt, servers), that is said and the exit code is 77. Other tests import Server."""
import glob
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time


def programs():
    """The newest PostgreSQL's folder of programs, or None."""
    found = glob.glob("/usr/lib/postgresql/*/bin/postgres") + glob.glob("/usr/local/pgsql/bin/postgres")
    found = [os.path.dirname(p) for p in found] or [os.path.dirname(shutil.which("postgres") or "")]
    return max(found, key=lambda p: [int(d) for d in p.split("/") if d.isdigit()]) or None


class Server:
    def __init__(self, durable=False):
        self.bin = programs()
        if not self.bin:
            print("skipped: there is no PostgreSQL here (make setup installs it: tools/packages.txt, servers)")
            sys.exit(77)
        self.root = tempfile.mkdtemp(prefix="likeness-pg-", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None)
        self.process = None
        self.user = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        self.durable = durable
        if self.user:
            os.chown(self.root, self.user.pw_uid, self.user.pw_gid)
        os.chmod(self.root, 0o711)
        self.data = os.path.join(self.root, "data")
        order = ["--locale-provider=icu", "--icu-locale=en-US"]
        if self._initdb(order) != 0 and self._initdb([]) != 0:
            sys.exit("initdb failed: " + open(os.path.join(self.root, "initdb.log")).read())
        self.start()

    def _run(self, arguments, **more):
        if self.user:
            more.update(user=self.user.pw_uid, group=self.user.pw_gid, extra_groups=[])
        return subprocess.Popen(arguments, cwd=self.root, stdin=subprocess.DEVNULL, env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}, **more)

    def _initdb(self, order):
        shutil.rmtree(self.data, ignore_errors=True)
        with open(os.path.join(self.root, "initdb.log"), "a") as log:
            return self._run([self.bin + "/initdb", "-D", self.data, "-U", "likeness", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8",
                              "--no-sync", "--no-instructions"] + order, stdout=log, stderr=log).wait()

    def start(self):
        settings = {"listen_addresses": "", "unix_socket_directories": self.root, "max_connections": "80", "shared_buffers": "32MB",
                    "fsync": "on" if self.durable else "off", "log_min_messages": "fatal"}
        arguments = [self.bin + "/postgres", "-D", self.data]
        for name, value in settings.items():
            arguments += ["-c", "%s=%s" % (name, value)]
        self.log = open(os.path.join(self.root, "log"), "a")
        self.process = self._run(arguments, stdout=self.log, stderr=self.log, start_new_session=True)
        for _ in range(600):
            if self.process.poll() is not None:
                sys.exit("the server ended: " + open(os.path.join(self.root, "log")).read())
            if self._run([self.bin + "/pg_isready", "-q", "-h", self.root, "-U", "likeness", "-d", "postgres"]).wait() == 0:
                return
            time.sleep(0.05)
        sys.exit("the server does not answer")

    def address(self, database="postgres"):
        return "postgresql://likeness@/%s?host=%s" % (database, self.root)

    def sql(self, text, database="postgres"):
        """What psql prints."""
        done = subprocess.run([self.bin + "/psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", self.address(database), "-c", text],
                              capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        return done.stdout.strip()

    def stop(self, how=signal.SIGINT):
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait()
        self.process = None

    def __enter__(self):
        return self

    def __exit__(self, *why):
        self.stop(signal.SIGQUIT)
        self.log.close()
        shutil.rmtree(self.root, ignore_errors=True)


def main():
    with Server() as server:
        return subprocess.run(sys.argv[1:], env=dict(os.environ, LIKENESS_TEST_POSTGRES=server.address())).returncode


if __name__ == "__main__":
    sys.exit(main())
