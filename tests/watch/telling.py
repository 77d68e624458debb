# SPDX-License-Identifier: Apache-2.0
"""What the tests of receivers share: notify_tool as a running process, and waiting for things to happen."""
import atexit
import queue
import subprocess
import sys
import threading
import time

PATIENCE = 60  # seconds; only what is broken takes so long


RUNNING = []


def started(process):
    """A process that ends with the test, also with one that failed: who waits for its output would wait for ever."""
    RUNNING.append(process)
    return process


@atexit.register
def end_all():
    for process in RUNNING:
        if process.poll() is None:
            process.kill()
            process.wait()


def fail(text):
    print(f"FAILED: {text}")
    sys.exit(1)


def check(holds, text):
    if not holds:
        fail(text)


def wait_for(found, what, timeout=PATIENCE):
    """The first true value of found(), asked again and again."""
    until = time.monotonic() + timeout
    while time.monotonic() < until:
        value = found()
        if value:
            return value
        time.sleep(0.02)
    return fail(f"{what} did not come within {timeout} s")


class Tool:
    """notify_tool: lines go in, lines come out; `lines` keeps all that came."""

    def __init__(self, program, *options, fails=False):
        self.process = started(subprocess.Popen([program, *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
        self.lines, self.fresh = [], queue.Queue()
        threading.Thread(target=self.read, daemon=True).start()
        self.first = self.answer()
        check(fails == self.first.startswith("error"), f"{program} {options}: {self.first}")

    def read(self):
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))
            self.fresh.put(self.lines[-1])

    def answer(self):
        """The next "ok" or "error ..."."""
        while True:
            try:
                line = self.fresh.get(timeout=PATIENCE)
            except queue.Empty:
                fail(f"no answer; it said {self.lines}")
            if line == "ok" or line.startswith("error "):
                return line

    def say(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()

    def do(self, command):
        self.say(command)
        return self.answer()

    def ok(self, command):
        said = self.do(command)
        check(said == "ok", f"{command}: {said}")

    def starting(self, *words):
        """The lines so far that start so."""
        return [line for line in list(self.lines) if line.startswith(words)]

    def wait(self, words):
        return wait_for(lambda: self.starting(words), f'"{words}"')[0]

    def counts(self, receiver):
        """delivered, failures, given up, waiting"""
        known = len(self.starting(f"counts {receiver} "))
        self.say("counts")
        line = wait_for(lambda: self.starting(f"counts {receiver} ")[known:], "counts")[0]
        return [int(word) for word in line.split()[2:]]

    def end(self):
        """Ends it in good order; its exit status must be 0 (a sanitizer's is not)."""
        self.process.stdin.close()
        check(self.process.wait(PATIENCE) == 0, f"it ended with {self.process.returncode}")
        check(wait_for(lambda: self.starting("end"), "its end"), "")

    def kill(self):
        self.process.kill()
        self.process.wait()
