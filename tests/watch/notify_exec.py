#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""notify_exec.py NOTIFY_TOOL LIKENESS: a real program is run for each event: what it gets, what its end means, what it may not get."""
import json
import os
import signal
import subprocess
import sys
import tempfile
import time

from telling import Tool, check, wait_for

TOOL, LIKENESS = sys.argv[1:3]
CHECK_JSON = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cli", "check_json.py")


def script(name, text):
    with open(name, "w", encoding="utf-8") as f:
        f.write("#!/bin/sh\n" + text)
    os.chmod(name, 0o755)
    return os.path.abspath(name)


def read(path):
    return open(path, encoding="utf-8").read() if os.path.exists(path) else ""


def fits_schema(document):
    env = dict(os.environ, PATH=os.path.dirname(os.path.abspath(LIKENESS)) + ":" + os.environ["PATH"])
    done = subprocess.run([CHECK_JSON, "camera-event-1"], input=document, text=True, env=env, capture_output=True, check=False)
    check(done.returncode == 0, f"the document does not fit its schema: {done.stdout}{done.stderr}")


def test_event_arrives():
    """The document, whole, on standard input; arguments split at blanks and nothing a shell would do with them."""
    hook = script("taken", 'cat >>taken.jsonl; printf "%s|" "$@" >arguments; ls /proc/self/fd >open; echo loud\n')
    tool = Tool(TOOL, f"exec={hook} a $HOME *  ;b")
    for event, rest in ((7, "moved 0.41"), (8, "lost"), (9, "ok 1")):
        tool.ok(f"send {event} gate {rest}")
    tool.ok("flush 30")
    check(tool.starting("delivered") == ["delivered 7", "delivered 8", "delivered 9"], tool.lines)
    tool.end()
    documents = read("taken.jsonl").splitlines()
    check([json.loads(d)["id"] for d in documents] == [7, 8, 9], documents)
    check(json.loads(documents[1])["score"] is None and json.loads(documents[0])["offset"]["pan_px"] == 96, documents)
    for document in documents:
        fits_schema(document)
    check(read("arguments") == "a|$HOME|*|;b|", read("arguments"))
    # 3 is what ls opened to look
    check(read("open").split() == ["0", "1", "2", "3"], f"inherited: {read('open').split()}")


def test_input_not_read():
    """A program that reads nothing of a large document is no trouble."""
    tool = Tool(TOOL, "exec=true")
    tool.ok("send 1 gate moved 0.4")
    tool.ok("flush 30")
    tool.end()


def test_failures_are_tried_again():
    hook = script("third_time", 'echo x >>tries; test "$(wc -l <tries)" -ge 3\n')
    tool = Tool(TOOL, f"exec={hook}", "retry=0.05")
    tool.ok("send 5 gate moved 0.4")
    tool.ok("flush 30")
    check(len(tool.starting("trouble 5 0 ")) == 1 and "ended with 1" in tool.starting("trouble")[0], tool.lines)
    check(tool.counts("exec") == [1, 2, 0, 0], tool.lines)
    tool.end()


def test_given_up_and_sent_again():
    """Five tries; the next event comes all the same; sent again under its number it is taken once the program works."""
    hook = script("picky", 'grep -q \'"id":1,\' && test ! -e better && exit 3; exit 0\n')
    tool = Tool(TOOL, f"exec={hook}", "retry=0.01")
    tool.ok("send 1 gate moved 0.4")
    tool.ok("send 2 gate ok 0.9")
    said = tool.do("flush 30")
    check(said.startswith("error 9 ") and "1 event not delivered" in said and "ended with 3" in said, said)
    check(tool.counts("exec") == [1, 5, 1, 0] and tool.starting("trouble 1 1 "), tool.lines)
    check(tool.starting("delivered") == ["delivered 2"], tool.lines)
    open("better", "w", encoding="utf-8").close()
    tool.ok("send 1 gate moved 0.4")
    tool.ok("flush 30")
    check(tool.starting("delivered") == ["delivered 2", "delivered 1"], tool.lines)
    tool.end()


def test_killed_when_it_hangs():
    """With all it started, and long before it would have ended."""
    hook = script("hangs", "sleep 1000 & echo $! >child; sleep 1000\n")
    tool = Tool(TOOL, f"exec={hook}", "timeout=0.5", "retry=100")
    tool.ok("send 1 gate moved 0.4")
    check("did not end within 0.5 s" in tool.wait("trouble 1 0"), tool.lines)
    child = int(read("child"))
    wait_for(lambda: not os.path.exists(f"/proc/{child}") or "Z" in read(f"/proc/{child}/stat"), "the end of the child")
    begun = time.monotonic()
    tool.end()  # waits for neither the program nor the 100 s
    check(time.monotonic() - begun < 20, "it waited at its end")


def test_ends_that_nobody_sees():
    """Started where children are not waited for (SIGCHLD ignored) no end is taken for a good one, and nothing hangs."""
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        tool = Tool(TOOL, "exec=true", "retry=0.01")
    finally:
        signal.signal(signal.SIGCHLD, before)
    tool.ok("send 1 gate moved 0.4")
    said = tool.do("flush 30")
    check(said.startswith("error 9 true: 1 event not delivered: ended with 255"), said)
    tool.end()


def test_full_queue():
    """A receiver that hangs takes 1,000; more is said to be too much, and nothing of it is reported as delivered."""
    hook = script("blocks", "sleep 1000\n")
    tool = Tool(TOOL, f"exec={hook}")
    for event in range(1, 1001):
        tool.ok(f"send {event} gate moved 0.4")
    said = tool.do("send 1001 gate moved 0.4")
    check(said.startswith("error 6 exec: 1000 events wait"), said)
    check(tool.counts("exec")[3] == 1000 and not tool.starting("delivered"), tool.lines[-1])
    check(tool.do("flush 0.1").startswith("error 9 exec: 1001 events not delivered"), tool.lines[-1])
    tool.end()


def test_refused():
    for command, words in (("/no/such/program", "cannot be run"), (" ", "no program is named"), ("x " * 70, "64 words")):
        check(words in Tool(TOOL, f"exec={command}", fails=True).first, command)
    tool = Tool(TOOL, "exec=likeness-no-such-program", "retry=0.01")
    tool.ok("send 1 gate moved 0.4")
    said = tool.do("flush 30")
    check("No such file" in said, said)
    tool.end()


def main():
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for name, test in list(globals().items()):
            if name.startswith("test_"):
                test()
                print(f"ok {name}", flush=True)


if __name__ == "__main__":
    TOOL, LIKENESS = os.path.abspath(TOOL), os.path.abspath(LIKENESS)
    main()
