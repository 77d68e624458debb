#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""store_vectors.py LIKENESS: a store on a PostgreSQL with pgvector, through the command: it is made, written to, searched, checked and moved,
and its vectors follow. Skips without node and npm's pglite."""
import json
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import pglite_server  # noqa: E402

LIKENESS = os.path.abspath(sys.argv[1])
SAMPLES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "samples")
PHOTO = os.path.join(SAMPLES, "photo.jpg")


def run(*arguments, code=0):
    done = subprocess.run([LIKENESS, *arguments, "--json"], capture_output=True, text=True)
    if done.returncode != code:
        sys.exit("FAILED: likeness %s: %d\n%s%s" % (" ".join(arguments), done.returncode, done.stdout, done.stderr))
    return json.loads(done.stdout) if done.stdout else {}


def expect(what, holds, detail=""):
    if not holds:
        sys.exit("FAILED: %s %s" % (what, detail))
    print("  " + what, flush=True)


def vectors(address):
    got = run("db", "migrate", "--db", address)
    if "vectors" not in got:
        sys.exit("FAILED: no vectors: %s" % got)
    return got["vectors"]


def drawn(folder, count):
    """Pictures for references, each with its own stripes."""
    paths = []
    for i in range(count):
        rows = bytearray()
        for y in range(96):
            rows += bytes((37 * i + x * (1 + i % 5) + y * (1 + i % 7) + 90 * (((x + i) // 9 + (y + 2 * i) // 11) % 2)) % 256 for x in range(128) for _ in range(3))
        paths.append(os.path.join(folder, "drawn-%02d.ppm" % i))
        with open(paths[-1], "wb") as f:
            f.write(b"P6 128 96 255\n" + rows)
    return paths


def shown(address):
    found = run("verify", PHOTO, "--identify", "--no-store", "--db", address, code=1)  # altered
    return found["verdict"], found["reference"]["id"], found["probability"]


def check_made(address, work):
    run("ref", "add", "--db", address, "--id", "pack", os.path.join(SAMPLES, "original.png"))
    run("ref", "add", "--db", address, *drawn(work, 20))
    expect("each reference has a vector, and the index is there", vectors(address)["rows"] == 21, vectors(address))
    expect("the photo is found", shown(address)[:2] == ("same", "pack"))
    got = vectors(address)
    expect("one index, of pgvector with HNSW", got["indexes"] == 1 and got["pgvector"], got)
    run("ref", "add", "--db", address, "--id", "drawn-03", os.path.join(work, "drawn-04.ppm"))
    expect("a version has its own", vectors(address)["rows"] == 22)
    run("ref", "rm", "--yes", "--db", address, "drawn-05")
    expect("it is found behind what is old and gone", shown(address)[:2] == ("same", "pack"))
    found = run("search", PHOTO, "--db", address)["hits"]
    expect("search finds it first", found[0]["id"] == "pack", found[:1])
    expect("the store is sound", run("db", "check", "--db", address)["sound"])


def check_moves(address, work):
    """By copies, in which the triggers rest."""
    folder = os.path.join(work, "folder")
    run("db", "copy", address, folder)
    expect("a folder finds the same", shown(folder) == shown(address))
    return folder


def check_arrives(folder):
    """A store that comes from elsewhere has its vectors at once."""
    with pglite_server.Server() as other:
        address = other.address(likeness_near=1)
        run("db", "copy", folder, address)
        got = vectors(address)
        expect("vectors and index come with a copy", got["rows"] == 22 and got["indexes"] == 1, got)
        expect("and find the same", shown(address) == shown(folder))
        expect("below likeness_near all are looked at", shown(other.address()) == shown(folder))


def main():
    work = tempfile.mkdtemp()
    try:
        with pglite_server.Server() as server:
            address = server.address(likeness_near=1)
            check_made(address, work)
            moved = check_moves(address, work)
        check_arrives(moved)
    finally:
        shutil.rmtree(work, ignore_errors=True)


main()
