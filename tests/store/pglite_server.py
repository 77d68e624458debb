#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""pglite_server.py COMMAND [ARGUMENT...]: runs the command with a PostgreSQL that has pgvector (npm's pglite, tests/web/package.json), whose
address is in LIKENESS_TEST_PGLITE. It serves one session: pictures lie in a folder, since as rows they would want a connection of their own.
Where node or the packages are missing, that is said and the exit code is 77. Other tests import Server."""
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
WEB = os.path.join(HERE, "..", "web")


class Server:
    def __init__(self):
        if not shutil.which("node") or not os.path.isdir(os.path.join(WEB, "node_modules/@electric-sql/pglite-pgvector")):
            print("skipped: needs node and tests/web/node_modules (make setup)")
            sys.exit(77)
        self.root = tempfile.mkdtemp(prefix="likeness-pglite-")
        self.process = subprocess.Popen(["node", os.path.join(WEB, "pglite_server.mjs"), self.root], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline().strip() != "ready":
            sys.exit("pglite does not start")

    def address(self, **settings):
        """Of the database; likeness_near=1: its index is asked however few there are."""
        settings = {"likeness_blobs": self.root + "/pictures", "likeness_cache": self.root + "/cache", **settings}
        return "postgresql://postgres@/postgres?host=%s&%s" % (self.root, "&".join("%s=%s" % s for s in settings.items()))

    def __enter__(self):
        return self

    def __exit__(self, *why):
        self.process.stdin.close()
        self.process.wait()
        shutil.rmtree(self.root, ignore_errors=True)


def main():
    with Server() as server:
        return subprocess.run(sys.argv[1:], env=dict(os.environ, LIKENESS_TEST_PGLITE=server.address(likeness_near=1))).returncode


if __name__ == "__main__":
    sys.exit(main())
