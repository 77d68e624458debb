#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check_log.py LOG.jsonl [LIKENESS.db]: the audit log from docs/formats/audit-log.md alone, with Python's hashlib; with a database, its
rows as well. Prints the head, or the first entry that is wrong."""
import hashlib
import json
import sqlite3
import struct
import sys


def entry_hash(prev, seq, texts):
    data = b"likeness audit entry 1\n" + prev + struct.pack(">Q", seq)
    for text in texts:
        data += struct.pack(">I", len(text.encode())) + text.encode()
    return hashlib.sha256(data).digest()


def follow(entries):
    """The head of (seq, at, kind, actor, subject, payload, prev, hash)."""
    prev, n = bytes(32), 0
    for seq, *texts, said_prev, said in entries:
        n += 1
        if seq != n or said_prev != prev or entry_hash(prev, seq, texts) != said:
            sys.exit(f"entry {n} is wrong")
        json.loads(texts[4])
        prev = said
    return n, prev.hex()


def from_file(path):
    with open(path, encoding="utf-8", newline="\n") as f:
        first = json.loads(f.readline())
        head = follow((e["seq"], e["at"], e["kind"], e["actor"], e["subject"], e["payload"], bytes.fromhex(e["prev"]),
                       bytes.fromhex(e["hash"])) for e in map(json.loads, f))
    if (first["count"], first["hash"]) != head:
        sys.exit("the first line names another head")
    return head


def from_database(path):
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
        return follow(db.execute("SELECT seq, at, kind, actor, subject, payload, prev, hash FROM audit ORDER BY seq"))


if __name__ == "__main__":
    found = from_file(sys.argv[1])
    if len(sys.argv) > 2 and from_database(sys.argv[2]) != found:
        sys.exit("the database's head is another")
    print("%d:%s" % found)
